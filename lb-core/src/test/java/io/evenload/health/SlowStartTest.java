package io.evenload.health;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.within;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.EndpointState;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.RequestContext;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.testing.FakeGates;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The share of the weight over time, and who starts slowly. */
final class SlowStartTest {

  private static final Duration WINDOW = ofSeconds(60);

  private final World world = new World(31);
  private final UpdatableServerList list = new UpdatableServerList(World.servers("a", "b"));
  private LoadBalancer balancer = LoadBalancer.of("unused");

  @AfterEach
  void close() {
    balancer.close();
  }

  @ParameterizedTest
  @CsvSource({
    "1, 0, .1",
    "1, 15, .25",
    "1, 30, .5",
    "1, 60, 1",
    "1, 6000, 1",
    "2, 0, .1291",
    "2, 15, .5",
    "2, 30, .7071",
    "2, 60, 1",
    ".5, 30, .25"
  })
  void share_atATime_isEnvoysFormula(double aggression, long seconds, double share) {
    SlowStart slowStart = SlowStart.builder().window(WINDOW).aggression(aggression).build();

    assertThat(slowStart.share(ofSeconds(seconds))).isCloseTo(share, within(0.0001));
  }

  @Test
  void share_beforeTheStart_isTheLeast() {
    assertThat(SlowStart.of(WINDOW).share(ofSeconds(-5))).isEqualTo(0.1);
    assertThat(SlowStart.builder().minShare(0.3).build().share(Duration.ZERO)).isEqualTo(0.3);
  }

  @Test
  void build_defaults_areAsDocumented() {
    SlowStart slowStart = SlowStart.builder().build();

    assertThat(slowStart.window()).isEqualTo(ofSeconds(30));
    assertThat(slowStart.aggression()).isEqualTo(1);
    assertThat(slowStart.minShare()).isEqualTo(0.1);
    assertThat(slowStart).hasToString("SlowStart{window=PT30S, aggression=1.0, minShare=0.1}");
  }

  @Test
  void build_badValue_isRefusedByName() {
    SlowStart.Builder builder = SlowStart.builder();

    assertThatNullPointerException().isThrownBy(() -> SlowStart.of(null)).withMessage("window");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.window(ofMillis(999)))
        .withMessage("window: PT0.999S (expected: PT1S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.window(Duration.ofDays(2)))
        .withMessage("window: PT48H (expected: PT1S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.aggression(Double.NaN))
        .withMessage("aggression: NaN (expected: 0.1 to 10)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.minShare(0))
        .withMessage("minShare: 0.0 (expected: 0.01 to 1)");
  }

  @Test
  void firstList_everyServer_startsWithItsFullWeight() {
    start();

    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0));
  }

  @Test
  void newServer_overTheWindow_growsInSteps() {
    start();
    list.update(List.of(World.server("a"), World.server("b"), World.server("c", 8)));

    assertThat(weights().get("c")).isCloseTo(0.8, within(1e-9));
    world.time.advance(ofSeconds(15));
    assertThat(weights().get("c")).isCloseTo(2, within(1e-9));
    world.time.advance(ofSeconds(1)); // no step yet
    assertThat(weights().get("c")).isCloseTo(2, within(1e-9));
    world.time.advance(ofSeconds(14));
    assertThat(weights().get("c")).isCloseTo(4, within(1e-9));
    world.time.advance(ofSeconds(30));
    assertThat(weights().get("c")).isEqualTo(8);
    assertThat(weights().get("a")).isEqualTo(1);
  }

  @Test
  void newServer_whileItGrows_getsItsShareOfTheRequests() throws Exception {
    balancer =
        world.balancer(list).chooser(Choosers.random()).slowStart(SlowStart.of(WINDOW)).build();
    list.update(World.servers("a", "b", "c"));
    world.time.advance(ofSeconds(30));
    int chosen = 0;
    for (int i = 0; i < 10_000; i++) {
      Attempt attempt = balancer.start();
      chosen += attempt.server().id().equals("c") ? 1 : 0;
      attempt.succeed();
    }

    // A fifth, .5 of 2.5; 4 standard deviations are 160, missed once in 16,000.
    assertThat(chosen).isCloseTo(2_000, within(160));
  }

  @Test
  void newServers_atDifferentTimes_growEachFromItsOwnStart() {
    start();
    list.update(World.servers("a", "b", "c"));
    world.time.advance(ofSeconds(30));
    list.update(World.servers("a", "b", "c", "d"));
    world.time.advance(ofSeconds(15));

    assertThat(weights().get("c")).isCloseTo(0.75, within(1e-9));
    assertThat(weights().get("d")).isCloseTo(0.25, within(1e-9));
    world.time.advance(ofSeconds(45));
    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 1.0, "d", 1.0));
  }

  @Test
  void newServers_howeverMany_takeOneTimer() {
    start();
    int before = world.time.pending();
    list.update(World.servers(1_000));

    assertThat(world.time.pending()).isEqualTo(before + 1);
    world.time.advance(ofMinutes(2));
    assertThat(world.time.pending()).isEqualTo(before);
  }

  @Test
  void returnedServer_startsSlowlyAgain() throws Exception {
    start();
    try (Attempt held = balancer.start()) {
      String id = held.server().id();
      list.update(World.servers(id.equals("a") ? "b" : "a"));
      list.update(World.servers("a", "b"));

      assertThat(weights().get(id)).isCloseTo(0.1, within(1e-9));
    }
  }

  @Test
  void undrainedServer_startsSlowly() {
    start();
    balancer.admin().drain("a");
    world.time.advance(ofMinutes(5));
    balancer.admin().undrain("a");

    assertThat(weights().get("a")).isCloseTo(0.1, within(1e-9));
  }

  @Test
  void serverWhoseGateOpens_startsSlowly() {
    FakeGates gates = new FakeGates();
    balancer = world.balancer(list).gate(gates).slowStart(SlowStart.of(WINDOW)).build();
    gates.of("a").change(false);
    world.time.runDue();
    gates.of("a").change(true);
    world.time.runDue();

    assertThat(weights().get("a")).isCloseTo(0.1, within(1e-9));
  }

  @Test
  void serverThatIsWellAgain_startsSlowly_andFromAnewAfterARelapse() {
    Set<String> down = ConcurrentHashMap.newKeySet();
    HealthProbe probe =
        (server, timeout) ->
            CompletableFuture.completedFuture(
                down.contains(server.id())
                    ? HealthReport.unhealthy("down")
                    : HealthReport.healthy());
    balancer =
        world
            .balancer(list)
            .healthCheck(
                HealthCheck.builder(probe)
                    .interval(ofSeconds(1))
                    .jitter(0)
                    .healthyThreshold(1)
                    .unhealthyThreshold(1)
                    .build())
            .slowStart(SlowStart.of(WINDOW))
            .build();
    down.add("a");
    world.time.advance(ofSeconds(2));
    assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);
    down.remove("a");
    world.time.advance(ofSeconds(32));
    assertThat(weights().get("a")).isBetween(0.4, 0.6);
    down.add("a");
    world.time.advance(ofSeconds(2));
    down.remove("a");
    world.time.advance(ofSeconds(1));

    assertThat(weights().get("a")).isCloseTo(0.1, within(1e-9));
  }

  @Test
  void changedWeight_whileItGrows_isScaledAsWell() {
    start();
    list.update(List.of(World.server("a"), World.server("b"), World.server("c", 2)));
    world.time.advance(ofSeconds(30));
    list.update(List.of(World.server("a"), World.server("b"), World.server("c", 10)));

    assertThat(weights().get("c")).isCloseTo(5, within(1e-9));
  }

  @Test
  void byDefault_newAndReturnedServers_haveTheirFullWeight() {
    balancer = world.balancer(list).build();
    list.update(World.servers("a", "b", "c"));
    balancer.admin().drain("a");
    balancer.admin().undrain("a");

    assertThat(weights()).isEqualTo(Map.of("a", 1.0, "b", 1.0, "c", 1.0));
  }

  @Test
  void close_whileOneGrows_endsTheTimer() {
    start();
    list.update(World.servers("a", "b", "c"));
    balancer.close();

    assertThat(world.time.pending()).isZero();
  }

  @Test
  void newServer_withEachWeightedChooser_isPreparedAtEachStep() {
    List<Double> prepared = new ArrayList<>();
    balancer =
        world
            .balancer(list)
            .chooser(new Recording(prepared))
            .slowStart(SlowStart.of(WINDOW))
            .build();
    list.update(World.servers("a", "b", "c"));
    world.time.advance(ofMinutes(2));

    // 3 s steps: .1 for 0, 3 and 6 s, then .15, .2 and so on to 1
    assertThat(prepared).hasSize(20).startsWith(2.0, 2.1).endsWith(2.95, 3.0);
  }

  private void start() {
    balancer = world.balancer(list).slowStart(SlowStart.of(WINDOW)).build();
  }

  private Map<String, Double> weights() {
    Map<String, Double> weights = new HashMap<>();
    for (EndpointStatus endpoint : balancer.status().endpoints()) {
      weights.put(endpoint.server().id(), endpoint.weight());
    }
    return weights;
  }

  private EndpointStatus status(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  /** Notes the sum of the weights whenever it is prepared. */
  private record Recording(List<Double> sums) implements Chooser {
    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      double sum = eligible.stream().mapToDouble(Endpoint::weight).sum();
      sums.add(Math.round(sum * 1e6) / 1e6);
      return this;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }
  }
}
