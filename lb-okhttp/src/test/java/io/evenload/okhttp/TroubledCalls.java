package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.Locality;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.okhttp.Episode.Answer;
import io.evenload.okhttp.Episode.Kind;
import io.evenload.okhttp.Throttle.Reply;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The calls of a schedule on virtual time: through a real balancer with the breakers, the retry
 * policy and the budget that an interceptor has by default, and at times throttled; or with the
 * same retries alone, each attempt at a random server by weight.
 */
final class TroubledCalls {

  /** What came of the calls. */
  static final class Results {
    private final int calls;
    private final long[] goodNanos; // how long those took that got a good answer, in order

    private Results(int calls, long[] goodNanos) {
      this.calls = calls;
      this.goodNanos = goodNanos;
    }

    int calls() {
      return calls;
    }

    boolean anyGood() {
      return goodNanos.length > 0;
    }

    double success() {
      return calls == 0 ? 1 : (double) goodNanos.length / calls;
    }

    /** Within what time this part of all calls got a good answer. */
    double millisFor(double part) {
      int index = (int) (part * calls);
      return index >= goodNanos.length ? Double.POSITIVE_INFINITY : goodNanos[index] / 1e6;
    }

    Results and(Results other) {
      long[] all = Arrays.copyOf(goodNanos, goodNanos.length + other.goodNanos.length);
      System.arraycopy(other.goodNanos, 0, all, goodNanos.length, other.goodNanos.length);
      Arrays.sort(all);
      return new Results(calls + other.calls, all);
    }
  }

  /** The chooser to try; by default the one that is. */
  private static final String CHOOSER = System.getProperty("chooser", "");

  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final Duration REST = Duration.ofMinutes(2); // of what began before the end

  private final Schedule schedule;
  private final VirtualTime time = new VirtualTime();
  private final long started = time.getAsLong();
  private final RandomGenerator arrivals;
  private final RandomGenerator random;
  private final RandomGenerator world;
  private final RetryPolicy policy = RetryPolicy.defaults();
  private final Backoff backoff;
  private final RetryBudget budget;
  private final @Nullable Throttle throttle;
  private final UpdatableServerList source = new UpdatableServerList();
  private final @Nullable LoadBalancer balancer;
  private final int[] inFlight;
  private final double fairLoad;
  private List<Server> list = List.of();
  private long[] took = new long[1024];
  private int calls;
  private int succeeded;

  /** How the calls are made. */
  enum Client {
    /** Each attempt at a random server. */
    PLAIN,
    /** By all defaults. */
    BALANCED,
    /** And not at all, while the service refuses most. */
    THROTTLED
  }

  private TroubledCalls(Schedule schedule, long seed, Client client) {
    boolean balanced = client != Client.PLAIN;
    this.schedule = schedule;
    SplittableRandom seeds = new SplittableRandom(seed);
    arrivals = seeds.split();
    random = seeds.split();
    world = seeds.split();
    backoff = new Backoff(policy, random);
    budget = new RetryBudget(policy.budgetRatio(), policy.budgetPerSecond(), time);
    throttle =
        client == Client.THROTTLED
            ? new Throttle("orders", Throttling.defaults(), time, seeds.split())
            : null;
    inFlight = new int[2 * schedule.servers().size()];
    fairLoad = schedule.fairLoad(balanced);
    balancer = balanced ? balancer(seed) : null;
  }

  private LoadBalancer balancer(long seed) {
    LoadBalancer.Builder builder =
        time.drive(LoadBalancer.builder("orders"))
            .random(new SeededRandom(~seed))
            .servers(source)
            .gate(BreakerGate.factory(CircuitBreaker.defaults().config()));
    switch (CHOOSER) {
      case "" -> {}
      case "leastLoaded" -> builder.chooser(Choosers.leastLoaded());
      case "peakEwma" -> builder.chooser(Choosers.peakEwma());
      case "powerOfTwoChoices" -> builder.chooser(Choosers.powerOfTwoChoices());
      case "shortestExpectedDelay" -> builder.chooser(Choosers.shortestExpectedDelay());
      default -> throw new IllegalArgumentException("chooser: " + CHOOSER);
    }
    if (!schedule.zone().isEmpty()) {
      builder.locality(Locality.of(schedule.zone()));
    }
    if (schedule.has(Kind.FALSE_ALARM)) {
      builder.healthCheck(
          HealthCheck.of(
              (server, timeout) -> {
                int place = place(server);
                double load = inFlight[place] / fairLoad;
                boolean passes = schedule.probePasses(place, load, now(), world);
                return CompletableFuture.completedFuture(
                    passes ? HealthReport.healthy() : HealthReport.unhealthy("as it says"));
              }));
    }
    return builder.build();
  }

  /** Runs all calls of the schedule. */
  static Results run(Schedule schedule, long seed, Client client) {
    return new TroubledCalls(schedule, seed, client).run();
  }

  private Results run() {
    tellList();
    scheduleNext();
    for (Episode episode : schedule.episodes()) {
      if (episode.kind() == Kind.PAUSE) {
        after(episode.from(), () -> time.jump(Duration.ofSeconds(2)));
      }
    }
    time.advance(schedule.length().plus(REST));
    if (balancer != null) {
      balancer.close();
    }
    long[] sorted = Arrays.copyOf(took, succeeded);
    Arrays.sort(sorted);
    return new Results(calls, sorted);
  }

  private long now() {
    return time.getAsLong() - started;
  }

  private void tellList() {
    list = schedule.list(now(), world);
    source.update(list);
    if (now() < schedule.length().toNanos()) {
      after(SECOND, this::tellList);
    }
  }

  private void scheduleNext() {
    long wait = (long) (-Math.log(1 - arrivals.nextDouble()) / schedule.callsPerSecond() * 1e9);
    if (now() + wait < schedule.length().toNanos()) {
      after(
          wait,
          () -> {
            scheduleNext();
            new Call().begin();
          });
    }
  }

  private void after(long nanos, Runnable task) {
    Future<?> unused = time.schedule(task, nanos, TimeUnit.NANOSECONDS);
  }

  private static int place(Server server) {
    return Integer.parseInt(server.host().substring(1));
  }

  /** A server at random by weight, of the first tier; -1 if there is none. */
  private int any() {
    double sum = 0;
    for (Server server : list) {
      sum += server.priority() == 0 ? server.weight() : 0;
    }
    double point = random.nextDouble() * sum;
    for (Server server : list) {
      if (server.priority() == 0) {
        point -= server.weight();
        if (point < 0) {
          return place(server);
        }
      }
    }
    return -1;
  }

  private final class Call {
    private final RequestContext request = RequestContext.create();
    private final long began = time.getAsLong();
    private final double route = world.nextDouble();
    private int made;
    private boolean repeatsRefusal;

    void begin() {
      try {
        if (throttle != null) {
          throttle.admit();
        }
      } catch (ThrottledException e) {
        end(false);
        return;
      }
      budget.request();
      attempt();
    }

    void attempt() {
      Attempt attempt = null;
      int server;
      if (balancer == null) {
        server = any();
        if (server < 0) {
          end(false);
          return;
        }
      } else {
        try {
          attempt = balancer.start(request);
        } catch (NoServerAvailableException e) {
          end(false);
          return;
        }
        server = place(attempt.server());
      }
      made++;
      Attempt running = attempt;
      double load = inFlight[server] / fairLoad;
      Answer answer = schedule.answer(server, route, load, now(), world).within(leftNanos());
      inFlight[server]++;
      after(
          answer.nanos(),
          () -> {
            inFlight[server]--;
            if (running != null) {
              running.end(answer.outcome(), null);
            }
            answered(answer);
          });
    }

    private long leftNanos() {
      return schedule.callTimeout().toNanos() - (time.getAsLong() - began);
    }

    private void answered(Answer answer) {
      boolean ok = answer.outcome() == Outcome.SUCCESS;
      boolean retryable = !ok && (answer.status() == 0 || policy.retries(answer.status()));
      long wait = backoff.nanos(made);
      boolean repeated =
          retryable
              && made < policy.maxAttempts()
              && wait < leftNanos()
              && (throttle == null || !answer.refused() || throttle.admitsRepeat())
              && budget.tryRetry(answer.refused() ? RetryBudget.AFTER_REFUSAL : 1);
      if (throttle != null) {
        throttle.tried(reply(answer), repeatsRefusal, !repeated);
      }
      repeatsRefusal = answer.refused();
      if (repeated) {
        after(wait, this::attempt);
      } else {
        end(ok);
      }
    }

    private static Reply reply(Answer answer) {
      if (answer.refused()) {
        return Reply.REFUSED;
      }
      return answer.status() == 0 ? Reply.NONE : Reply.ACCEPTED;
    }

    private void end(boolean success) {
      calls++;
      if (success) {
        if (succeeded == took.length) {
          took = Arrays.copyOf(took, 2 * succeeded);
        }
        took[succeeded++] = time.getAsLong() - began;
      }
    }
  }
}
