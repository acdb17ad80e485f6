package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.abandoned;
import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A second attempt beside one that takes long. The test says when it is due. */
class HedgingTest {

  private static final HedgePolicy SOON = HedgePolicy.after(Duration.ofMillis(50));

  @RegisterExtension final Backends backends = new Backends();

  private final ManualTimer timer = new ManualTimer();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("60: the second attempt answers, and the first is cancelled")
  void hedge_secondAnswers_firstIsCancelled(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = hedging(2, a, b);
    client.warmUp(a, b);
    a.next(HedgingTest::stall);

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 2);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended()).containsExactlyInAnyOrder(abandoned(a.server()), succeeded(b));
    assertThat(client.calls().hedges()).containsExactly("a then b");
    assertThat(client.failureRate(a.server())).as("nobody blames the loser").isZero();
    if (wire != Wire.HTTP_1) {
      client.get("/again");
      assertThat(a.connections()).as("its HTTP/2 connection went on").isEqualTo(1);
    }
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("60: the first attempt answers after all, and the second is cancelled")
  void hedge_firstAnswers_secondIsCancelled(Wire wire) throws IOException {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a =
        backends.start("a", wire).answering(response -> whenOpen(answer, response.get().build()));
    Backend b = backends.start("b", wire).always(HedgingTest::stall);
    BalancedClient client = hedging(2, a, b);

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 1);
    timer.fire();
    backends.await(() -> b.hits() == 1);
    answer.countDown();

    assertThat(pending.reply().server()).isEqualTo("a");
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended()).containsExactlyInAnyOrder(succeeded(a), abandoned(b.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("60: a bad answer does not win while the other attempt is out")
  void hedge_badAnswer_waitsForTheOther(Wire wire) throws IOException {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a =
        backends.start("a", wire).answering(response -> whenOpen(answer, response.get().build()));
    Backend b = backends.start("b", wire).always(response -> response.code(503));
    BalancedClient client = hedging(2, a, b);

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 1);
    timer.fire();
    backends.await(() -> b.hits() == 1);
    answer.countDown();

    assertThat(pending.reply().server()).isEqualTo("a");
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended()).contains(succeeded(a));
    assertThat(client.ended()).doesNotContain(succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("61: both attempts fail, and the exception tells of both")
  void hedge_bothFail_exceptionTellsOfBoth(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).always(HedgingTest::stall);
    Backend b = backends.start("b", wire).always(HedgingTest::stall);
    BalancedClient client = hedging(2, a, b);

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 1);
    timer.fire();
    backends.await(() -> b.hits() == 1);
    a.close();
    b.close();

    IOException failure = (IOException) pending.failure();
    List<CallAttempt> attempts = LoadBalancingInterceptor.attemptsOf(failure);
    assertThat(attempts)
        .extracting(CallAttempt::reason)
        .containsExactly(Reason.FIRST, Reason.HEDGE);
    assertThat(attempts).extracting(CallAttempt::outcome).containsOnly(Outcome.FAILURE);
    assertThat(failure.getSuppressed())
        .filteredOn(each -> !(each instanceof AttemptsException))
        .as("the exception of the other attempt")
        .hasSize(1);
    client.await(() -> client.ended().size() == 2); // the loser's end may come after the answer
    assertThat(client.ended()).containsExactlyInAnyOrder(failed(a.server()), failed(b.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("61: both answers are bad, and a third attempt is made")
  void hedge_bothBad_isRetried(Wire wire) throws IOException {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a =
        backends
            .start("a", wire)
            .answering(response -> whenOpen(answer, response.get().code(503).build()));
    Backend b = backends.start("b", wire).always(response -> response.code(503));
    Backend c = backends.start("c", wire);
    BalancedClient client = hedging(3, a, b, c);

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 1);
    timer.fire();
    client.await(() -> b.hits() == 1);
    answer.countDown();

    assertThat(pending.reply().server()).isEqualTo("c");
    client.await(() -> client.ended().size() == 3);
    assertThat(client.ended())
        .containsExactlyInAnyOrder(failed(a.server()), failed(b.server()), succeeded(c));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("62: a call that is cancelled cancels both attempts")
  void cancel_bothOut_endsBoth(Wire wire) {
    Backend a = backends.start("a", wire).always(HedgingTest::stall);
    Backend b = backends.start("b", wire).always(HedgingTest::stall);
    BalancedClient client = hedging(2, a, b);

    Call call = client.http().newCall(client.request("/").build());
    PendingReply pending = PendingReply.enqueue(call);
    backends.await(() -> a.hits() == 1);
    timer.fire();
    backends.await(() -> b.hits() == 1);
    call.cancel();

    assertThat(pending.failure()).isInstanceOf(IOException.class);
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended())
        .containsExactlyInAnyOrder(cancelled(a.server()), cancelled(b.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("62: the timeout of a call ends both attempts")
  void callTimeout_bothOut_endsBoth(Wire wire) {
    Backend a = backends.start("a", wire).always(HedgingTest::stall);
    Backend b = backends.start("b", wire).always(HedgingTest::stall);
    BalancedClient client = hedging(2, a, b);
    Call call = client.http().newCall(client.request("/").build());
    call.timeout().timeout(1, TimeUnit.SECONDS);

    PendingReply pending = PendingReply.enqueue(call);
    backends.await(() -> a.hits() == 1);
    timer.fire();

    assertThat(pending.failure()).isInstanceOf(InterruptedIOException.class);
    client.await(() -> client.inFlight() == 0);
  }

  @Test
  @DisplayName("62: an interrupt while only the second attempt is out ends the call")
  void interrupt_secondOut_endsCall() throws Exception {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a =
        backends
            .start("a")
            .answering(response -> whenOpen(answer, response.get().code(503).build()));
    Backend b = backends.start("b").always(HedgingTest::stall);
    BalancedClient client = hedging(2, a, b);
    AtomicInteger interrupted = new AtomicInteger();
    Thread caller =
        Threads.start(
            () -> {
              try {
                client.get("/");
              } catch (IOException e) {
                interrupted.set(Thread.currentThread().isInterrupted() ? 1 : 2);
              }
            });
    backends.await(() -> a.hits() == 1);
    timer.fire();
    backends.await(() -> b.hits() == 1);
    answer.countDown();
    backends.await(() -> caller.getState() == Thread.State.WAITING);
    caller.interrupt();
    caller.join(20_000);

    assertThat(interrupted).hasValue(1);
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended()).containsExactlyInAnyOrder(failed(a.server()), cancelled(b.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("63: the winner's body is read to its end, in flight until then")
  void hedge_winnersBody_isReadToTheEnd(Wire wire) throws Exception {
    String large = "x".repeat(2_000_000);
    Backend a = backends.start("a", wire).always(HedgingTest::stall);
    Backend b = backends.start("b", wire).always(response -> response.body(large));
    BalancedClient client = hedging(2, a, b);
    Threads.start(
        () -> {
          backends.await(() -> a.hits() == 1);
          timer.fire();
        });

    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      client.await(() -> client.ended().size() == 1);
      assertThat(client.inFlight()).isEqualTo(1);
      assertThat(LoadBalancingInterceptor.attemptsOf(response))
          .extracting(CallAttempt::outcome)
          .containsExactly(Outcome.ABANDONED, Outcome.SUCCESS);
      assertThat(response.body().string()).isEqualTo(large);
    }
    assertThat(client.inFlight()).isZero();
    assertThat(client.ended()).containsExactly(abandoned(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("63: a call that is cancelled while the winner's body arrives ends")
  void cancel_winnersBody_endsIt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.next(
        response -> response.body("x".repeat(1 << 20)).onResponseBody(SocketEffect.Stall.INSTANCE));
    BalancedClient client = hedging(2, a, backends.start("b", wire));
    Call call = client.http().newCall(client.request("/").build());

    try (Response response = call.execute()) {
      response.body().source().request(1);
      call.cancel();
      assertThatThrownBy(() -> response.body().bytes()).isInstanceOf(IOException.class);
    }

    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("63: the timeout of the call covers the winner's body")
  void callTimeout_winnersBody_endsIt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    BalancedClient client = hedging(2, a, backends.start("b", wire));
    client.warmUp(a);
    a.next(
        response -> response.body("x".repeat(1 << 20)).onResponseBody(SocketEffect.Stall.INSTANCE));
    Call call = client.http().newCall(client.request("/").build());
    call.timeout().timeout(1, TimeUnit.SECONDS);

    try (Response response = call.execute()) {
      assertThatThrownBy(() -> response.body().bytes())
          .isInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
    }
  }

  @Test
  void hedge_firstAnswersInTime_noneIsMade() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    BalancedClient client = hedging(2, a, b);

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(timer.waiting()).as("timers left behind").isZero();
    timer.fire();
    assertThat(client.calls().hedges()).isEmpty();
    assertThat(b.hits()).isZero();
  }

  @Test
  void hedge_onlyOneServer_noneIsMade() {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a = backends.start("a").answering(response -> whenOpen(answer, response.get().build()));
    BalancedClient client = hedging(2, a);

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 1);
    timer.fire();
    client.await(() -> !client.calls().hedges().isEmpty());
    answer.countDown();

    assertThat(pending.reply().server()).isEqualTo("a");
    assertThat(client.calls().hedges()).containsExactly("a then NO_SERVER");
    assertThat(a.hits()).isEqualTo(1);
  }

  @Test
  void hedge_allThreadsTaken_noneIsMade() {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a = backends.start("a").answering(response -> whenOpen(answer, response.get().build()));
    Backend b = backends.start("b");
    Timing timing = timer.timing();
    Executor none =
        work -> {
          throw new RejectedExecutionException("all taken");
        };
    Timing crowded =
        new Timing(
            timing.nanoTime(),
            timing.epochMillis(),
            timing.random(),
            timing.waiting(),
            timer,
            none);
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(
                interceptor ->
                    interceptor.timing(crowded).retry(Policies.immediate(2).hedge(SOON).build()))
            .build();

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 1);
    timer.fire();
    client.await(() -> !client.calls().hedges().isEmpty());
    answer.countDown();

    assertThat(pending.reply().server()).isEqualTo("a");
    assertThat(client.calls().hedges()).containsExactly("a then NO_THREAD");
    assertThat(b.hits()).isZero();
  }

  @Test
  void hedge_budgetUsedUp_noneIsMade() {
    CountDownLatch answer = new CountDownLatch(1);
    Backend a = backends.start("a").answering(response -> whenOpen(answer, response.get().build()));
    Backend b = backends.start("b");
    BalancedClient client =
        hedging(Policies.immediate(2).budgetRatio(0).budgetPerSecond(0).hedge(SOON).build(), a, b);

    PendingReply pending = enqueue(client, client.request("/").build());
    backends.await(() -> a.hits() == 1);
    timer.fire();
    client.await(() -> !client.calls().hedges().isEmpty());
    answer.countDown();

    assertThat(pending.reply().server()).isEqualTo("a");
    assertThat(client.calls().hedges()).containsExactly("a then BUDGET_EXHAUSTED");
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PATCH"})
  void hedge_notIdempotent_isNotWatched(String method) throws IOException {
    BalancedClient client = hedging(2, backends.start("a"), backends.start("b"));
    Request request = client.request("/").method(method, RequestBody.create("x", null)).build();

    assertThat(client.execute(request).code()).isEqualTo(200);
    assertThat(timer.scheduled()).isZero();
  }

  @Test
  @SuppressWarnings("resource") // what is tested
  void attempt_outerInterceptorCallsAgain_earlierOneEnds() throws IOException {
    Backend a = backends.start("a").always(response -> response.body("x".repeat(100_000)));
    BalancedClient client =
        backends
            .client(a, backends.start("b"))
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(Policies.immediate(2).hedge(SOON).build()))
            .http(
                http ->
                    http.addInterceptor(
                        chain -> {
                          Response unread = chain.proceed(chain.request());
                          assertThat(unread.code()).isEqualTo(200);
                          Response second = chain.proceed(chain.request());
                          unread.close();
                          return second;
                        }))
            .build();

    assertThat(client.get("/").code()).isEqualTo(200);
    assertThat(client.ended()).hasSize(2);
    assertThat(client.inFlight()).isZero();
  }

  @Test
  void hedge_throwingInterceptor_callThrows() {
    Backend a = backends.start("a");
    BalancedClient client =
        backends
            .client(a, backends.start("b"))
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(Policies.immediate(2).hedge(SOON).build()))
            .inside(
                http ->
                    http.addInterceptor(
                        chain -> {
                          throw new IllegalStateException("out of order");
                        }))
            .build();

    assertThatThrownBy(() -> client.get("/")).hasMessage("out of order");
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  private BalancedClient hedging(int attempts, Backend... at) {
    return hedging(Policies.immediate(attempts).hedge(SOON).build(), at);
  }

  private BalancedClient hedging(RetryPolicy policy, Backend... at) {
    return backends
        .client(at)
        .balancing(interceptor -> interceptor.timing(timer.timing()).retry(policy))
        .build();
  }

  private static PendingReply enqueue(BalancedClient client, Request request) {
    return PendingReply.enqueue(client.http().newCall(request));
  }

  private static MockResponse.Builder stall(MockResponse.Builder response) {
    return response.onResponseStart(SocketEffect.Stall.INSTANCE);
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
