package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.okhttp.Episode.Answer;
import io.evenload.okhttp.Throttle.Reply;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Three services in a chain on virtual time, of which the last gets more calls than it can serve
 * for a while. Each client of the two hops has a real balancer with the breakers, the retry policy
 * and the budget that an interceptor has by default, and is throttled or not. A service in the
 * middle whose call is refused in the end answers that it is overloaded, too.
 */
final class OverloadedChain {

  static final int OVERLOAD_SECONDS = 60;

  private static final int BEFORE_SECONDS = 10;
  private static final int AFTER_SECONDS = 30;
  private static final int CLIENTS = 3;
  private static final int LAST_SERVERS = 4;
  private static final double SERVICE_NANOS = 10e6;
  private static final double CAPACITY = LAST_SERVERS * 1e9 / SERVICE_NANOS; // calls a second
  private static final double USUAL_LOAD = 0.5;
  private static final long REFUSAL_NANOS = 500_000; // a twentieth of an answer's work
  private static final long LONGEST_QUEUE_NANOS = 100_000_000;
  private static final long HOP_NANOS = 1_000_000;

  /**
   * What came of it.
   *
   * @param goodput good answers in the overload, relative to what the last service can serve
   * @param attemptsPerCall that reached the last service, for each call from outside
   * @param amplification the attempts for each call that was sent at all, of both hops together
   * @param recoverySeconds until 99 % of each further second's calls got a good answer
   */
  record Result(
      double goodput, double attemptsPerCall, double amplification, double recoverySeconds) {}

  private final VirtualTime time = new VirtualTime();
  private final long started = time.getAsLong();
  private final SplittableRandom seeds;
  private final RandomGenerator arrivals;
  private final RandomGenerator world;
  private final double load;
  private final @Nullable Throttling throttling;
  private final RetryPolicy policy = RetryPolicy.defaults();
  private final List<Hop> outer = new ArrayList<>(); // of the first service, to the second
  private final List<Hop> inner = new ArrayList<>(); // of the second, to the last
  private final long[] freeAt = new long[LAST_SERVERS];
  private final int[] calls = new int[BEFORE_SECONDS + OVERLOAD_SECONDS + AFTER_SECONDS];
  private final int[] good = new int[calls.length + 5];
  private final int[] goodByStart = new int[calls.length];
  private long lastAttempts; // in the overload
  private int next;

  private OverloadedChain(double load, @Nullable Throttling throttling, long seed) {
    this.load = load;
    this.throttling = throttling;
    seeds = new SplittableRandom(seed);
    arrivals = seeds.split();
    world = seeds.split();
    Arrays.fill(freeAt, started);
    for (int i = 0; i < CLIENTS; i++) {
      outer.add(new Hop("b", CLIENTS, (place, done) -> inner.get(place).call(relay(done))));
      inner.add(new Hop("c", LAST_SERVERS, this::work));
    }
  }

  /** Runs it; null is no throttling. */
  static Result run(double load, @Nullable Throttling throttling, long seed) {
    return new OverloadedChain(load, throttling, seed).run();
  }

  private Result run() {
    scheduleNext();
    time.advance(Duration.ofSeconds(calls.length + 5));
    outer.forEach(hop -> hop.balancer.close());
    inner.forEach(hop -> hop.balancer.close());
    int end = BEFORE_SECONDS + OVERLOAD_SECONDS;
    int asked = IntStream.range(BEFORE_SECONDS, end).map(i -> calls[i]).sum();
    int answered = IntStream.range(BEFORE_SECONDS, end).map(i -> good[i]).sum();
    int recovered = calls.length;
    while (recovered > end && goodByStart[recovered - 1] >= 0.99 * calls[recovered - 1]) {
      recovered--;
    }
    return new Result(
        answered / (CAPACITY * OVERLOAD_SECONDS),
        (double) lastAttempts / asked,
        amplification(outer) * amplification(inner),
        recovered - end);
  }

  private static double amplification(List<Hop> hops) {
    double sent = hops.stream().mapToLong(hop -> hop.sent).sum();
    return hops.stream().mapToLong(hop -> hop.attempts).sum() / sent;
  }

  private int second() {
    return (int) TimeUnit.NANOSECONDS.toSeconds(time.getAsLong() - started);
  }

  private boolean overloaded() {
    return second() >= BEFORE_SECONDS && second() < BEFORE_SECONDS + OVERLOAD_SECONDS;
  }

  private void scheduleNext() {
    double rate = CAPACITY * (overloaded() ? load : USUAL_LOAD);
    after(
        (long) (-Math.log(1 - arrivals.nextDouble()) / rate * 1e9),
        () -> {
          int second = second();
          if (second >= calls.length) {
            return;
          }
          calls[second]++;
          outer
              .get(next++ % CLIENTS)
              .call(
                  answer -> {
                    if (answer.outcome() == Outcome.SUCCESS) {
                      good[second()]++;
                      goodByStart[second]++;
                    }
                  });
          scheduleNext();
        });
  }

  private void after(long nanos, Runnable task) {
    Future<?> unused = time.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  /** A server of the last service works off a bounded queue; to refuse takes of its time, too. */
  private void work(int place, Consumer<Answer> done) {
    lastAttempts += overloaded() ? 1 : 0;
    long now = time.getAsLong();
    long begin = Math.max(now, freeAt[place]);
    if (begin - now > LONGEST_QUEUE_NANOS) {
      freeAt[place] = begin + REFUSAL_NANOS;
      after(REFUSAL_NANOS, () -> done.accept(refusal()));
    } else {
      freeAt[place] = begin + (long) (-Math.log(1 - world.nextDouble()) * SERVICE_NANOS);
      long took = freeAt[place] - now;
      after(took, () -> done.accept(Answer.ok(took)));
    }
  }

  private static Answer refusal() {
    return new Answer(Outcome.FAILURE, 503, 0, true);
  }

  /** The server in the middle passes on what it got. */
  private static Consumer<Answer> relay(Consumer<Answer> done) {
    return answer -> done.accept(answer.outcome() == Outcome.SUCCESS ? answer : refusal());
  }

  /** What a server does. */
  @FunctionalInterface
  private interface Work {
    void ask(int place, Consumer<Answer> done);
  }

  /** One client of one service. */
  private final class Hop {
    private final LoadBalancer balancer;
    private final Work work;
    private final RetryBudget budget =
        new RetryBudget(policy.budgetRatio(), policy.budgetPerSecond(), time);
    private final Backoff backoff = new Backoff(policy, seeds.split());
    private final @Nullable Throttle throttle;
    private long sent; // in the overload
    private long attempts; // of these

    Hop(String name, int servers, Work work) {
      this.work = work;
      Server[] all =
          IntStream.range(0, servers).mapToObj(i -> Server.of("s" + i, 80)).toArray(Server[]::new);
      balancer =
          time.drive(LoadBalancer.builder(name))
              .random(new SeededRandom(seeds.nextLong()))
              .servers(ServerList.of(all))
              .gate(BreakerGate.factory(CircuitBreaker.defaults().config()))
              .build();
      throttle = throttling == null ? null : new Throttle(name, throttling, time, seeds.split());
    }

    void call(Consumer<Answer> done) {
      try {
        if (throttle != null) {
          throttle.admit();
        }
      } catch (ThrottledException e) {
        after(0, () -> done.accept(refusal()));
        return;
      }
      budget.request();
      sent += overloaded() ? 1 : 0;
      attempt(new Call(done));
    }

    private void attempt(Call call) {
      Attempt attempt;
      try {
        attempt = balancer.start(call.request);
      } catch (NoServerAvailableException e) {
        after(0, () -> call.done.accept(refusal()));
        return;
      }
      call.made++;
      attempts += overloaded() ? 1 : 0;
      int place = Integer.parseInt(attempt.server().host().substring(1));
      after(
          HOP_NANOS,
          () ->
              work.ask(
                  place,
                  answer -> {
                    attempt.end(answer.outcome(), null);
                    answered(call, answer);
                  }));
    }

    private void answered(Call call, Answer answer) {
      boolean repeated =
          answer.refused()
              && call.made < policy.maxAttempts()
              && (throttle == null || throttle.admitsRepeat())
              && budget.tryRetry(RetryBudget.AFTER_REFUSAL);
      if (throttle != null) {
        throttle.tried(
            answer.refused() ? Reply.REFUSED : Reply.ACCEPTED, call.repeatsRefusal, !repeated);
      }
      call.repeatsRefusal = answer.refused();
      if (repeated) {
        after(backoff.nanos(call.made), () -> attempt(call));
      } else {
        call.done.accept(answer);
      }
    }
  }

  private static final class Call {
    private final RequestContext request = RequestContext.create();
    private final Consumer<Answer> done;
    private int made;
    private boolean repeatsRefusal;

    Call(Consumer<Answer> done) {
      this.done = done;
    }
  }
}
