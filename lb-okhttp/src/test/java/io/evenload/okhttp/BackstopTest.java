package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Ended;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What an error leaves, wherever it comes from: nothing in flight, no response open. */
class BackstopTest {

  @RegisterExtension final Backends backends = new Backends();

  private final Broken broken = new Broken();

  @Test
  void error_whenTheAnswerIsJudged_leavesNothingOpen() {
    BalancedClient client =
        backends
            .client(backends.start("a"))
            .balancing(
                builder ->
                    builder.retry(
                        Policies.immediate(3)
                            .retryIf(
                                (response, failure) -> {
                                  throw broken;
                                })
                            .build()))
            .build();

    assertThatThrownBy(() -> client.get("/")).isSameAs(broken);

    assertNothingIsOpen(client);
    assertThat(client.ended()).extracting(Ended::outcome).containsExactly(Outcome.CANCELLED);
  }

  @Test
  void error_whenTheAnswerOfANestedCallIsJudged_leavesNothingOpen() {
    BalancedClient client =
        backends
            .client(backends.start("a"))
            .balancing(
                builder ->
                    builder.retry(
                        Policies.immediate(3)
                            .attemptTimeout(Duration.ofMinutes(1))
                            .retryIf(
                                (response, failure) -> {
                                  throw broken;
                                })
                            .build()))
            .build();

    assertThatThrownBy(() -> client.get("/")).isSameAs(broken);

    assertNothingIsOpen(client);
  }

  @Test
  void error_whenTheServerOfASessionIsRemembered_leavesNothingOpen() {
    BalancedClient client =
        backends
            .client(backends.start("a"))
            .http(builder -> builder.cookieJar(new BrokenJar()))
            .balancing(builder -> builder.affinity(Affinity.serverCookie()))
            .build();

    assertThatThrownBy(() -> client.get("/")).isSameAs(broken);

    assertNothingIsOpen(client);
    assertThat(client.ended()).extracting(Ended::outcome).containsExactly(Outcome.SUCCESS);
  }

  @Test
  void error_whenThePrefixIsTakenFromTheAnswer_leavesNothingOpen() {
    assertPrefixLeavesNothingOpen(Policies.immediate(3));
    assertPrefixLeavesNothingOpen(Policies.immediate(3).attemptTimeout(Duration.ofMinutes(1)));
  }

  /** Asks for the prefix when a request is sent, and again when a redirect was followed. */
  private void assertPrefixLeavesNothingOpen(RetryPolicy.Builder policy) {
    AtomicInteger asked = new AtomicInteger();
    Backend a =
        backends
            .start("a")
            .next(response -> response.code(302).setHeader("Location", "/shop/there"))
            .always(response -> response.body("x".repeat(100_000)));
    BalancedClient client =
        backends
            .client(a)
            .balancing(
                builder ->
                    builder
                        .retry(policy.build())
                        .pathPrefix(
                            server -> {
                              if (asked.getAndIncrement() > 0) {
                                throw broken;
                              }
                              return "/shop";
                            }))
            .build();

    assertThatThrownBy(() -> client.get("/")).isSameAs(broken);

    assertNothingIsOpen(client);
  }

  @Test
  void error_inAnInterceptorBehindOnAWorker_leavesNothingOpen() {
    BalancedClient client =
        backends
            .client(backends.start("a"), backends.start("b"))
            .balancing(
                builder ->
                    builder.retry(
                        Policies.immediate(3)
                            .attemptTimeout(Duration.ofMinutes(1))
                            .hedge(HedgePolicy.after(Duration.ofMinutes(1)))
                            .build()))
            .inside(
                builder ->
                    builder.addInterceptor(
                        chain -> {
                          chain.proceed(chain.request()).close();
                          throw broken;
                        }))
            .build();

    assertThatThrownBy(() -> client.get("/")).isSameAs(broken);

    assertNothingIsOpen(client);
    assertThat(client.ended()).hasSize(1);
  }

  @Test
  void exception_whenTheWaitIsDrawn_leavesNothingOpen() {
    RandomGenerator chance =
        () -> {
          throw new IllegalStateException("no chance");
        };
    BalancedClient client =
        backends
            .client(backends.start("a").always(response -> response.code(503).body("busy")))
            .balancing(
                builder ->
                    builder
                        .retry(RetryPolicy.defaults())
                        .timing(timing(chance, Timing.SYSTEM.timer())))
            .build();

    assertThatThrownBy(() -> client.get("/")).hasMessage("no chance");

    assertNothingIsOpen(client);
    assertThat(client.ended()).extracting(Ended::outcome).containsExactly(Outcome.FAILURE);
  }

  @Test
  void exception_whenAHedgeIsScheduled_leavesNothingOpen() {
    ScheduledExecutorService over = Executors.newSingleThreadScheduledExecutor();
    over.shutdown();
    HedgePolicy hedge = HedgePolicy.after(Duration.ofSeconds(1));
    BalancedClient client =
        backends
            .client(backends.start("a"), backends.start("b"))
            .balancing(
                builder ->
                    builder
                        .retry(Policies.immediate(3).hedge(hedge).build())
                        .timing(timing(Timing.SYSTEM.random(), over)))
            .build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(RejectedExecutionException.class);

    assertNothingIsOpen(client);
    assertThat(client.ended()).extracting(Ended::outcome).containsExactly(Outcome.CANCELLED);
  }

  private static void assertNothingIsOpen(BalancedClient client) {
    assertThat(client.inFlight()).isZero();
    assertThat(client.busyConnections()).isZero();
  }

  private static Timing timing(RandomGenerator random, ScheduledExecutorService timer) {
    return new Timing(
        Timing.SYSTEM.nanoTime(),
        Timing.SYSTEM.epochMillis(),
        random,
        Timing.SYSTEM.waiting(),
        timer,
        Timing.SYSTEM.workers());
  }

  /** What nobody expects. */
  private static final class Broken extends Error {
    private static final long serialVersionUID = 1L;
  }

  /** Has no cookies, and takes none. */
  private final class BrokenJar implements CookieJar {
    @Override
    public List<Cookie> loadForRequest(HttpUrl url) {
      return List.of();
    }

    @Override
    public void saveFromResponse(HttpUrl url, List<Cookie> cookies) {
      throw broken;
    }
  }
}
