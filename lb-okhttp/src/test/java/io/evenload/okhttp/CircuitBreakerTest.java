package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The option, which a gate makes breakers of; see {@link BreakerGateTest}. */
class CircuitBreakerTest {

  private static final CircuitBreaker SHORT =
      CircuitBreaker.builder().openTime(Duration.ofSeconds(1)).build();

  @Test
  void circuitBreaker_sameOptions_areEqual() {
    CircuitBreaker same = CircuitBreaker.builder().openTime(Duration.parse("PT1S")).build();

    assertThat(same).isEqualTo(SHORT).hasSameHashCodeAs(SHORT).hasToString(SHORT.toString());
    assertThat(same).isNotEqualTo(CircuitBreaker.defaults());
    assertThat(CircuitBreaker.builder().window(10).build().toString())
        .contains("minimumAttempts=10,");
    assertThat(CircuitBreaker.defaults())
        .hasToString(
            "CircuitBreaker{failurePercent=50, slowPercent=100, slowAfter=PT1M, window=50,"
                + " minimumAttempts=20, openTime=PT5S, trials=3}");
  }

  @Test
  void of_config_isEqualForTheVeryConfigOnly() {
    CircuitBreakerConfig config = CircuitBreakerConfig.ofDefaults();

    assertThat(CircuitBreaker.of(config))
        .isEqualTo(CircuitBreaker.of(config))
        .hasSameHashCodeAs(CircuitBreaker.of(config))
        .isNotEqualTo(CircuitBreaker.of(CircuitBreakerConfig.ofDefaults()))
        .isNotEqualTo(CircuitBreaker.defaults());
    assertThat(CircuitBreaker.of(config).toString()).startsWith("CircuitBreaker{");
  }

  static Set<Map.Entry<String, UnaryOperator<CircuitBreaker.Builder>>> invalid() {
    return Set.of(
        Map.entry("failurePercent: 0 (expected: 1 to 100)", b -> b.failurePercent(0)),
        Map.entry("slowPercent: 101 (expected: 1 to 100)", b -> b.slowPercent(101)),
        Map.entry("slowAfter: PT0S (expected: PT0.001S to PT24H)", b -> b.slowAfter(Duration.ZERO)),
        Map.entry("window: 100001 (expected: 1 to 100000)", b -> b.window(100_001)),
        Map.entry("minimumAttempts: 0 (expected: 1 to 100000)", b -> b.minimumAttempts(0)),
        Map.entry(
            "minimumAttempts: 20 (expected: <= window, 10)", b -> b.minimumAttempts(20).window(10)),
        Map.entry(
            "openTime: PT48H (expected: PT0.001S to PT24H)", b -> b.openTime(Duration.ofDays(2))),
        Map.entry("trials: 0 (expected: 1 to 100000)", b -> b.trials(0)));
  }

  @ParameterizedTest
  @MethodSource("invalid")
  void builder_invalid_isRefused(Map.Entry<String, UnaryOperator<CircuitBreaker.Builder>> option) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> option.getValue().apply(CircuitBreaker.builder()).build())
        .withMessage(option.getKey());
  }
}
