package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.RequestContext;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Retries and hedges that are not made after all: they cost nothing, and nobody hears of them. */
class NotMadeTest {

  @RegisterExtension final Backends backends = new Backends();

  private final ManualTimer timer = new ManualTimer();
  private final AtomicReference<BalancedClient> client = new AtomicReference<>();

  @Test
  void retry_noServer_isNotAnnouncedAndTakesNoToken() throws IOException {
    BalancedClient draining = drainingWhenAsked(Duration.ZERO);

    assertThat(draining.get("/").code()).isEqualTo(503);

    assertThat(draining.calls().retries()).isZero();
    assertThat(draining.calls().refusals()).containsExactly(Refusal.NO_SERVER);
    assertThat(left(draining)).isEqualTo(2);
  }

  @Test
  void retry_noServerAfterTheWait_givesItsTokenBack() throws IOException {
    BalancedClient draining = drainingWhenAsked(Duration.ofNanos(1_000));

    assertThat(draining.get("/").code()).isEqualTo(503);

    assertThat(draining.calls().refusals()).containsExactly(Refusal.NO_SERVER);
    assertThat(left(draining)).isEqualTo(2);
  }

  @Test
  void retry_cancelledInItsWait_givesItsTokenBack() {
    Backend a =
        backends
            .start("a")
            .always(
                response -> response.code(503).setHeader("Retry-After", Policies.LONG_RETRY_AFTER));
    BalancedClient waiting =
        backends
            .client(a)
            .balancing(options -> options.retry(twoTokens(Duration.ZERO).build()))
            .build();
    Call call = waiting.http().newCall(waiting.request("/").build());
    PendingReply pending = PendingReply.enqueue(call);
    waiting.await(() -> waiting.calls().retries() == 1);
    call.cancel();

    assertThat(pending.failure()).hasMessage("Canceled");
    assertThat(left(waiting)).isEqualTo(2);
  }

  @Test
  void retry_made_keepsItsToken() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    BalancedClient retrying =
        backends
            .client(a, backends.start("b"))
            .balancing(options -> options.retry(twoTokens(Duration.ZERO).build()))
            .build();

    assertThat(retrying.get("/").server()).isEqualTo("b");

    assertThat(retrying.calls().retries()).isEqualTo(1);
    assertThat(left(retrying)).isEqualTo(1);
  }

  @Test
  void hedge_noOtherServer_startsNoAttempt() {
    CountDownLatch answer = new CountDownLatch(1);
    AtomicInteger chosen = new AtomicInteger();
    BalancedClient hedging =
        backends
            .client(slow("a", answer))
            .chooser(
                (eligible, request) -> {
                  chosen.incrementAndGet();
                  return eligible.get(0);
                })
            .balancing(options -> options.timing(timer.timing()).retry(hedge().build()))
            .build();

    PendingReply pending = PendingReply.enqueue(hedging.http().newCall(get(hedging)));
    backends.await(() -> chosen.get() == 1 && timer.waiting() == 1);
    timer.fire();
    hedging.await(() -> !hedging.calls().hedges().isEmpty());
    answer.countDown();

    assertThat(pending.reply().code()).isEqualTo(200);
    assertThat(chosen).hasValue(1);
    assertThat(hedging.ended()).hasSize(1);
    assertThat(left(hedging)).isEqualTo(2);
  }

  @Test
  void hedge_thatCannotBeSent_isNoneOfTheAttempts() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a = slow("a", answer);
    BalancedClient hedging =
        backends
            .client(a, backends.start("b"))
            .balancing(
                options ->
                    options
                        .timing(timer.timing())
                        .retry(hedge().maxAttempts(2).build())
                        .pathPrefix(
                            server -> {
                              if (server.id().equals("b")) {
                                throw new IllegalStateException("not known");
                              }
                              return "";
                            }))
            .build();
    Threads.start(
        () -> {
          backends.await(() -> a.hits() == 1);
          timer.fire();
          hedging.await(() -> !hedging.calls().hedges().isEmpty());
          answer.countDown();
        });

    try (Response response = hedging.http().newCall(get(hedging)).execute()) {
      assertThat(LoadBalancingInterceptor.attemptsOf(response))
          .extracting(CallAttempt::reason)
          .containsExactly(Reason.FIRST);
    }
    assertThat(hedging.calls().hedges()).containsExactly("a then NO_SERVER");
    assertThat(hedging.ended()).contains(succeeded(a));
    assertThat(left(hedging)).isEqualTo(2);
  }

  @Test
  void hedge_thatCannotBeSent_leavesItsAttemptToARetry() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    CountDownLatch answer = new CountDownLatch(1);
    Backend a =
        backends
            .start("a")
            .answering(response -> whenOpen(answer, response.get().code(503).build()));
    Backend b = backends.start("b");
    BalancedClient hedging =
        backends
            .client(a, b)
            .balancing(
                options ->
                    options
                        .timing(timer.timing())
                        .retry(hedge().maxAttempts(2).build())
                        .pathPrefix(
                            server -> {
                              if (server.id().equals("b") && asked.getAndIncrement() == 0) {
                                throw new IllegalStateException("not known");
                              }
                              return "";
                            }))
            .build();

    PendingReply pending = PendingReply.enqueue(hedging.http().newCall(get(hedging)));
    backends.await(() -> a.hits() == 1);
    timer.fire();
    hedging.await(() -> !hedging.calls().hedges().isEmpty());
    answer.countDown();

    pending.reply();
    assertThat(a.hits() + b.hits()).as("both were chosen, so the retry takes any").isEqualTo(2);
    assertThat(hedging.ended()).contains(failed(a.server()));
  }

  /** A client of one server, which is drained while it answers a 503. */
  private BalancedClient drainingWhenAsked(Duration backoff) {
    Backend a =
        backends
            .start("a")
            .answering(
                response -> {
                  BalancedClient asking = client.get();
                  asking.balancer().admin().drain("a");
                  asking.await(() -> !asking.balancer().hasUntried(RequestContext.create()));
                  return response.get().code(503).build();
                });
    BalancedClient draining =
        backends.client(a).balancing(options -> options.retry(twoTokens(backoff).build())).build();
    client.set(draining);
    return draining;
  }

  private Backend slow(String id, CountDownLatch answer) {
    return backends.start(id).answering(response -> whenOpen(answer, response.get().build()));
  }

  private static RetryPolicy.Builder hedge() {
    return twoTokens(Duration.ZERO).hedge(HedgePolicy.after(Duration.ofMillis(50)));
  }

  private static RetryPolicy.Builder twoTokens(Duration backoff) {
    return Policies.immediate(3)
        .maxBackoff(backoff)
        .baseBackoff(backoff)
        .budgetRatio(0)
        .budgetPerSecond(0.2);
  }

  private static double left(BalancedClient client) {
    return client.interceptor().retriesLeft(BalancedClient.HOST);
  }

  private static Request get(BalancedClient client) {
    return client.request("/").build();
  }

  private static MockResponse whenOpen(CountDownLatch latch, MockResponse response) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return response;
  }
}
