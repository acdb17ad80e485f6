package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.Race;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is expected to take how long. */
final class ShortestExpectedDelayTest {

  private static final int CHOICES = 100_000;
  private static final double MILLI = 1e6;

  private final VirtualTime time = new VirtualTime();
  private final Chooser bound =
      Choosers.shortestExpectedDelay().bind(new FakeEnvironment(time, new SeededRandom(5)));
  private final List<FakeEndpoint> endpoints = new ArrayList<>();
  private List<Endpoint> list = List.of();
  private Chooser prepared = bound;

  @Test
  void choose_equallyBusy_takesTheFastestOfThoseInTrouble() {
    latencies(80, 40, 10, 90);
    inFlight(2, 2, 2, 2);

    assertThat(counts()).containsExactly(0, 0, CHOICES, 0);
  }

  /** Each is called once in ten seconds, in which its failures and its latency are forgotten. */
  @Test
  void choose_fewCallsToManyOfWhichHalfAreDead_mostGoToTheLive() throws Exception {
    UpdatableServerList servers = new UpdatableServerList();
    servers.update(IntStream.range(0, 40).mapToObj(i -> Server.of("s" + i, 80)).toList());
    LoadBalancer balancer =
        time.drive(LoadBalancer.builder("few"))
            .random(new SeededRandom(7))
            .servers(servers)
            .chooser(Choosers.shortestExpectedDelay())
            .build();
    SplittableRandom random = new SplittableRandom(8);
    int dead = 0;
    int calls = 1_200;
    for (int call = 0; call < calls; call++) {
      Attempt attempt = balancer.start(RequestContext.create());
      boolean refused = Integer.parseInt(attempt.server().host().substring(1)) % 2 == 0;
      time.advance(Duration.ofMillis(refused ? 1 : 5 + random.nextInt(10)));
      attempt.end(refused ? Outcome.REFUSED : Outcome.SUCCESS, null);
      dead += refused && call >= 200 ? 1 : 0;
      time.advance(Duration.ofMillis(random.nextInt(500)));
    }
    balancer.close();
    assertThat(dead).isLessThan((calls - 200) / 4);
  }

  @Test
  void choose_equallyFast_takesTheLeastBusy() {
    latencies(10, 10, 10, 10);
    inFlight(3, 4, 1, 2);

    assertThat(counts()).containsExactly(0, 0, CHOICES, 0);
  }

  @Test
  void choose_fourTimesSlower_takesItWhenOthersHaveTwiceTheAttempts() {
    latencies(10, 10, 40);
    inFlight(8, 9, 3); // 9 is more than twice 4

    assertThat(counts()).containsExactly(0, 0, CHOICES);
    inFlight(6, 9, 3); // 7 is less
    assertThat(counts()).containsExactly(CHOICES, 0, 0);
  }

  @Test
  void choose_differencesOfChance_countNothing() {
    latencies(10, 11, 9, 10, 12);
    inFlight(1, 1, 1, 1, 1);

    for (int count : counts()) {
      assertThat(count / (double) CHOICES).isCloseTo(0.2, within(0.0064)); // 5 sd
    }
  }

  @Test
  void choose_idleAndOneMuchFaster_getsItsShareAlone() {
    latencies(10, 10, 10, 10, 0.5);

    for (int count : counts()) {
      assertThat(count / (double) CHOICES).isCloseTo(0.2, within(0.0064)); // 5 sd
    }
  }

  @Test
  void choose_idleAndOneMuchSlower_isLeftOut() {
    latencies(10, 10, 10, 10, 100);

    assertThat(counts()[4]).isZero();
  }

  @Test
  void choose_withoutAnAnswerYet_countsAsUsual() {
    latencies(10, 10, 10, Double.NaN);

    assertThat(counts()[3] / (double) CHOICES).isCloseTo(0.25, within(0.0069)); // 5 sd
  }

  @Test
  void ended_oneBeginsToFail_isLeftOutAtOnce() {
    latencies(10, 10, 10);
    endpoints.get(1).failureRate(0.3);
    ended(1);

    assertThat(counts()[1]).isZero();
  }

  @Test
  void ended_timeouts_countByTheirLatencyAlone() {
    latencies(10, 10, 10);
    inFlight(1, 1, 1);
    endpoints.get(1).failureRate(0.3);
    Chooser.Tracker tracker = endpoints.get(1).tracker();
    assertThat(tracker).isNotNull();
    for (int i = 0; i < 3; i++) {
      tracker.ended(Outcome.TIMED_OUT, 1_000_000_000, time.getAsLong());
    }
    assertThat(counts()[1] / (double) CHOICES).isCloseTo(1 / 3.0, within(0.0075)); // 5 sd

    for (int i = 0; i < 3; i++) {
      tracker.ended(Outcome.FAILURE, 1_000, time.getAsLong());
    }
    assertThat(counts()[1]).isZero();
  }

  @Test
  void ended_slower_countsAtOnceAndTheMedianSoon() {
    latencies(10, 10, 10);
    inFlight(1, 1, 1);
    endpoints.get(2).latencyNanos(100 * MILLI);
    ended(2);
    assertThat(counts()[2]).isZero();

    endpoints.get(0).latencyNanos(100 * MILLI);
    endpoints.get(1).latencyNanos(100 * MILLI);
    time.advance(Duration.ofMillis(100));
    ended(0);
    assertThat(counts()[2] / (double) CHOICES).isCloseTo(1 / 3.0, within(0.0075)); // 5 sd
  }

  @Test
  void prepare_again_goesOnWithTheNewList() {
    latencies(10, 10, 10);
    inFlight(1, 1, 1);
    endpoints.remove(0);
    prepare();
    endpoints.get(1).latencyNanos(100 * MILLI);
    ended(1);

    assertThat(counts()).containsExactly(CHOICES, 0);
  }

  @Test
  void choose_bestIsSkipped_takesTheSecond() {
    latencies(10, 10, 10, 10);
    inFlight(3, 4, 1, 2);
    RequestContext request = RequestContext.create().only(server -> !server.host().equals("s2"));

    assertThat(prepared.choose(list, request)).isSameAs(endpoints.get(3));
  }

  @ParameterizedTest
  @ValueSource(ints = {33, 200, 1_000})
  void choose_many_takesTheBestOfEight(int n) {
    double[] millis = new double[n];
    for (int i = 0; i < n; i++) {
      millis[i] = 10;
    }
    latencies(millis);
    for (int i = 0; i < n; i++) {
      endpoints.get(i).inFlight(i + 1);
    }
    int[] counts = counts();
    int lowerHalf = 0;
    for (int i = 0; i < (n + 1) / 2; i++) {
      lowerHalf += counts[i];
    }

    // None of eight is in the lower half once in 2^8 times.
    assertThat(1 - lowerHalf / (double) CHOICES).isCloseTo(1 / 256.0, within(0.0015));
  }

  @Test
  void choose_whileAttemptsEndAndListsChange_answersFromTheList() throws Exception {
    latencies(new double[40]);
    List<Callable<Integer>> tasks = new ArrayList<>();
    for (int thread = 0; thread < 4; thread++) {
      SeededRandom random = new SeededRandom(thread);
      boolean prepares = thread == 0;
      tasks.add(
          () -> {
            for (int i = 0; i < 20_000; i++) {
              int place = random.nextInt(40);
              FakeEndpoint endpoint = endpoints.get(place);
              endpoint.latencyNanos(random.nextInt(100) * MILLI).failureRate(random.nextDouble());
              ended(place);
              List<Endpoint> mine = List.copyOf(endpoints);
              Chooser own = prepares && i % 100 == 0 ? bound.prepare(mine) : prepared;
              List<Endpoint> given = own == prepared ? list : mine;
              assertThat(given).contains(own.choose(given, RequestContext.create()));
            }
            return 0;
          });
    }
    assertThat(Race.run(tasks)).containsOnly(0);

    prepare(); // and what it says then is right
    endpoints.forEach(endpoint -> endpoint.latencyNanos(10 * MILLI).failureRate(0).inFlight(2));
    endpoints.get(7).inFlight(1);
    time.advance(Duration.ofMillis(100));
    for (int i = 0; i < 40; i++) {
      ended(i);
    }
    prepare();
    int best = 0;
    for (int i = 0; i < 1_000; i++) {
      best += prepared.choose(list, RequestContext.create()) == endpoints.get(7) ? 1 : 0;
    }
    assertThat(best).isBetween(100, 300); // one of eight draws of forty
  }

  private void latencies(double... millis) {
    for (double one : millis) {
      FakeEndpoint endpoint = new FakeEndpoint(World.server("s" + endpoints.size()), 1);
      endpoint.latencyNanos(one * MILLI);
      endpoints.add(endpoint.tracker(bound.track(endpoint)));
    }
    prepare();
  }

  private void inFlight(int... attempts) {
    for (int i = 0; i < attempts.length; i++) {
      endpoints.get(i).inFlight(attempts[i]);
    }
  }

  private void prepare() {
    list = Collections.unmodifiableList(new ArrayList<>(endpoints));
    prepared = bound.prepare(list);
  }

  private void ended(int index) {
    Chooser.Tracker tracker = endpoints.get(index).tracker();
    assertThat(tracker).isNotNull();
    tracker.ended(Outcome.SUCCESS, 1, time.getAsLong());
  }

  private int[] counts() {
    int[] counts = new int[endpoints.size()];
    for (int i = 0; i < CHOICES; i++) {
      counts[endpoints.indexOf(prepared.choose(list, RequestContext.create()))]++;
    }
    return counts;
  }
}
