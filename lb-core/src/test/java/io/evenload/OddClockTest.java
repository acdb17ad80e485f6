package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.health.SlowStart;
import io.evenload.limit.ConcurrencyLimits;
import io.evenload.testing.RecordingListener;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The same story is told at every time that a clock can read, also where it overflows, and after
 * any time without a request. What packs a clock into a word, or compares two readings, would tell.
 */
final class OddClockTest {

  private static final long USUAL = 123_456_789_000L;
  private static final long TICK = 1L << 23; // what clocks in words are rounded to, at most
  private static final Duration STORY = Duration.ofMinutes(4);

  /** What differs in what it remembers of the time. */
  private enum Kind {
    PEAK_EWMA,
    POWER_OF_TWO,
    SHORTEST_EXPECTED_DELAY,
    STICKY;

    Chooser chooser() {
      return switch (this) {
        case PEAK_EWMA -> Choosers.peakEwma();
        case POWER_OF_TWO -> Choosers.powerOfTwoChoices();
        case SHORTEST_EXPECTED_DELAY -> Choosers.shortestExpectedDelay();
        case STICKY -> Choosers.sticky(Choosers.peakEwma(), 100);
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void story_whateverTheClockReads_isTheSame(Kind kind) {
    List<String> usual = new Story(kind, USUAL).told(Duration.ZERO);
    assertThat(usual).hasSizeGreaterThan(50);
    assertThat(usual.toString()).contains("EJECTED", "UNHEALTHY", "DRAINING", "BREAKER_OPEN");
    long half = STORY.toNanos() / 2;
    long[] starts = {0, -half, Long.MAX_VALUE - half, Long.MIN_VALUE, 1L << 51, (1L << 54) - half};
    for (long start : starts) {
      long aligned = start - Math.floorMod(start - USUAL, TICK);

      assertThat(new Story(kind, aligned).told(Duration.ZERO))
          .as("start %d", start)
          .isEqualTo(usual);
    }
  }

  @ParameterizedTest
  @EnumSource
  void story_afterDaysWithoutARequest_isTheSame(Kind kind) {
    List<String> aDay = new Story(kind, USUAL).told(days(1));
    for (int days : new int[] {10, 26, 40, 100, 200}) {
      assertThat(new Story(kind, USUAL).told(days(days))).as("%d days", days).isEqualTo(aDay);
    }
  }

  private static Duration days(int days) {
    long nanos = Duration.ofDays(days).toNanos();
    return Duration.ofNanos(nanos - nanos % TICK);
  }

  /**
   * Servers that fail, hang, are slow, close their gates, drain, come and go; one after another.
   */
  private static final class Story {
    private final VirtualTime time;
    private final SeededRandom random = new SeededRandom(41);
    private final RecordingListener events = new RecordingListener();
    private final UpdatableServerList list = new UpdatableServerList(World.servers(6));
    private final Map<String, Runnable> changed = new HashMap<>();
    private final Kind kind;
    private int second;

    Story(Kind kind, long start) {
      this.kind = kind;
      this.time = new VirtualTime(start);
    }

    /** Tells it, lets time pass as if the machine slept, and tells it again. */
    List<String> told(Duration pause) {
      List<String> lines = new ArrayList<>();
      try (LoadBalancer balancer = balancer()) {
        lines.addAll(story(balancer));
        if (!pause.isZero()) {
          time.jump(pause);
          time.advance(Duration.ofSeconds(3)); // the timers are late
          lines.addAll(story(balancer));
        }
      }
      return lines;
    }

    private LoadBalancer balancer() {
      return time.drive(LoadBalancer.builder("orders"))
          .servers(list)
          .random(random)
          .listener(events)
          .leakSampling(0)
          .chooser(kind.chooser())
          .slowStart(SlowStart.of(Duration.ofSeconds(10)))
          .gate(ConcurrencyLimits.aimd())
          .gate((server, nanoTime, changed) -> new Switch(server.id(), changed))
          .healthCheck(HealthCheck.builder(this::probe).interval(Duration.ofSeconds(2)).build())
          .build();
    }

    private List<String> story(LoadBalancer balancer) {
      List<String> lines = new ArrayList<>();
      for (second = 0; second < STORY.toSeconds(); second++) {
        if (second == 100) {
          balancer.admin().drain("s4", Duration.ofSeconds(20), "says so");
        }
        if (second % 120 == 60) {
          list.update(World.servers(second < 120 ? 5 : 6));
        }
        changed.values().forEach(Runnable::run);
        balancer.admin().reportWeight("s0", 3, Duration.ofSeconds(30));
        balancer.admin().reportWeight("s1", 1, Duration.ofSeconds(30));
        Map<String, Integer> counts = new TreeMap<>();
        for (int call = 0; call < 20; call++) {
          call(balancer, counts);
        }
        time.advance(Duration.ofMillis(800));
        lines.add(second + " " + counts);
      }
      lines.addAll(events.states);
      events.states.clear();
      balancer.status().endpoints().forEach(endpoint -> lines.add(endpoint.toString()));
      return lines;
    }

    private void call(LoadBalancer balancer, Map<String, Integer> counts) {
      try (Attempt attempt = balancer.start(RequestContext.withKey("k" + second % 7))) {
        String id = attempt.server().id();
        counts.merge(id, 1, Integer::sum);
        time.advance(Duration.ofMillis(id.equals("s3") ? 10 : 10 - second % 5));
        if (id.equals("s1") && within(20, 40)) {
          attempt.fail(new IOException("broken"));
        } else if (id.equals("s2") && within(130, 150)) {
          attempt.abandon();
        } else {
          attempt.succeed();
        }
      } catch (NoServerAvailableException e) {
        counts.merge("none", 1, Integer::sum);
      }
    }

    private boolean within(int from, int to) {
      return second >= from && second < to;
    }

    private CompletableFuture<HealthReport> probe(Server server, Duration timeout) {
      return CompletableFuture.completedFuture(
          server.id().equals("s0") && within(70, 90)
              ? HealthReport.unhealthy("down")
              : HealthReport.healthy());
    }

    private final class Switch implements Gate {
      private final String id;

      Switch(String id, Runnable changed) {
        this.id = id;
        Story.this.changed.put(id, changed);
      }

      @Override
      public boolean open() {
        return !(id.equals("s3") && within(160, 180));
      }

      @Override
      public boolean tryAcquire() {
        return true;
      }

      @Override
      public void release(Outcome outcome, long latencyNanos) {}
    }
  }
}
