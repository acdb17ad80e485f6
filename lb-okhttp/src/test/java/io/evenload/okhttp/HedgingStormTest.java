package io.evenload.okhttp;

import static java.util.concurrent.TimeUnit.HOURS;
import static java.util.concurrent.TimeUnit.MICROSECONDS;
import static java.util.concurrent.TimeUnit.MINUTES;
import static java.util.stream.Collectors.counting;
import static java.util.stream.Collectors.groupingBy;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Administration;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import okhttp3.Call;
import okhttp3.ConnectionPool;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Calls whose second attempt begins just when the first is answered, while some are cancelled or
 * their thread is interrupted. However these fall together, each attempt ends once, as its history
 * says, each response is the caller's or closed, and nobody waits for ever. Two clients share a
 * pool of connections meanwhile, and drain their servers by turns. The property {@code
 * storm.seconds} makes each case last so long; on JDK 21 and newer the callers are virtual threads.
 */
class HedgingStormTest {

  private static final int THREADS = 4;
  private static final int CALLS = 300; // of each thread, and more if they take less than
  private static final int SECONDS = Integer.getInteger("storm.seconds", 0);
  private static final int LONGEST_MICROS = 800; // about what an answer over loopback takes

  @RegisterExtension final Backends backends = new Backends();

  private final AtomicInteger begun = new AtomicInteger();
  private final Set<CallAttempt.Reason> winners = ConcurrentHashMap.newKeySet();
  private final SoonTimer timer = new SoonTimer();
  private final ConnectionPool pool = new ConnectionPool(20, 5, MINUTES);

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_1", "HTTP_2_CLEARTEXT"})
  @DisplayName("60: attempts that race one another and the end of their call end once each")
  void hedge_attemptsRaceOneAnotherAndTheEndOfTheCall_eachEndsOnce(Wire wire) throws Exception {
    assertThat(storm(clients(wire, policy())))
        .extracting(Ended::outcome)
        .contains(Outcome.SUCCESS, Outcome.FAILURE, Outcome.ABANDONED, Outcome.CANCELLED);
    assertThat(winners).contains(Reason.FIRST, Reason.HEDGE);
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_1", "HTTP_2_CLEARTEXT"})
  void attemptTimeout_attemptsRaceTheirTimeToo_eachEndsOnce(Wire wire) throws Exception {
    assertThat(storm(clients(wire, policy().attemptTimeout(Duration.ofMillis(1)))))
        .extracting(Ended::outcome)
        .contains(Outcome.SUCCESS, Outcome.FAILURE, Outcome.TIMED_OUT, Outcome.CANCELLED);
  }

  /** Returns what ended, of all that began. */
  private List<Ended> storm(List<BalancedClient> clients) throws Exception {
    backends.closeAfterTest(timer::shutdownNow);
    List<FutureTask<?>> callers = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      BalancedClient client = clients.get(i % clients.size());
      FutureTask<?> caller = new FutureTask<>(() -> call(client), null);
      callers.add(caller);
      Threads.startVirtual(caller::run);
    }
    for (FutureTask<?> caller : callers) {
      caller.get(120 + SECONDS, TimeUnit.SECONDS);
    }

    List<Ended> ended = new ArrayList<>();
    for (BalancedClient client : clients) {
      client.await(() -> client.inFlight() == 0 && client.busyConnections() == 0);
      ended.addAll(client.ended());
    }
    assertThat(ended).hasSize(begun.get());
    pool.evictAll();
    assertThat(pool.connectionCount()).isZero();
    if (SECONDS > 0) {
      System.out.println("storm: " + ended.size() + " attempts ended once: " + counts(ended));
    }
    return ended;
  }

  private static Map<Outcome, Long> counts(List<Ended> ended) {
    return ended.stream().collect(groupingBy(Ended::outcome, TreeMap::new, counting()));
  }

  private static RetryPolicy.Builder policy() {
    return Policies.immediate(3).budgetRatio(1).hedge(HedgePolicy.after(Duration.ofMillis(1)));
  }

  private List<BalancedClient> clients(Wire wire, RetryPolicy.Builder policy) {
    Backend[] servers =
        Stream.of("a", "b", "c")
            .map(id -> backends.start(id, wire).answering(HedgingStormTest::answer))
            .toArray(Backend[]::new);
    Timing system = Timing.SYSTEM;
    Timing timing =
        new Timing(
            system.nanoTime(),
            system.epochMillis(),
            system.random(),
            system.waiting(),
            timer,
            system.workers());
    Supplier<BalancedClient> client =
        () ->
            backends
                .client(servers)
                .chooser(new CountingChooser(begun))
                .balancer(builder -> builder.withoutOutlierDetection())
                .http(http -> http.connectionPool(pool))
                .balancing(interceptor -> interceptor.timing(timing).retry(policy.build()))
                .build();
    return List.of(client.get(), client.get());
  }

  /** Good as a rule; a bad answer does not win as long as another may come. */
  private static MockResponse answer(Supplier<MockResponse.Builder> response) {
    boolean bad = ThreadLocalRandom.current().nextInt(3) == 0;
    return response.get().code(bad ? 503 : 200).body("answer").build();
  }

  private void call(BalancedClient client) {
    Request request = client.request("/").build();
    Thread caller = Thread.currentThread();
    int calls = 0;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS);
    for (int i = 0; calls < CALLS || System.nanoTime() - end < 0; i++) {
      Call call = client.http().newCall(request);
      if (i % 5 == 0) {
        timer.soon(i % 10 == 0 ? caller::interrupt : call::cancel);
      }
      if (i % 20 == 0) {
        boolean drains = i % 40 == 0;
        timer.soon(
            () -> {
              Administration admin = client.balancer().admin();
              if (drains) {
                admin.drain("a");
              } else {
                admin.undrain("a");
              }
            });
      }
      execute(call);
      calls += Thread.interrupted() ? 0 : 1; // what is cleared here would end the next call
    }
  }

  private void execute(Call call) {
    try (Response response = call.execute()) {
      List<CallAttempt> made = LoadBalancingInterceptor.attemptsOf(response);
      response.body().string();
      if (response.isSuccessful()) {
        List<CallAttempt> good =
            made.stream().filter(each -> each.outcome() == Outcome.SUCCESS).toList();
        assertThat(good)
            .extracting(each -> each.server().id())
            .containsExactly(response.header(Backend.ID));
        winners.add(good.get(0).reason());
      }
    } catch (IOException expected) {
      // It was cancelled or interrupted, or all its attempts got a bad answer.
    }
  }

  /** Chooses at random, and counts the attempts that begin. */
  private record CountingChooser(AtomicInteger begun) implements Chooser {
    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return Choosers.random().choose(eligible, request);
    }

    @Override
    public Tracker track(Endpoint endpoint) {
      return new Tracker() {
        @Override
        public void started(long nowNanos) {
          begun.incrementAndGet();
        }

        @Override
        public void ended(Outcome outcome, long latencyNanos, long nowNanos) {}
      };
    }
  }

  /**
   * A timer on which most is due at any moment from now to about the end of a call, and some never.
   */
  private static final class SoonTimer extends ScheduledThreadPoolExecutor {
    SoonTimer() {
      super(1);
    }

    void soon(Runnable work) {
      var unused = schedule(work, 0, MICROSECONDS);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
      ThreadLocalRandom random = ThreadLocalRandom.current();
      return random.nextInt(4) == 0
          ? super.schedule(work, 1, HOURS)
          : super.schedule(work, random.nextInt(LONGEST_MICROS), MICROSECONDS);
    }
  }
}
