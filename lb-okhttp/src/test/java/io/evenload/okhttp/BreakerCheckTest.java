package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import org.junit.jupiter.api.Test;

final class BreakerCheckTest {

  @Test
  void verify_thisResilience4j_passes() {
    assertThatNoException().isThrownBy(BreakerCheck::verify);
  }

  @Test
  void takesClock_builderWithoutOne_isFalse() {
    assertThat(BreakerCheck.takesClock(CircuitBreakerConfig.Builder.class))
        .isEqualTo(BreakerCheck.TAKES_CLOCK);
    assertThat(BreakerCheck.takesClock(Object.class)).isFalse();
  }

  @Test
  void problem_missingMethod_namesTheJarAndTheCure() {
    NoSuchMethodError missing = new NoSuchMethodError("clock");
    assertThat(BreakerCheck.problem(missing))
        .hasMessageStartingWith("resilience4j does not fit: resilience4j-circuitbreaker-")
        .hasMessageContaining("io.github.resilience4j:resilience4j-bom")
        .hasCause(missing);
  }
}
