package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.World.PATIENCE_SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;

/** What servers answer. */
final class Answers {

  private Answers() {}

  static MockResponse status(int status) {
    return new MockResponse.Builder().code(status).build();
  }

  static MockResponse redirect(String to) {
    return new MockResponse.Builder().code(302).addHeader("Location", to).build();
  }

  /** Takes the request, and never answers. */
  static MockResponse stalled() {
    return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
  }

  /** Answers every request with 200. */
  static void always(MockWebServer server) {
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return status(200);
          }
        });
  }

  /**
   * Makes the first server never answer, and the second one answer once the first was asked: what a
   * hedge is for, without chance.
   */
  static void stallThenAnswer(MockWebServer first, MockWebServer second) {
    CountDownLatch asked = new CountDownLatch(1);
    first.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            asked.countDown();
            return stalled();
          }
        });
    second.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) throws InterruptedException {
            assertThat(asked.await(PATIENCE_SECONDS, TimeUnit.SECONDS)).isTrue();
            return new MockResponse.Builder().build();
          }
        });
  }
}
