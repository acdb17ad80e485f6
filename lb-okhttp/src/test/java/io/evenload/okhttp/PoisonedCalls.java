package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.random.RandomGenerator;

/**
 * Calls at random times of which a part goes to a route that no server can answer, on virtual time:
 * through a real balancer with the breakers, the retry policy and the budget that an interceptor
 * has by default. The same seed gives the same events.
 */
final class PoisonedCalls {

  /** What comes of an attempt at the poisoned route, at every server. */
  enum Fault {
    /** An error that is not retried. */
    STATUS_500(Outcome.FAILURE, 10, false),
    /** An error that is retried elsewhere, where it is the same. */
    STATUS_503(Outcome.FAILURE, 10, true),
    /** The connection breaks. */
    RESET(Outcome.FAILURE, 10, true),
    /** A read times out. */
    TIMEOUT(Outcome.TIMED_OUT, 10_000, true),
    /** The caller waits no longer. */
    GIVEN_UP(Outcome.ABANDONED, 2_000, false);

    private final Outcome outcome;
    private final long nanos;
    private final boolean retried;

    Fault(Outcome outcome, int millis, boolean retried) {
      this.outcome = outcome;
      this.nanos = TimeUnit.MILLISECONDS.toNanos(millis);
      this.retried = retried;
    }
  }

  /** What came of the calls to all other routes, and of the attempts at one server. */
  record Results(int others, int succeeded, int attempts, int atFirst) {

    double success() {
      return others == 0 ? 1 : (double) succeeded / others;
    }

    /** The part of all attempts, of either kind, that went to the first server. */
    double shareOfFirst() {
      return (double) atFirst / attempts;
    }
  }

  private static final long MEAN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final int SESSIONS = 200;

  private final VirtualTime time = new VirtualTime();
  private final List<String> out = new ArrayList<>();
  private final RandomGenerator arrivals;
  private final RandomGenerator world;
  private final RetryPolicy policy = RetryPolicy.defaults();
  private final Backoff backoff;
  private final RetryBudget budget;
  private final LoadBalancer balancer;
  private final double callsPerSecond;
  private final double part;
  private final Fault fault;
  private double partOfFirst;
  private boolean poisoned = true;
  private boolean keyed;
  private boolean sticky;
  private final String[] remembered = new String[SESSIONS];
  private int others;
  private int succeeded;
  private int attempts;
  private int atFirst;

  /**
   * Begins the calls.
   *
   * @param part of the calls that go to the poisoned route
   */
  PoisonedCalls(
      long seed,
      int servers,
      double callsPerSecond,
      double part,
      Fault fault,
      UnaryOperator<LoadBalancer.Builder> options) {
    SplittableRandom seeds = new SplittableRandom(seed);
    arrivals = seeds.split();
    world = seeds.split();
    backoff = new Backoff(policy, seeds.split());
    budget = new RetryBudget(policy.budgetRatio(), policy.budgetPerSecond(), time);
    this.callsPerSecond = callsPerSecond;
    this.part = part;
    this.fault = fault;
    List<Server> list = new ArrayList<>();
    for (int i = 0; i < servers; i++) {
      list.add(Server.of("s" + i, 80));
    }
    LoadBalancer.Builder builder =
        time.drive(LoadBalancer.builder("orders"))
            .random(new SeededRandom(~seed))
            .servers(ServerList.of(list))
            .gate(BreakerGate.factory(CircuitBreaker.defaults().config()))
            .listener(
                new LoadBalancerListener() {
                  @Override
                  public void stateChanged(StateChanged event) {
                    if (event.to() == EndpointState.EJECTED
                        || event.to() == EndpointState.BREAKER_OPEN) {
                      out.add(event.server().host() + ": " + event.reason());
                    }
                  }
                });
    balancer = options.apply(builder).build();
    scheduleNext();
  }

  /** Has the first server fail with this chance, whatever the route. */
  PoisonedCalls firstFails(double chance) {
    partOfFirst = chance;
    return this;
  }

  /** Has the route answered well, or poisoned again. */
  PoisonedCalls poisoned(boolean poisoned) {
    this.poisoned = poisoned;
    return this;
  }

  /** Gives each call a key, which is always the same for the poisoned route. */
  PoisonedCalls keyed() {
    keyed = true;
    return this;
  }

  /** Has each call belong to a session, which prefers the server that answered it last. */
  PoisonedCalls sticky() {
    sticky = true;
    return this;
  }

  /** Lets time pass, and tells what came of the calls meanwhile. */
  Results pass(Duration duration) {
    others = 0;
    succeeded = 0;
    attempts = 0;
    atFirst = 0;
    time.advance(duration);
    return new Results(others, succeeded, attempts, atFirst);
  }

  /** Which servers were ejected or broken, and why, in order. */
  List<String> out() {
    return out;
  }

  private void scheduleNext() {
    long wait = (long) (-Math.log(1 - arrivals.nextDouble()) / callsPerSecond * 1e9);
    after(
        wait,
        () -> {
          scheduleNext();
          budget.request();
          new Call().attempt();
        });
  }

  private void after(long nanos, Runnable task) {
    Future<?> unused = time.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  private final class Call {
    private final boolean poison = world.nextDouble() < part;
    private final int session = world.nextInt(SESSIONS);
    private final RequestContext request =
        keyed
            ? RequestContext.withKey(poison ? "poison" : "session " + session)
            : RequestContext.create();
    private int made;

    Call() {
      String server = remembered[session];
      if (sticky && server != null) {
        request.prefer(each -> each.host().equals(server));
      }
    }

    void attempt() {
      Attempt attempt;
      try {
        attempt = balancer.start(request);
      } catch (NoServerAvailableException e) {
        end(false);
        return;
      }
      made++;
      attempts++;
      boolean first = attempt.server().host().equals("s0");
      atFirst += first ? 1 : 0;
      boolean spoiled = poison && poisoned;
      boolean fails = spoiled || (first && world.nextDouble() < partOfFirst);
      Outcome outcome = !fails ? Outcome.SUCCESS : spoiled ? fault.outcome : Outcome.FAILURE;
      long usual = (long) (MEAN_NANOS * (1 - Math.log(1 - world.nextDouble())) / 2);
      after(spoiled ? fault.nanos : usual, () -> answered(attempt, outcome, spoiled));
    }

    private void answered(Attempt attempt, Outcome outcome, boolean spoiled) {
      attempt.end(outcome, null);
      boolean ok = outcome == Outcome.SUCCESS;
      if (ok) {
        remembered[session] = attempt.server().host();
      }
      boolean retryable = !ok && spoiled && fault.retried;
      if (retryable && made < policy.maxAttempts() && budget.tryRetry()) {
        after(backoff.nanos(made), this::attempt);
      } else {
        end(ok);
      }
    }

    private void end(boolean success) {
      if (!poison) {
        others++;
        succeeded += success ? 1 : 0;
      }
    }
  }
}
