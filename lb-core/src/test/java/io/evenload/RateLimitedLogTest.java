package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class RateLimitedLogTest {

  private final VirtualTime time = new VirtualTime();
  private final RateLimitedLog log = new RateLimitedLog("orders", time);
  private final CapturedLog captured = new CapturedLog(LoadBalancer.class);

  @AfterEach
  void close() {
    captured.close();
  }

  @Test
  void warn_withCause_isLoggedWithTheNameAndTheCause() {
    log.warn("something threw", new IllegalStateException("cause"));
    log.warn("something else", null);

    assertThat(captured.messages())
        .containsExactly("orders: something threw", "orders: something else");
    assertThat(captured.events().get(0).getThrowableProxy().getMessage()).isEqualTo("cause");
  }

  @Test
  void warn_burst_isHeldBackAndCountedOnceItIsOver() {
    warn(25);
    assertThat(captured.messages()).hasSize(RateLimitedLog.BURST);
    time.advance(Duration.ofSeconds(10));
    warn(2);

    List<String> later = captured.messages().subList(10, 12);
    assertThat(later).containsExactly("orders: w0 (15 warnings held back before)", "orders: w1");
  }

  @Test
  void warn_longSilence_startsAFreshWindowWithoutACount() {
    warn(10);
    time.advance(Duration.ofDays(30));
    warn(1);

    assertThat(captured.messages()).last().isEqualTo("orders: w0");
  }

  private void warn(int times) {
    for (int i = 0; i < times; i++) {
      log.warn("w" + i, null);
    }
  }
}
