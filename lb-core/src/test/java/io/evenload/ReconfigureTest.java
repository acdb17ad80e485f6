package io.evenload;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import io.evenload.health.SlowStart;
import io.evenload.limit.ConcurrencyLimits;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGate;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Options that change while the balancer runs, on virtual time. */
final class ReconfigureTest {

  private final World world = new World(211);
  private final UpdatableServerList list = new UpdatableServerList(World.servers("a", "b", "c"));
  private final Set<String> unwell = new HashSet<>();
  private final List<String> probed = new ArrayList<>();
  private LoadBalancer balancer = world.balancer(list).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void reconfigure_nothingSet_leavesAllAsItIs() throws Exception {
    fail("b", 5);
    world.time.runDue();
    LoadBalancerStatus before = balancer.status();
    balancer.reconfigure(options -> {});

    assertThat(balancer.status()).isEqualTo(before);
    assertThat(status("b").state()).isEqualTo(EndpointState.EJECTED);
  }

  @Test
  void chooser_another_choosesFromNowOnAndKeepsWhatIsKnownOfEndpoints() throws Exception {
    Attempt running = startAt("b");
    world.time.advance(ofMillis(40));
    succeed("c", ofMillis(7));
    fail("c", 1);
    balancer.admin().drain("a");
    LoadBalancerStatus before = balancer.status();
    balancer.reconfigure(options -> options.chooser((eligible, request) -> eligible.get(1)));

    assertThat(balancer.status()).isEqualTo(before);
    assertThat(status("b").inFlight()).isEqualTo(1);
    assertThat(status("c").latencyNanos()).isPositive();
    assertThat(status("c").failureRate()).isPositive();
    for (int i = 0; i < 20; i++) {
      assertThat(chosen()).isEqualTo("c");
    }
    running.succeed();
    assertThat(status("b").inFlight()).isZero();
    assertThat(status("b").latencyNanos()).isCloseTo(47e6, within(1e6));
  }

  @Test
  void chooser_theSame_isNotBoundOrPreparedAgain() {
    List<String> calls = new ArrayList<>();
    Chooser chooser =
        new Chooser() {
          @Override
          public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
            return eligible.get(0);
          }

          @Override
          public Chooser bind(Environment environment) {
            calls.add("bind");
            return this;
          }

          @Override
          public Chooser prepare(List<Endpoint> eligible) {
            calls.add("prepare " + eligible.size());
            return this;
          }
        };
    balancer.reconfigure(options -> options.chooser(chooser));
    balancer.reconfigure(options -> options.chooser(chooser).panicThreshold(.2));
    balancer.reconfigure(options -> {});

    assertThat(calls).containsExactly("bind", "prepare 3");
  }

  @Test
  void chooser_withALimitOfItsOwnWhileManyAreInFlight_refusesNone() throws Exception {
    List<Attempt> running = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      running.add(balancer.start());
    }
    balancer.reconfigure(options -> options.chooser(Choosers.boundedLoad(1.25)));
    for (int i = 0; i < 30; i++) {
      running.add(balancer.start(RequestContext.withKey("k" + i)));
    }
    balancer.reconfigure(options -> options.chooser(Choosers.leastLoaded()));
    running.forEach(Attempt::succeed);

    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      balancer.reconfigure(options -> options.chooser(Choosers.boundedLoad(1.25)));
      balancer.start(RequestContext.withKey("k")).succeed();
      assertThat(log.messages()).isEmpty();
    }
  }

  @Test
  void chooser_twiceChangedWhileAServerIsAway_takesItBackIntoOneGroup() throws Exception {
    Chooser first = Choosers.roundRobin();
    balancer.reconfigure(options -> options.chooser(first));
    Attempt running = startAt("c");
    list.update(World.servers("a", "b"));
    balancer.reconfigure(options -> options.chooser(Choosers.random()));
    balancer.reconfigure(options -> options.chooser(first));
    list.update(World.servers("a", "b", "c"));

    assertThat(balancer.status().groups())
        .containsExactly(new LoadBalancerStatus.GroupStatus(0, null, 1, 3));
    assertThat(status("c").inFlight()).isEqualTo(1);
    assertThat(chosenOf(6)).containsOnly(Map.entry("a", 2), Map.entry("b", 2), Map.entry("c", 2));
    running.cancel();
  }

  @Test
  void panicThreshold_raised_beginsPanicAtOnce() throws Exception {
    list.update(World.servers(10));
    for (int i = 0; i < 6; i++) {
      balancer.admin().drain("s" + i); // not counted: they are not meant for traffic
    }
    list.update(World.servers(10));
    balancer.reconfigure(options -> options.panicThreshold(0));
    OutlierDetection many = OutlierDetection.builder().maxEjectionPercent(100).build();
    balancer.admin().undrain("s0");
    balancer.reconfigure(options -> options.outlierDetection(many));
    for (String id : List.of("s0", "s6", "s7")) {
      fail(id, 5);
      world.time.runDue();
    }
    assertThat(balancer.status().panic()).isFalse();
    balancer.reconfigure(options -> options.panicThreshold(.5));
    assertThat(balancer.status().panic()).isTrue();
    balancer.reconfigure(options -> options.panicThreshold(.4));

    assertThat(balancer.status().panic()).isFalse();
  }

  @Test
  void emptyListGrace_shortened_endsTheGraceThatRuns() {
    list.update(List.of());
    world.time.advance(ofMinutes(2));
    balancer.reconfigure(options -> options.emptyListGrace(ofMinutes(3)));
    assertThat(list()).hasSize(3);
    balancer.reconfigure(options -> options.emptyListGrace(ofMinutes(1)));
    assertThat(list()).isEmpty();
    list.update(World.servers("a"));
    balancer.reconfigure(options -> options.emptyListGrace(Duration.ZERO));
    list.update(List.of());

    assertThat(list()).isEmpty();
  }

  @Test
  void gate_setAndLeftOut_comesAndGoesWithoutDisturbingAttempts() throws Exception {
    Attempt before = startAt("a");
    Gate.Factory limit = ConcurrencyLimits.fixed(1);
    balancer.reconfigure(options -> options.gate(limit));
    List<Attempt> running = List.of(balancer.start(), balancer.start(), balancer.start());
    before.succeed(); // it has acquired nothing, and gives nothing back
    assertThat(refusal()).isEqualTo("orders: no server available (3 known: 3 at its limit)");
    balancer.reconfigure(options -> options.panicThreshold(.1));
    assertThat(refusal()).as("the same gates, still full").contains("3 at its limit");
    balancer.reconfigure(LoadBalancer.Builder::withoutGates);
    Attempt after = balancer.start();
    running.forEach(Attempt::succeed);
    after.cancel();

    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  @Test
  void gate_leftOut_isClosedAndItsEndpointEligibleAgain() {
    one();
    FakeGate gate = new FakeGate().setOpen(false);
    FakeGate added = new FakeGate();
    balancer.wiring().addGate(added.factory());
    balancer.reconfigure(options -> options.gate(gate.factory()));
    assertThat(status("a").state()).isEqualTo(EndpointState.BREAKER_OPEN);
    balancer.reconfigure(LoadBalancer.Builder::withoutGates);

    assertThat(status("a").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(gate.closes).hasValue(1);
    assertThat(added.closes).as("not the balancer's to leave out").hasValue(0);
  }

  @Test
  void removeGate_addedOne_takesItBackWhileAttemptsRun() throws Exception {
    one();
    FakeGate gate = new FakeGate();
    Gate.Factory factory = gate.factory();
    balancer.wiring().addGate(factory);
    Attempt attempt = balancer.start();
    gate.change(false);
    world.time.runDue();
    balancer.wiring().removeGate(factory);
    balancer.wiring().removeGate(factory);

    assertThat(status("a").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(gate.closes).hasValue(1);
    attempt.succeed();
    assertThat(gate.releases).containsExactly(Outcome.SUCCESS);
  }

  @Test
  void healthCheck_turnedOn_asksAndTakesThoseInUseForHealthyUntilThen() {
    unwell.add("b");
    balancer.reconfigure(options -> options.healthCheck(check(ofSeconds(10)).build()));
    assertThat(world.events.states).isEmpty();
    world.time.advance(ofSeconds(5));

    assertThat(probed).contains("a", "b", "c");
    assertThat(world.events.states)
        .containsExactly("b: ELIGIBLE to UNHEALTHY (3 probes failed, the last: down)");
  }

  @Test
  void healthCheck_another_keepsTheVerdictsAndTheStreaks() {
    unwell.add("b");
    balancer.reconfigure(options -> options.healthCheck(check(ofSeconds(10)).build()));
    world.time.advance(ofSeconds(5));
    EndpointStatus unhealthy = status("b");
    balancer.reconfigure(options -> options.healthCheck(check(ofSeconds(2)).build()));
    assertThat(status("b")).isEqualTo(unhealthy);
    unwell.clear();
    world.time.advance(ofSeconds(3));

    assertThat(status("b").state()).as("after two good answers").isEqualTo(EndpointState.ELIGIBLE);
  }

  @Test
  void healthCheck_shorterInterval_hastensTheNextProbe() {
    balancer.reconfigure(options -> options.healthCheck(check(ofHours(1)).build()));
    world.time.advance(ofHours(2));
    probed.clear();
    balancer.reconfigure(options -> options.healthCheck(check(ofSeconds(2)).build()));
    world.time.advance(ofSeconds(3));

    assertThat(new TreeSet<>(probed)).containsExactly("a", "b", "c");
  }

  @Test
  void healthCheck_changedFasterThanItsInterval_isNotPutOff() {
    for (int i = 0; i < 60; i++) {
      balancer.reconfigure(options -> options.healthCheck(check(ofSeconds(10)).build()));
      world.time.advance(ofSeconds(1));
    }

    for (String id : List.of("a", "b", "c")) {
      assertThat(probed).filteredOn(id::equals).hasSizeGreaterThanOrEqualTo(4);
    }
  }

  @Test
  void withoutHealthCheck_unhealthyServer_isEligibleAndAskedNoMore() {
    unwell.add("b");
    balancer.reconfigure(options -> options.healthCheck(check(ofSeconds(1)).build()));
    world.time.advance(ofSeconds(10));
    balancer.reconfigure(LoadBalancer.Builder::withoutHealthCheck);
    probed.clear();
    world.time.advance(ofMinutes(1));

    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(probed).isEmpty();
    assertThat(world.time.pending()).as("the tick alone").isEqualTo(1);
  }

  @Test
  void outlierDetection_another_keepsEjectionsAndCounts() throws Exception {
    fail("b", 5);
    world.time.runDue();
    fail("c", 4);
    EndpointStatus ejected = status("b");
    OutlierDetection two =
        OutlierDetection.builder().maxEjectionPercent(100).consecutiveFailures(2).build();
    balancer.reconfigure(options -> options.outlierDetection(two));
    assertThat(status("b")).isEqualTo(ejected);
    world.time.advance(ofSeconds(2));

    assertThat(world.events.states)
        .last()
        .asString()
        .startsWith("c: ELIGIBLE to EJECTED (4 failures in a row");
  }

  @Test
  void outlierDetection_changedFasterThanItsInterval_stillJudgesTheInterval() throws Exception {
    for (int i = 0; i < 12; i++) {
      balancer.reconfigure(
          options ->
              options.outlierDetection(OutlierDetection.builder().consecutiveFailures(0).build()));
      for (int attempt = 0; attempt < 30; attempt++) {
        succeed("a", Duration.ZERO);
        fail("b", 1);
        succeed("c", Duration.ZERO);
      }
      world.time.advance(ofSeconds(1));
    }

    assertThat(status("b").reason()).startsWith("100 % of ");
  }

  @Test
  void withoutOutlierDetection_ejectedServer_comesBackAtOnceAndStartsAnew() throws Exception {
    fail("b", 5);
    world.time.runDue();
    balancer.reconfigure(LoadBalancer.Builder::withoutOutlierDetection);
    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    fail("b", 100);
    world.time.advance(ofSeconds(30));
    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    balancer.reconfigure(options -> options.outlierDetection(OutlierDetection.defaults()));
    world.time.advance(ofSeconds(30));

    assertThat(status("b").state()).as("failures of before").isEqualTo(EndpointState.ELIGIBLE);
    fail("b", 5);
    world.time.runDue();
    assertThat(status("b").reason()).matches("5 failures in a row, for (2[7-9]|30) s");
  }

  @Test
  void locality_onAndOff_regroups() {
    list.update(List.of(inZone("a", "east"), inZone("b", "east"), inZone("c", "west")));
    balancer.reconfigure(
        options -> options.locality(Locality.builder("east").strict(true).build()));
    assertThat(chosenOf(60)).containsOnlyKeys("a", "b");
    balancer.reconfigure(LoadBalancer.Builder::withoutLocality);

    assertThat(chosenOf(60)).containsOnlyKeys("a", "b", "c");
    assertThat(balancer.status().groups()).hasSize(1);
  }

  @Test
  void subset_onAndOff_opensAndClosesServers() throws Exception {
    list.update(World.servers(40));
    succeed("s7", ofMillis(9));
    Subset tenth = Subset.builder(3, 10).size(4).build();
    balancer.reconfigure(options -> options.subset(tenth));
    assertThat(chosenOf(200)).hasSizeBetween(4, 5);
    balancer.reconfigure(LoadBalancer.Builder::withoutSubset);

    assertThat(chosenOf(2_000)).hasSize(40);
    assertThat(balancer.status().endpoints())
        .filteredOn(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
        .hasSize(40)
        .allMatch(endpoint -> endpoint.weight() == 1);
    assertThat(status("s7").latencyNanos()).isPositive();
  }

  @Test
  void slowStart_anotherWindow_goesOnFromWhereTheServerIs() {
    balancer.reconfigure(options -> options.slowStart(linear(ofSeconds(100))));
    list.update(World.servers("a", "b", "c", "d"));
    world.time.advance(ofSeconds(20));
    assertThat(status("d").weight()).isCloseTo(.2, within(1e-9));
    balancer.reconfigure(options -> options.slowStart(linear(ofSeconds(40))));
    assertThat(status("d").weight()).isCloseTo(.5, within(1e-9));
    world.time.advance(ofSeconds(10));
    assertThat(status("d").weight()).isCloseTo(.75, within(1e-9));
    balancer.reconfigure(options -> options.slowStart(linear(ofHours(1))));
    world.time.advance(ofSeconds(20));
    balancer.reconfigure(options -> options.slowStart(linear(ofSeconds(100))));
    assertThat(status("d").weight()).isCloseTo(.5, within(1e-9));
    world.time.advance(ofSeconds(20)); // by steps of the new window, not of the hour
    assertThat(status("d").weight()).isCloseTo(.7, within(1e-9));
    balancer.reconfigure(LoadBalancer.Builder::withoutSlowStart);

    assertThat(status("d").weight()).isEqualTo(1);
    world.time.advance(ofMinutes(3)); // a step of the longest window
    assertThat(world.time.pending()).as("the tick alone").isEqualTo(1);
  }

  @Test
  void slowStartAfterEjections_again_isForThoseThatWereEjectedAlone() throws Exception {
    balancer.reconfigure(options -> options.slowStart(linear(ofSeconds(100))));
    balancer.reconfigure(LoadBalancer.Builder::slowStartAfterEjections);
    list.update(World.servers("a", "b", "c", "d"));
    assertThat(status("d").weight()).isEqualTo(1);
    fail("b", 5);
    world.time.runDue();
    assertThat(status("b").state()).isEqualTo(EndpointState.EJECTED);
    while (status("b").state() == EndpointState.EJECTED) {
      world.time.advance(ofSeconds(1));
    }
    double weight = status("b").weight();
    assertThat(weight).isLessThan(.2);
    balancer.reconfigure(LoadBalancer.Builder::slowStartAfterEjections);

    assertThat(status("b").weight()).isEqualTo(weight);
    world.time.advance(ofSeconds(31));
    assertThat(status("b").weight()).isEqualTo(1);
  }

  @Test
  void leakSampling_turnedOn_findsLeaksFromNowOn() throws Exception {
    startAt("a");
    balancer.reconfigure(options -> options.leakSampling(1));
    startAt("b");
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      while (balancer.status().leakedAttempts() == 0) {
        System.gc();
        world.time.advance(ofSeconds(1));
      }

      assertThat(log.messages())
          .containsExactly(
              "orders: an attempt at b was never ended: call succeed(), fail(), cancel() or"
                  + " close() on each (1 found; 1 attempt in 1 is watched)");
    }
  }

  static List<Map.Entry<String, Consumer<LoadBalancer.Builder>>> fixedOptions() {
    return List.of(
        Map.entry("servers", options -> options.servers(ServerList.of())),
        Map.entry("listener", options -> options.listener(new LoadBalancerListener() {})),
        Map.entry("nanoTime", options -> options.nanoTime(() -> 0)),
        Map.entry("random", options -> options.random(() -> 0)),
        Map.entry("scheduler", options -> options.scheduler(new World(1).time)),
        Map.entry("build", LoadBalancer.Builder::build));
  }

  @ParameterizedTest
  @MethodSource("fixedOptions")
  void fixedOption_set_isRefusedByNameAndNothingChanges(
      Map.Entry<String, Consumer<LoadBalancer.Builder>> option) throws Exception {
    fail("b", 5);
    world.time.runDue();
    LoadBalancerStatus before = balancer.status();
    assertThatIllegalArgumentException()
        .isThrownBy(
            () ->
                balancer.reconfigure(
                    options -> option.getValue().accept(options.withoutOutlierDetection())))
        .withMessage(
            option.getKey() + ": set on a running balancer (expected: before build() only)");

    assertThat(balancer.status()).isEqualTo(before);
  }

  @Test
  void reconfigure_badValueOrAnythingThrown_isPassedOnAndNothingChanges() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.reconfigure(o -> o.withoutSlowStart().panicThreshold(2)))
        .withMessage("panicThreshold: 2.0 (expected: 0 to 1)");
    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                balancer.reconfigure(
                    options -> {
                      options.chooser((eligible, request) -> eligible.get(0));
                      throw new IllegalStateException("cannot read the file");
                    }));

    assertThat(chosenOf(100)).hasSize(3);
    balancer.reconfigure(options -> options.chooser((eligible, request) -> eligible.get(0)));
    assertThat(chosenOf(20)).containsOnlyKeys("a");
  }

  @Test
  void reconfigure_closedBalancer_checksValuesAndDoesNothing() {
    balancer.close();
    LoadBalancerStatus closed = balancer.status();
    balancer.reconfigure(options -> options.healthCheck(check(ofSeconds(1)).build()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> balancer.reconfigure(options -> options.panicThreshold(-1)));
    world.time.advance(ofMinutes(1));

    assertThat(balancer.status()).isEqualTo(closed);
    assertThat(probed).isEmpty();
    assertThat(world.time.pending()).isZero();
  }

  @Test
  void reconfigure_fromAListener_takesEffect() {
    balancer
        .wiring()
        .addListener(
            new LoadBalancerListener() {
              @Override
              public void serversChanged(ServersChanged event) {
                balancer.reconfigure(options -> options.chooser((all, request) -> all.get(0)));
              }
            });
    list.update(World.servers("x", "y"));

    assertThat(chosenOf(20)).containsOnlyKeys("x");
  }

  @Test
  void reconfigure_severalOptions_publishesOneSnapshot() {
    list.update(World.servers(10));
    List<Integer> prepared = new ArrayList<>();
    Chooser chooser =
        new Chooser() {
          @Override
          public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
            return eligible.get(0);
          }

          @Override
          public Chooser prepare(List<Endpoint> eligible) {
            prepared.add(eligible.size());
            return this;
          }
        };
    balancer.reconfigure(
        options ->
            options
                .chooser(chooser)
                .subset(Subset.builder(0, 5).size(2).build())
                .locality(Locality.of("east"))
                .gate(ConcurrencyLimits.fixed(3))
                .slowStart(linear(ofSeconds(9)))
                .healthCheck(check(ofSeconds(9)).build())
                .withoutOutlierDetection());

    assertThat(prepared).hasSize(1);
    assertThat(prepared.get(0)).isBetween(2, 3);
  }

  /** Lets a balancer of one server be the one under test, since a fake gate is of one endpoint. */
  private void one() {
    balancer.close();
    balancer = world.balancer(World.server("a")).build();
  }

  private HealthCheck.Builder check(Duration interval) {
    return HealthCheck.builder(this::probe).interval(interval).fastInterval(ofSeconds(1));
  }

  private CompletionStage<HealthReport> probe(Server server, Duration timeout) {
    probed.add(server.id());
    return CompletableFuture.completedFuture(
        unwell.contains(server.id()) ? HealthReport.unhealthy("down") : HealthReport.healthy());
  }

  private static SlowStart linear(Duration window) {
    return SlowStart.builder().window(window).aggression(1).minShare(.01).build();
  }

  private static Server inZone(String id, String zone) {
    return Server.builder(id, 80).id(id).zone(zone).build();
  }

  private Attempt startAt(String id) throws NoServerAvailableException {
    return balancer.start(RequestContext.create().only(server -> server.id().equals(id)));
  }

  private void succeed(String id, Duration took) throws NoServerAvailableException {
    Attempt attempt = startAt(id);
    world.time.advance(took);
    attempt.succeed();
  }

  private void fail(String id, int times) throws NoServerAvailableException {
    for (int i = 0; i < times; i++) {
      startAt(id).fail(null);
    }
  }

  private String chosen() {
    try (Attempt attempt = balancer.start()) {
      return attempt.server().id();
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }
  }

  private Map<String, Integer> chosenOf(int attempts) {
    return IntStream.range(0, attempts)
        .mapToObj(i -> chosen())
        .collect(Collectors.toMap(id -> id, id -> 1, Integer::sum));
  }

  private String refusal() {
    try (Attempt attempt = balancer.start()) {
      return "started at " + attempt.server().id();
    } catch (NoServerAvailableException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private EndpointStatus status(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private List<String> list() {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() != EndpointState.DRAINING)
        .map(endpoint -> endpoint.server().id())
        .toList();
  }
}
