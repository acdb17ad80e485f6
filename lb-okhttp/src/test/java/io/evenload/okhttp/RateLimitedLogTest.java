package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.evenload.Server;
import io.evenload.okhttp.CallListener.FailedAttempt;
import io.evenload.okhttp.CallListener.Refusal;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

final class RateLimitedLogTest {

  private final VirtualTiming time = new VirtualTiming();
  private final Logger logger = (Logger) LoggerFactory.getLogger(LoadBalancingInterceptor.class);
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final RateLimitedLog log = new RateLimitedLog(time::nanos);

  @BeforeEach
  void attach() {
    logged.start();
    logger.addAppender(logged);
  }

  @AfterEach
  void detach() {
    logger.detachAppender(logged);
  }

  @Test
  void warn_flood_isHeldBackAndCounted() {
    for (int i = 0; i < 25; i++) {
      log.warn("broken", null);
    }
    assertThat(messages()).hasSize(RateLimitedLog.BURST).containsOnly("broken");
    time.advance(Duration.ofSeconds(RateLimitedLog.INTERVAL_SECONDS));
    log.warn("broken", null);
    assertThat(messages()).last().isEqualTo("broken (15 warnings held back before)");
  }

  @Test
  void listener_throws_isLoggedAndContained() {
    CallListener throwing =
        new CallListener() {
          @Override
          public void retried(Retried event) {
            throw new IllegalStateException("one");
          }

          @Override
          public void notRetried(NotRetried event) {
            throw new IllegalStateException("two");
          }

          @Override
          public void misrouted(Misrouted event) {
            throw new AssertionError("three");
          }
        };
    CallListener contained = new ContainedListener(throwing, log);
    Server server = Server.of("10.0.0.1", 80);
    FailedAttempt attempt = new FailedAttempt("orders", null, server, 1, "503", null);
    contained.retried(new CallListener.Retried(attempt, Duration.ZERO));
    contained.notRetried(new CallListener.NotRetried(attempt, Refusal.NO_SERVER));
    contained.misrouted(new CallListener.Misrouted("orders", server, "10.0.0.2:80"));
    assertThat(messages())
        .containsExactly(
            "orders: CallListener.retried threw",
            "orders: CallListener.notRetried threw",
            "orders: CallListener.misrouted threw");
    assertThat(logged.list)
        .extracting(event -> event.getThrowableProxy().getMessage())
        .containsExactly("one", "two", "three");
  }

  @Test
  void listener_defaults_doNothing() {
    CallListener listener = new CallListener() {};
    listener.retried(null);
    listener.notRetried(null);
    listener.misrouted(null);
  }

  private List<String> messages() {
    return logged.list.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }
}
