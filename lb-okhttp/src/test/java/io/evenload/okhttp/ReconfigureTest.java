package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.chooser.Choosers;
import io.evenload.limit.ConcurrencyLimits;
import io.evenload.okhttp.BalancedClient.Ended;
import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import okhttp3.Call;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Options of an interceptor that change while it runs. */
class ReconfigureTest {

  private static final int CALLERS = 4;

  @RegisterExtension final Backends backends = new Backends();

  @Test
  void retry_turnedOffAndOn_holdsForTheNextCall() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client = backends.client(a, b).build();
    assertThat(client.get("/").server()).isEqualTo("b");
    client.interceptor().reconfigure(options -> options.retry(RetryPolicy.none()));
    assertThat(client.get("/").code()).isEqualTo(503);
    client.interceptor().reconfigure(options -> options.retry(Policies.immediate(2).build()));

    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void retry_changedDuringACall_leavesThatCallAsItBegan() throws Exception {
    CountDownLatch changed = new CountDownLatch(1);
    Backend a =
        backends
            .start("a")
            .answering(
                response -> {
                  await(changed);
                  return response.get().code(503).build();
                });
    Backend b = backends.start("b");
    BalancedClient client = backends.client(a, b).build();
    CompletableFuture<String> answer = new CompletableFuture<>();
    Threads.start(() -> answer.complete(client.get("/").server()));
    backends.await(() -> a.hits() == 1);
    client.interceptor().reconfigure(options -> options.retry(RetryPolicy.none()));
    changed.countDown();

    assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo("b");
    assertThat(client.get("/").code()).isEqualTo(503);
  }

  @Test
  void retry_anotherPolicy_goesOnWithTheSameBudget() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client = backends.client(a, b).balancing(o -> o.retry(budgeted(0.1))).build();
    int retried = 0;
    for (int i = 0; i < 40; i++) {
      retried += client.get("/").code() == 200 ? 1 : 0;
      client.interceptor().reconfigure(options -> options.retry(budgeted(0.1)));
    }
    assertThat(retried).as("a tenth of 40, unless 10 s went by").isBetween(4, 8);
    client.interceptor().reconfigure(options -> options.retry(budgeted(10)));

    assertThat(client.get("/").code()).isEqualTo(200);
  }

  private static RetryPolicy budgeted(double ratio) {
    return RetryPolicy.builder()
        .baseBackoff(Duration.ZERO)
        .maxBackoff(Duration.ZERO)
        .budgetRatio(ratio)
        .budgetPerSecond(0)
        .build();
  }

  @Test
  void hedging_turnedOff_makesNoSecondAttempt() throws IOException {
    CountDownLatch answered = new CountDownLatch(1);
    Backend a =
        backends
            .start("a")
            .answering(
                response -> {
                  await(answered);
                  return response.get().headersDelay(200, TimeUnit.MILLISECONDS).build();
                });
    Backend b = backends.start("b");
    RetryPolicy hedging =
        Policies.immediate(2).hedge(HedgePolicy.after(Duration.ofMillis(1))).build();
    BalancedClient client = backends.client(a, b).balancing(o -> o.retry(hedging)).build();
    assertThat(client.get("/").server()).isEqualTo("b");
    answered.countDown();
    client.interceptor().reconfigure(options -> options.retry(Policies.immediate(2).build()));

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(client.calls().hedges()).hasSize(1);
  }

  @Test
  void circuitBreaker_offOnAndTheSame_closesBeginsAnewAndStays() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    CircuitBreakerConfig config = breaker();
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(options -> options.circuitBreaker(config))
            .balancer(LoadBalancer.Builder::withoutOutlierDetection)
            .build();
    trip(client, a);
    client.interceptor().reconfigure(options -> options.circuitBreaker(config));
    client.interceptor().reconfigure(options -> options.waitForServers(Duration.ofSeconds(1)));
    assertThat(state(client, a)).as("the same breakers").isEqualTo(EndpointState.BREAKER_OPEN);
    client.interceptor().reconfigure(options -> options.withoutCircuitBreaker());
    assertThat(state(client, a)).isEqualTo(EndpointState.ELIGIBLE);
    for (int i = 0; i < 20; i++) {
      client.get("/");
    }
    assertThat(state(client, a)).as("there is none").isEqualTo(EndpointState.ELIGIBLE);
    client.interceptor().reconfigure(options -> options.circuitBreaker(breaker()));
    assertThat(state(client, a)).isEqualTo(EndpointState.ELIGIBLE);
    trip(client, a);
    client.interceptor().reconfigure(options -> options.circuitBreaker(breaker()));

    assertThat(state(client, a)).as("others begin anew").isEqualTo(EndpointState.ELIGIBLE);
  }

  private static CircuitBreakerConfig breaker() {
    return CircuitBreakerConfig.custom()
        .slidingWindowSize(4)
        .minimumNumberOfCalls(4)
        .waitDurationInOpenState(Duration.ofHours(1))
        .build();
  }

  private static void trip(BalancedClient client, Backend backend) throws IOException {
    for (int i = 0; i < 4; i++) {
      client.get("/");
    }
    client.await(() -> state(client, backend) == EndpointState.BREAKER_OPEN);
  }

  private static EndpointState state(BalancedClient client, Backend backend) {
    return client.balancer().status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(backend.id()))
        .findFirst()
        .orElseThrow()
        .state();
  }

  @Test
  void waitForRoom_turnedOff_letsThoseThatWaitGoOnAndRefusesOthers() throws Exception {
    BalancedClient client =
        backends
            .client(backends.start("a"))
            .balancing(options -> options.waitForRoom(Duration.ofHours(1)))
            .balancer(options -> options.gate(ConcurrencyLimits.fixed(1)))
            .build();
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);
      Thread caller = Threads.start(() -> answer.complete(client.get("/").code()));
      client.await(() -> caller.getState() == Thread.State.TIMED_WAITING);
      client.interceptor().reconfigure(options -> options.waitForRoom(Duration.ZERO));
      assertThatThrownBy(() -> client.get("/")).hasMessageContaining("(see waitForRoom)");
    }
    assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo(200);
    client.interceptor().reconfigure(options -> options.waitForRoom(Duration.ofMillis(30)));
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);

      assertThatThrownBy(() -> client.get("/")).hasMessageEndingWith("no room in PT0.03S");
    }
  }

  @Test
  void limits_ofTheBalancerTurnedOff_admitCallsAgain() throws Exception {
    BalancedClient client =
        backends
            .client(backends.start("a"))
            .balancer(options -> options.gate(ConcurrencyLimits.fixed(1)))
            .build();
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);
      assertThatThrownBy(() -> client.get("/")).hasMessageContaining("1 at its limit");
      client.balancer().reconfigure(LoadBalancer.Builder::withoutGates);

      assertThat(client.get("/").code()).isEqualTo(200);
    }
  }

  @Test
  void failureStatusesAndTimeoutHeader_setAndTakenBack_holdForTheNextCall() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(404));
    BalancedClient client = backends.client(a).build();
    client.get("/");
    client
        .interceptor()
        .reconfigure(
            options -> options.failureStatuses(status -> status == 404).timeoutHeader("X-Left"));
    callWithTimeout(client);
    client
        .interceptor()
        .reconfigure(options -> options.defaultFailureStatuses().withoutTimeoutHeader());
    callWithTimeout(client);

    client.await(() -> client.ended().size() == 3);
    assertThat(client.ended())
        .containsExactly(Ended.succeeded(a), new Ended("a", Outcome.FAILURE), Ended.succeeded(a));
    assertThat(a.requests().get(0).getHeaders().get("X-Left")).isNull();
    assertThat(a.requests().get(1).getHeaders().get("X-Left")).isNotNull();
    assertThat(a.requests().get(2).getHeaders().get("X-Left")).isNull();
  }

  private static void callWithTimeout(BalancedClient client) throws IOException {
    Call call = client.http().newCall(client.request("/").build());
    call.timeout().timeout(30, TimeUnit.SECONDS);
    call.execute().close();
  }

  @Test
  void affinityAndHints_set_holdForTheNextCall() throws IOException {
    Backend a = backends.start("a").always(response -> response.setHeader("X-Bye", "true"));
    Backend b = backends.start("b").always(response -> response.setHeader("X-Bye", "true"));
    Backend[] both = {a, b};
    BalancedClient client = backends.client(both).chooser(Choosers.maglev()).build();
    client.interceptor().reconfigure(options -> options.affinity(Affinity.header("X-User")));
    String first = client.execute(client.request("/").header("X-User", "7").build()).server();
    for (int i = 0; i < 10; i++) {
      assertThat(client.execute(client.request("/").header("X-User", "7").build()).server())
          .isEqualTo(first);
    }
    client
        .interceptor()
        .reconfigure(
            options -> options.hints(BackendHints.builder().drainingHeader("X-Bye").build()));
    String said = client.get("/").server();

    client.await(() -> state(client, said.equals("a") ? a : b) == EndpointState.DRAINING);
  }

  @Test
  void reconfigure_whatIsThrown_isPassedOnAndNothingChanges() throws IOException {
    BalancedClient client =
        backends.client(backends.start("a").always(r -> r.code(503)), backends.start("b")).build();
    AtomicInteger kept = new AtomicInteger();
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                client
                    .interceptor()
                    .reconfigure(
                        options ->
                            options.retry(RetryPolicy.none()).waitForRoom(Duration.ofHours(2))))
        .withMessage("waitForRoom: PT2H (expected: PT0S to PT1H)");
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                client
                    .interceptor()
                    .reconfigure(
                        options -> {
                          options.retry(RetryPolicy.none());
                          kept.incrementAndGet();
                          throw new IllegalStateException("cannot read the file");
                        }));

    assertThat(kept).hasValue(1);
    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void reconfigure_aThousandTimesUnderLoad_failsNoCall() throws Exception {
    Backend[] servers = {
      backends.start("a"), backends.start("b"), backends.start("c"), backends.start("d")
    };
    BalancedClient client =
        backends
            .client(servers)
            .chooser(Choosers.powerOfTwoChoices())
            .balancing(options -> options.waitForRoom(Duration.ofSeconds(20)))
            .build();
    AtomicInteger changes = new AtomicInteger();
    AtomicInteger answers = new AtomicInteger();
    CountDownLatch over = new CountDownLatch(CALLERS);
    List<CompletableFuture<Void>> callers =
        IntStream.range(0, CALLERS)
            .mapToObj(
                i ->
                    CompletableFuture.runAsync(
                        () -> {
                          while (changes.get() < 1_000) {
                            call(client, answers);
                          }
                          over.countDown();
                        },
                        work -> Threads.start(work::run)))
            .toList();
    SplittableRandom random = new SplittableRandom(41);
    while (changes.get() < 1_000) {
      change(client, random);
      if (changes.incrementAndGet() % 10 == 0) {
        int seen = answers.get();
        client.await(() -> answers.get() > seen || over.getCount() < CALLERS);
      }
    }
    for (CompletableFuture<Void> caller : callers) {
      caller.get(20, TimeUnit.SECONDS); // and throws what a call threw
    }

    client.await(() -> client.ended().size() >= answers.get());
    assertThat(answers).hasValueGreaterThan(100);
    assertThat(client.inFlight()).isZero();
    assertThat(client.ended()).noneMatch(attempt -> attempt.outcome().failed());
  }

  private static void call(BalancedClient client, AtomicInteger answers) {
    try {
      RequestContext context = RequestContext.withKey("k" + answers.get());
      int code =
          client.execute(client.request("/").tag(RequestContext.class, context).build()).code();
      assertThat(code).isEqualTo(200);
      answers.incrementAndGet();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void change(BalancedClient client, SplittableRandom random) {
    client
        .interceptor()
        .reconfigure(
            options -> {
              switch (random.nextInt(8)) {
                case 0 -> options.retry(RetryPolicy.none());
                case 1 -> options.retry(RetryPolicy.defaults());
                case 2 ->
                    options.retry(
                        RetryPolicy.builder().hedge(HedgePolicy.afterQuantile(.9)).build());
                case 3 -> options.circuitBreaker(breaker());
                case 4 -> options.withoutCircuitBreaker();
                case 5 -> options.waitForRoom(Duration.ofSeconds(10 + random.nextInt(10)));
                case 6 -> options.timeoutHeader("X-Left").failureStatuses(s -> s >= 500);
                default -> options.affinity(Affinity.header("X-User"));
              }
            });
    client
        .balancer()
        .reconfigure(
            options -> {
              switch (random.nextInt(5)) {
                case 0 -> options.withoutGates().gate(ConcurrencyLimits.fixed(1));
                case 1 -> options.withoutGates();
                case 2 -> options.withoutOutlierDetection();
                case 3 -> options.chooser(Choosers.peakEwma());
                default -> options.chooser(Choosers.boundedLoad(1.25));
              }
            });
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
