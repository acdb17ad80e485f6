package io.evenload.testing.okhttp;

import static io.evenload.testing.okhttp.AttemptsAssert.assertThatAttemptsOf;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import java.io.IOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.time.Duration;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

final class AttemptsAssertTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  void response_retried_tellsServersReasonsOutcomesAndStatuses() throws IOException {
    Backend a = backends.start("a").next(Reply.status(503));
    Backend b = backends.start("b").stop();
    Backend c = backends.start("c");

    try (Response response = get(a, b, c)) {
      assertThatAttemptsOf(response)
          .wentTo(a, b, c)
          .wentTo("a", "b", "c")
          .hadReasons(Reason.FIRST, Reason.RETRY, Reason.RETRY)
          .hadOutcomes(Outcome.FAILURE, Outcome.REFUSED, Outcome.SUCCESS)
          .hadStatuses(503, 0, 200)
          .hasSize(3);
      assertThatAttemptsOf(response)
          .element(1)
          .wentTo(b)
          .hadReason(Reason.RETRY)
          .hadOutcome(Outcome.REFUSED)
          .hadStatus(0)
          .failedWith(ConnectException.class);
      assertThatAttemptsOf(response)
          .filteredOn(attempt -> attempt.reason() == Reason.FIRST)
          .wentTo("a");
    }
  }

  @Test
  void response_hedged_tellsTheHedge() throws IOException {
    Backend a = backends.start("a").next(Reply.hang());
    Backend b = backends.start("b");
    LoadBalancer orders = backends.watch(backends.balancer("orders", a, b).build());
    RetryPolicy hedging =
        RetryPolicy.builder().hedge(HedgePolicy.after(Duration.ofMillis(50))).build();
    OkHttpClient client =
        backends.watch(
            LoadBalancingInterceptor.builder()
                .service("orders", orders)
                .retry(hedging)
                .build()
                .install(new OkHttpClient.Builder())
                .build());

    try (Response response = Clients.get(client, "http://orders/")) {
      assertThatAttemptsOf(response).wentTo(a, b).hadReasons(Reason.FIRST, Reason.HEDGE);
    }
  }

  @Test
  void exception_severalAttempts_tellsThem() {
    Backend a = backends.start("a").always(Reply.reset());
    Backend b = backends.start("b").stop();

    Backend c = backends.start("c").stop();

    IOException failure = catchThrowableOfType(IOException.class, () -> get(a, b, c).close());

    assertThatAttemptsOf(failure).wentTo("a", "b", "c");
    assertThatAttemptsOf(failure).first().failedWith(SocketException.class);
  }

  @Test
  void wrongExpectation_message_showsTheAttempts() throws IOException {
    Backend a = backends.start("a").next(Reply.status(503));
    Backend b = backends.start("b");

    try (Response response = get(a, b)) {
      AttemptsAssert attempts = assertThatAttemptsOf(response);
      assertThatExceptionOfType(AssertionError.class)
          .isThrownBy(() -> attempts.wentTo("b", "a"))
          .withMessageContaining("Expected servers: [b, a]")
          .withMessageContaining("but were: [a, b]")
          .withMessageContaining("FIRST at a after ")
          .withMessageContaining("RETRY at b after ");
      assertThatExceptionOfType(AssertionError.class)
          .isThrownBy(() -> attempts.hadReasons(Reason.FIRST));
      assertThatExceptionOfType(AssertionError.class)
          .isThrownBy(() -> attempts.hadOutcomes(Outcome.SUCCESS, Outcome.SUCCESS));
      assertThatExceptionOfType(AssertionError.class).isThrownBy(() -> attempts.hadStatuses(200));
      assertThatExceptionOfType(AssertionError.class)
          .isThrownBy(() -> attempts.last().hadStatus(503))
          .withMessageContaining("Expected status: 503")
          .withMessageContaining("but was: 200");
      assertThatExceptionOfType(AssertionError.class)
          .isThrownBy(() -> attempts.first().failedWith(IOException.class))
          .withMessageContaining("but was: null");
    }
  }

  private Response get(Backend... servers) throws IOException {
    LoadBalancer orders = backends.watch(backends.balancer("orders", servers).build());
    return Clients.get(backends.watch(Clients.of(orders)), "http://orders/");
  }
}
