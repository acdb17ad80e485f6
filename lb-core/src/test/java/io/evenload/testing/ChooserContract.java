package io.evenload.testing;

import static io.evenload.testing.ChooserBench.alike;
import static io.evenload.testing.ChooserBench.servers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.management.ThreadMXBean;
import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every chooser must do, as a JUnit test to extend. The built-in choosers pass it; for one of
 * your own, a whole test is
 *
 * <pre>{@code
 * final class FirstWithRoomTest extends ChooserContract {
 *   @Override
 *   protected Chooser chooser() {
 *     return CustomChooser.FIRST_WITH_ROOM;
 *   }
 *
 *   @Override
 *   protected String ignoresWeights() {
 *     return "fills one server after the other, so that idle ones can be shut down";
 *   }
 * }
 * }</pre>
 *
 * <p>A chooser answers with an endpoint of the very list that it was given, and avoids what the
 * request skips (tried already, or filtered out) unless all is skipped. It shares by weight: of
 * endpoints equal in speed and health each gets half to twice its weight's share, from one call at
 * a time to a load of 0.9. It takes a list or a weight into account as soon as it was prepared for
 * it, and goes on where it was before, so that lists that change at every choice starve nobody. It
 * draws from the random source that it was given alone, shares nothing between balancers, bears
 * many threads, throws nothing, and allocates nothing in {@code choose}. Methods to override say
 * what else it claims to do, and claims are tested too.
 *
 * <p>All is on virtual time and with fixed seeds. Statistical bounds are five standard deviations
 * of independent draws, which a right chooser exceeds with one seed in a million or less.
 */
public abstract class ChooserContract {

  /** What a chooser does with the {@linkplain RequestContext#key() key} of a request. */
  protected enum Keys {
    /** Nothing. */
    IGNORED,
    /** A key keeps the endpoint that it met first, as long as that is in the list. */
    REMEMBERED,
    /**
     * A key's endpoint follows from the list and the servers' configured weights: it is the same
     * for every client, and if one of ten endpoints leaves, less than 2 % of the other keys move.
     */
    HASHED
  }

  private static final int CHOICES = 100_000;
  private static final int KEYS = 4_000;
  private static final List<Outcome> OUTCOMES = List.of(Outcome.values());
  private static final int[] WEIGHTS = {1, 2, 7};
  private static final int[][] SHARED = {{9, 1}, {49, 49, 2}, {100, 100, 100, 100, 4}};
  private static final double[] LOADS = {0.02, 0.3, 0.9};
  private static final double EXPECTED_CALLS = 1_000; // of the lightest

  @SuppressWarnings("unused") // keeps the compiler from leaving out what it would set
  private static volatile int limit;

  /** The chooser under test, as it would be given to {@link LoadBalancer.Builder#chooser}. */
  protected abstract Chooser chooser();

  /**
   * Why the chooser does not share by weight; null, the default, if it does. The claim is tested:
   * if its shares follow the weights after all, the reason has become wrong.
   */
  protected @Nullable String ignoresWeights() {
    return null;
  }

  /** What the chooser does with keys; {@link Keys#IGNORED} by default. */
  protected Keys keys() {
    return Keys.IGNORED;
  }

  /**
   * Whether the chooser prefers endpoints with little in flight; false by default. Then a busy
   * endpoint must get less than its share, and so must one that fails at once and therefore is
   * never busy.
   */
  protected boolean loadAware() {
    return false;
  }

  @Test
  final void choose_singleEndpoint_isThatOne() {
    ChooserBench bench = new ChooserBench(chooser(), 1, servers(5));
    for (int i = 0; i < 100; i++) {
      assertThat(bench.choose(RequestContext.create())).isSameAs(bench.list().get(0));
      assertThat(bench.choose(RequestContext.withKey("k" + i))).isSameAs(bench.list().get(0));
    }
  }

  @Test
  final void choose_weights_sharesFollow() {
    ChooserBench bench = new ChooserBench(chooser(), 2, servers(WEIGHTS));
    assertShares(bench.shares(CHOICES, RequestContext::create), WEIGHTS);
  }

  @Test
  final void choose_manyKeys_sharesFollowTheWeights() {
    ChooserBench bench = new ChooserBench(chooser(), 3, servers(WEIGHTS));
    int[] key = {0};
    assertShares(bench.shares(CHOICES, () -> RequestContext.withKey("key" + key[0]++)), WEIGHTS);
  }

  @Test
  final void prepare_effectiveWeightChanges_sharesFollowAndKeysStay() {
    ChooserBench bench = new ChooserBench(chooser(), 4, servers(10, 10, 10));
    Map<String, Endpoint> homes = keys() == Keys.IGNORED ? Map.of() : homes(bench);
    bench.endpoints.get(0).weight(1);
    bench.prepare(bench.endpoints);

    if (keys() != Keys.HASHED) {
      assertShares(bench.shares(CHOICES, RequestContext::create), 1, 10, 10);
    }
    homes.forEach(
        (key, home) -> assertThat(bench.choose(RequestContext.withKey(key))).isSameAs(home));
  }

  @Test
  final void choose_extremeWeights_answersFromTheList() {
    ChooserBench bench = new ChooserBench(chooser(), 5, servers(1, 1, 1, 1));
    double[] weights = {Double.MIN_VALUE, 1e-300, 1, Double.MAX_VALUE};
    for (int i = 0; i < weights.length; i++) {
      bench.endpoints.get(i).weight(weights[i]);
    }
    bench.prepare(bench.endpoints);
    for (int i = 0; i < 1_000; i++) {
      assertThat(bench.choose(RequestContext.withKey("k" + i))).isNotNull();
      assertThat(bench.choose(RequestContext.create())).isNotNull();
    }
  }

  @Test
  final void choose_filteredOut_isAvoidedAndTheOthersAreReached() {
    ChooserBench bench = new ChooserBench(chooser(), 6, servers(1, 1, 1_000_000, 5, 5, 2));
    Set<String> allowed = Set.of("s3", "s4", "s5");
    Set<String> reached = new HashSet<>();
    for (int i = 0; i < 10_000; i++) {
      for (RequestContext request : List.of(RequestContext.create(), key("k" + i))) {
        reached.add(bench.choose(request.only(s -> allowed.contains(s.id()))).server().id());
      }
    }

    assertThat(allowed).containsAll(reached);
    if (honoursWeights()) {
      assertThat(reached).isEqualTo(allowed);
    }
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  final void choose_allFilteredOut_stillAnswersFromTheList() {
    ChooserBench bench = new ChooserBench(chooser(), 7, servers(1, 2, 3));
    for (int i = 0; i < 100; i++) {
      for (RequestContext request : List.of(RequestContext.create(), key("k" + i))) {
        assertThat(bench.choose(request.only(server -> false))).isNotNull();
      }
    }
  }

  @Test
  @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
  final void choose_tried_isAvoidedUntilAllAre() throws Exception {
    Traffic traffic = new Traffic(chooser(), ServerList.of(servers(9, 1, 5, 1, 1)));
    for (int i = 0; i < 200; i++) {
      RequestContext request = i % 2 == 0 ? RequestContext.create() : key("k" + i);
      List<String> tried = new ArrayList<>();
      for (int attempt = 0; attempt < 8; attempt++) {
        tried.add(traffic.serve(request, Outcome.FAILURE));
      }
      assertThat(tried.subList(0, 5)).doesNotHaveDuplicates();
    }
    traffic.endWithoutFault();
  }

  @Test
  final void prepare_beforeEveryChoice_goesOnWhereItWas() {
    int choices = 1_000;
    ChooserBench bench = new ChooserBench(chooser(), 8, alike(5));
    double[] shares =
        bench.shares(
            choices,
            () -> {
              bench.prepare(bench.endpoints);
              return RequestContext.create();
            });
    if (honoursWeights()) {
      for (double share : shares) {
        assertThat(share)
            .as("a cursor that begins anew with each list favours some of them")
            .isCloseTo(0.2, within(bound(0.2, choices)));
      }
    }
  }

  @Test
  final void prepare_anotherOrderBeforeEveryChoice_nobodyStarves() {
    SeededRandom random = new SeededRandom(20);
    assertNobodyStarves("rotated", list -> Collections.rotate(list, 1));
    assertNobodyStarves("rotated the other way", list -> Collections.rotate(list, -1));
    assertNobodyStarves("reversed", Collections::reverse);
    assertNobodyStarves(
        "shuffled", list -> Collections.shuffle(list, new Random(random.nextLong())));
  }

  @Test
  final void prepare_oneComesAndGoesAtEveryChoice_nobodyStarves() {
    for (int place : new int[] {0, 2, 4}) {
      List<FakeEndpoint> gone = new ArrayList<>();
      assertNobodyStarves(
          "without one every other time",
          list -> {
            if (gone.isEmpty()) {
              gone.add(list.remove(place));
            } else {
              list.add(place, gone.remove(0));
            }
          });
    }
  }

  @Test
  final void choose_alikeAtEveryLoad_sharesAreHalfToTwiceTheWeights() {
    if (!honoursWeights()) {
      return;
    }
    for (int[] weights : SHARED) {
      assertHalfToTwice("one call at a time", weights, service(weights)::oneAtATime);
      for (double load : LOADS) {
        ServiceBench service = service(weights);
        assertHalfToTwice("load " + load, weights, calls -> service.atLoad(load, calls));
      }
    }
  }

  @Test
  final void choose_weightRampsUp_sharesAreHalfToTwiceTheWeights() {
    if (!honoursWeights() || keys() == Keys.HASHED) {
      return;
    }
    for (double load : LOADS) {
      ServiceBench service = service(20, 20, 20, 20);
      double[] expected = new double[4];
      int[] counts = new int[4];
      for (int step = 1; step <= 20; step++) {
        service.weight(3, step);
        int[] ofStep = service.atLoad(load * (60 + step) / 80, 1_000);
        for (int i = 0; i < 4; i++) {
          counts[i] += ofStep[i];
          expected[i] += 1_000.0 * (i == 3 ? step : 20) / (60 + step);
        }
      }
      assertHalfToTwice("load " + load, expected, counts);
    }
  }

  @Test
  final void choose_oneIsFaster_getsAtMostTwiceItsShareWhileIdle() {
    if (!honoursWeights()) {
      return;
    }
    for (int[] weights : SHARED) {
      int light = weights.length - 1;
      double share = weights[light] / (double) IntStream.of(weights).sum();
      int calls = (int) (EXPECTED_CALLS / share);
      int[] counts = new ServiceBench(chooser(), 22, servers(weights), light, 20).oneAtATime(calls);
      assertThat((double) counts[light] / calls)
          .as("share of one that is 20 times as fast, of the weights %s", Arrays.toString(weights))
          .isLessThan(2 * share + bound(2 * share, calls));
    }
  }

  @Test
  final void choose_oneIsSlower_othersKeepTheirSharesAndLoadBlindItToo() {
    if (!honoursWeights()) {
      return;
    }
    for (int[] weights : SHARED) {
      double sum = IntStream.of(weights).sum();
      int light = weights.length - 1;
      int calls = (int) (EXPECTED_CALLS * sum / weights[light]);
      ServiceBench service = new ServiceBench(chooser(), 23, servers(weights), light, 0.5);
      int[] counts = service.atLoad(0.4, calls);
      for (int i = 0; i < weights.length; i++) {
        double ratio = counts[i] / (calls * weights[i] / sum);
        assertThat(ratio)
            .as("times its share, of weight %d", weights[i])
            .isBetween(loadAware() && i == light ? 0 : 0.5, 2.0);
      }
    }
  }

  @Test
  final void prepare_serversComeAndGo_onlyTheLatestAreChosen() throws Exception {
    UpdatableServerList list = new UpdatableServerList(servers(1, 1));
    Traffic traffic = new Traffic(chooser(), list);
    SeededRandom random = new SeededRandom(9);
    List<Attempt> running = new ArrayList<>();
    for (int update = 0; update < 200; update++) {
      List<Server> servers = someServers(random);
      list.update(servers);
      for (int i = 0; i < 10; i++) {
        running.add(traffic.balancer.start(i % 2 == 0 ? RequestContext.create() : key("k" + i)));
        assertThat(servers).contains(running.get(running.size() - 1).server());
        running.remove(random.nextInt(running.size())).succeed();
      }
      traffic.time.advance(Duration.ofMillis(100));
    }
    running.forEach(Attempt::cancel);
    traffic.endWithoutFault();
  }

  @Test
  final void bind_sameSeed_sameChoicesWhateverOtherBalancersDo() {
    Chooser recipe = chooser();
    List<String> alone = new ArrayList<>();
    ChooserBench first = new ChooserBench(recipe, 10, servers(3, 1, 4, 1, 5, 9, 2, 6));
    for (int i = 0; i < 1_000; i++) {
      alone.add(first.choose(RequestContext.create()).server().id());
    }
    ChooserBench second = new ChooserBench(recipe, 10, servers(3, 1, 4, 1, 5, 9, 2, 6));
    ChooserBench other = new ChooserBench(recipe, 11, servers(2, 7));
    for (int i = 0; i < 1_000; i++) {
      other.choose(RequestContext.create());
      assertThat(second.choose(RequestContext.create()).server().id())
          .as("choice %d with the same seed", i)
          .isEqualTo(alone.get(i));
    }
  }

  @Test
  final void track_eachServer_hasATrackerOfItsOwnThatThrowsNothing() {
    Chooser bound = chooser().bind(FakeEnvironment.seeded(12));
    List<Chooser.Tracker> trackers = new ArrayList<>();
    for (Server server : alike(3)) {
      Chooser.Tracker tracker = bound.track(new FakeEndpoint(server, 1));
      if (tracker != null) {
        trackers.add(tracker);
      }
    }
    assertThat(trackers.stream().distinct().count()).isEqualTo(trackers.size());
    for (Chooser.Tracker tracker : trackers) {
      for (long now : new long[] {-1, 0, 1L << 60}) {
        for (Outcome outcome : Outcome.values()) {
          tracker.started(now);
          tracker.ended(outcome, 0, now);
          tracker.started(now);
          tracker.ended(outcome, 1L << 60, now - 5); // clocks of threads differ
        }
      }
    }
  }

  @Test
  final void choose_manyThreadsDuringUpdates_bearsIt() throws Exception {
    UpdatableServerList list = new UpdatableServerList(servers(1, 1));
    Traffic traffic = new Traffic(chooser(), list);
    AtomicBoolean over = new AtomicBoolean();
    List<Callable<Integer>> tasks = new ArrayList<>();
    tasks.add(
        () -> {
          SeededRandom random = new SeededRandom(13);
          for (int i = 0; i < 100; i++) {
            list.update(someServers(random));
          }
          over.set(true);
          return 0;
        });
    for (int thread = 0; thread < 4; thread++) {
      tasks.add(
          () -> {
            int served = 0;
            while (!over.get() || served < 2_000) {
              traffic.serve(RequestContext.create(), Outcome.SUCCESS);
              traffic.serve(key("k" + served % 100), OUTCOMES.get(served % 3));
              served++;
            }
            return served;
          });
    }
    List<Integer> served = Race.run(tasks);

    assertThat(served.subList(1, 5)).allMatch(count -> count >= 2_000);
    traffic.endWithoutFault();
  }

  @Test
  final void choose_prepared_allocatesNothing() {
    ChooserBench bench = new ChooserBench(chooser(), 14, servers(1, 2, 7, 4));
    List<Endpoint> list = bench.list();
    Chooser prepared = bench.prepared();
    for (RequestContext request : List.of(RequestContext.create(), key("k"))) {
      Runnable choice =
          () -> {
            Endpoint chosen = prepared.choose(list, request);
            limit = prepared.inFlightLimit(chosen);
          };
      assertThat(leastBytes(choice)).as("bytes that a choice allocates").isZero();
    }
  }

  @Test
  final void choose_sameKey_sameEndpoint() {
    ChooserBench bench = new ChooserBench(chooser(), 15, servers(1, 2, 7, 1, 1));
    if (keys() == Keys.IGNORED) {
      assertKeysHaveNoInfluence(bench, new ChooserBench(chooser(), 15, servers(1, 2, 7, 1, 1)));
      return;
    }
    Map<String, Endpoint> homes = homes(bench);
    bench.prepare(bench.endpoints);
    homes.forEach(
        (key, home) -> {
          Server server = home.server();
          Endpoint another = bench.choose(key(key).only(s -> !s.equals(server)));
          assertThat(another).as("while its own is skipped").isNotSameAs(home);
          assertThat(bench.choose(key(key))).as("afterwards").isSameAs(home);
        });
  }

  @Test
  final void choose_sameKeyOfAnotherClient_sameEndpointIfHashed() {
    List<Server> servers = servers(1, 2, 7, 1, 1);
    ChooserBench one = new ChooserBench(chooser(), 16, servers);
    Collections.reverse(servers);
    ChooserBench other = new ChooserBench(chooser(), 17, servers);
    int same = 0;
    for (int key = 0; key < KEYS; key++) {
      Endpoint here = one.choose(key("key" + key));
      same += here.server().equals(other.choose(key("key" + key)).server()) ? 1 : 0;
    }
    if (keys() == Keys.HASHED) {
      assertThat(same).as("keys that two clients send to the same server").isEqualTo(KEYS);
    }
  }

  @Test
  final void prepare_endpointLeavesAndReturns_otherKeysStay() {
    ChooserBench bench = new ChooserBench(chooser(), 18, alike(10));
    Map<String, Endpoint> before = homes(bench);
    List<FakeEndpoint> rest = new ArrayList<>(bench.endpoints);
    FakeEndpoint gone = rest.remove(3);
    bench.prepare(rest);
    Map<String, Endpoint> without = homes(bench);
    bench.prepare(bench.endpoints);
    Map<String, Endpoint> after = homes(bench);

    assertThat(without.values()).doesNotContain(gone);
    before.values().removeIf(home -> home == gone);
    if (keys() == Keys.HASHED) {
      assertThat(moved(before, without)).isLessThan(before.size() / 50);
      assertThat(moved(before, after)).isZero();
    } else if (keys() == Keys.REMEMBERED) {
      assertThat(moved(before, without)).isZero();
      assertThat(moved(without, after)).isZero();
    }
  }

  @Test
  final void choose_oneIsBusy_itGetsLessIfLoadAware() {
    ChooserBench bench = new ChooserBench(chooser(), 19, alike(5));
    bench.endpoints.forEach(endpoint -> endpoint.inFlight(1));
    bench.endpoints.get(2).inFlight(20);
    double share = bench.shares(CHOICES, RequestContext::create)[2];
    if (loadAware()) {
      assertThat(share).as("share of the busy one of five").isLessThan(0.2 - bound(0.2, CHOICES));
    } else if (honoursWeights()) {
      assertThat(share)
          .as("share of the busy one of five: if less than its share, it is loadAware()")
          .isCloseTo(0.2, within(bound(0.2, CHOICES)));
    }
  }

  @Test
  final void choose_oneOfTenFailsFast_isNoBlackHole() throws Exception {
    for (int busy : new int[] {1, 10, 100}) {
      Traffic traffic = new Traffic(chooser(), ServerList.of(alike(10)));
      double share = traffic.shareOfOneThatFailsAtOnce(busy);
      if (loadAware()) {
        assertThat(share).as("share of the one that fails at once").isLessThan(0.1);
      } else if (honoursWeights()) {
        assertThat(share).isLessThan(0.1 + bound(0.1, Traffic.CALLS));
      }
      traffic.endWithoutFault();
    }
  }

  private static RequestContext key(String key) {
    return RequestContext.withKey(key);
  }

  private boolean honoursWeights() {
    String reason = ignoresWeights();
    assertThat(reason == null || !reason.isBlank()).as("ignoresWeights() gives a reason").isTrue();
    return reason == null;
  }

  private void assertShares(double[] shares, int... weights) {
    double sum = IntStream.of(weights).sum();
    List<String> off = new ArrayList<>();
    for (int i = 0; i < weights.length; i++) {
      double expected = weights[i] / sum;
      if (Math.abs(shares[i] - expected) > bound(expected, CHOICES)) {
        off.add("s" + i + " has " + shares[i] + " (expected: about " + expected + ")");
      }
    }
    if (honoursWeights()) {
      assertThat(off).as("shares that do not follow the weights; see ignoresWeights()").isEmpty();
    } else {
      assertThat(off).as("shares that bear out: %s", ignoresWeights()).isNotEmpty();
    }
  }

  private ServiceBench service(int... weights) {
    return new ServiceBench(chooser(), 21, servers(weights), -1, 1);
  }

  private static void assertHalfToTwice(String when, int[] weights, IntFunction<int[]> calls) {
    double sum = IntStream.of(weights).sum();
    double lightest = IntStream.of(weights).min().orElseThrow();
    int number = (int) Math.ceil(EXPECTED_CALLS * sum / lightest);
    double[] expected = IntStream.of(weights).mapToDouble(w -> number * w / sum).toArray();
    assertHalfToTwice(when + " of " + Arrays.toString(weights), expected, calls.apply(number));
  }

  private static void assertHalfToTwice(String when, double[] expected, int[] counts) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(counts[i] / expected[i])
          .as("times its share that s%d gets at %s", i, when)
          .isBetween(0.5, 2.0);
    }
  }

  /**
   * Changes the list before every choice; those that are always on it get half to twice their
   * share.
   */
  private void assertNobodyStarves(String how, Consumer<List<FakeEndpoint>> change) {
    if (!honoursWeights()) {
      return;
    }
    ChooserBench bench = new ChooserBench(chooser(), 24, alike(5));
    List<FakeEndpoint> all = List.copyOf(bench.endpoints);
    List<FakeEndpoint> list = new ArrayList<>(all);
    Set<FakeEndpoint> stayed = new HashSet<>(all);
    Map<Endpoint, Integer> counts = new HashMap<>();
    double expected = 0;
    for (int i = 0; i < 600; i++) {
      change.accept(list);
      stayed.retainAll(list);
      bench.prepare(list);
      counts.merge(bench.choose(RequestContext.create()), 1, Integer::sum);
      expected += 1.0 / list.size();
    }
    for (FakeEndpoint endpoint : stayed) {
      assertThat(counts.getOrDefault(endpoint, 0) / expected)
          .as("times its share that %s gets of lists that are %s", endpoint, how)
          .isBetween(0.5, 2.0);
    }
  }

  /** Five standard deviations of a share of independent draws. */
  private static double bound(double share, int choices) {
    return 5 * Math.sqrt(share * (1 - share) / choices);
  }

  private static void assertKeysHaveNoInfluence(ChooserBench keyed, ChooserBench keyless) {
    for (int i = 0; i < 1_000; i++) {
      assertThat(keyed.choose(key("key" + i)).server())
          .as("what a key is given; see keys()")
          .isEqualTo(keyless.choose(RequestContext.create()).server());
    }
  }

  private static Map<String, Endpoint> homes(ChooserBench bench) {
    Map<String, Endpoint> homes = new HashMap<>();
    for (int i = 0; i < KEYS; i++) {
      homes.put("key" + i, bench.choose(key("key" + i)));
    }
    return homes;
  }

  private static long moved(Map<String, Endpoint> before, Map<String, Endpoint> after) {
    return before.entrySet().stream()
        .filter(home -> after.get(home.getKey()) != home.getValue())
        .count();
  }

  /** Some of twelve servers of weights 1 to 5; the first two always. */
  private static List<Server> someServers(SeededRandom random) {
    List<Server> all = servers(random.ints(12, 1, 6).toArray());
    return all.stream()
        .filter(server -> server.id().matches("s[01]") || random.nextInt(3) > 0)
        .toList();
  }

  /**
   * The bytes that one call allocates, rounded down: of many rounds the least, for whatever the
   * virtual machine allocates besides, such as to link a call site, it does not do in all of them.
   */
  private static long leastBytes(Runnable call) {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    assumeTrue(threads.isThreadAllocatedMemorySupported(), "the JVM counts allocated bytes");
    int calls = 10_000;
    long thread = Thread.currentThread().getId();
    long least = Long.MAX_VALUE;
    for (int round = 0; round < 30; round++) {
      long before = threads.getThreadAllocatedBytes(thread);
      for (int i = 0; i < calls; i++) {
        call.run();
      }
      least = Math.min(least, threads.getThreadAllocatedBytes(thread) - before);
    }
    return least / calls;
  }

  /** A balancer on virtual time whose chooser is watched. */
  private static final class Traffic {
    static final int CALLS = 20_000;
    private static final long LATENCY = 100_000_000;
    private static final long FAILURE_LATENCY = 100_000;

    final VirtualTime time = new VirtualTime();
    final SeededRandom random = new SeededRandom(31);
    final LoadBalancer balancer;
    private final WatchedChooser chooser;

    Traffic(Chooser chooser, ServerList servers) {
      this.chooser = new WatchedChooser(chooser);
      balancer =
          LoadBalancer.builder("traffic")
              .servers(servers)
              .chooser(this.chooser)
              .nanoTime(time)
              .random(random)
              .scheduler(time)
              .leakSampling(0)
              .withoutOutlierDetection() // the chooser alone has to notice
              .build();
    }

    /** One attempt that ends at once; returns the server's id. */
    String serve(RequestContext request, Outcome outcome) throws NoServerAvailableException {
      Attempt attempt = balancer.start(request);
      attempt.end(outcome, null);
      return attempt.server().id();
    }

    /**
     * The share that {@code s3} gets of calls at a fixed pace that take 50 to 150 ms, and there 0.1
     * ms to a failure. Nine servers have this many in flight on average.
     */
    double shareOfOneThatFailsAtOnce(int busy) throws NoServerAvailableException {
      int failing = 0;
      for (int i = 0; i < CALLS; i++) {
        Attempt attempt = balancer.start();
        boolean fails = attempt.server().id().equals("s3");
        failing += fails ? 1 : 0;
        long after = fails ? FAILURE_LATENCY : LATENCY / 2 + random.nextLong(LATENCY);
        Outcome outcome = fails ? Outcome.FAILURE : Outcome.SUCCESS;
        Future<?> unused =
            time.schedule(() -> attempt.end(outcome, null), after, TimeUnit.NANOSECONDS);
        time.advance(Duration.ofNanos(LATENCY / (9L * busy)));
      }
      time.advance(Duration.ofNanos(2 * LATENCY));
      return (double) failing / CALLS;
    }

    void endWithoutFault() {
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
      balancer.close();
      assertThat(chooser.faults()).isEmpty();
    }
  }
}
