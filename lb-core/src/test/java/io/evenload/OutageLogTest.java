package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.VirtualTime;
import java.net.UnknownHostException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class OutageLogTest {

  private final VirtualTime time = new VirtualTime(Long.MAX_VALUE - 90_000_000_000L);
  private final OutageLog log = new OutageLog("orders", "the list could not be refreshed", time);

  @Test
  void failed_forMinutes_isOneStackTraceAndALineAMinute() {
    try (CapturedLog captured = new CapturedLog(LoadBalancer.class, Level.INFO)) {
      for (int i = 0; i <= 15; i++) {
        log.failed(new UnknownHostException("orders.test"));
        time.advance(Duration.ofSeconds(10));
      }
      log.ended();
      log.ended();
      log.failed(new IllegalStateException("another"));

      assertThat(captured.messages())
          .containsExactly(
              "orders: the list could not be refreshed",
              "orders: the list could not be refreshed (7 times in PT1M, the last:"
                  + " java.net.UnknownHostException: orders.test)",
              "orders: the list could not be refreshed (13 times in PT2M, the last:"
                  + " java.net.UnknownHostException: orders.test)",
              "orders: the list could not be refreshed: this is over, after PT2M40S",
              "orders: the list could not be refreshed");
      assertThat(captured.events())
          .filteredOn(event -> event.getThrowableProxy() != null)
          .hasSize(2);
    }
  }
}
