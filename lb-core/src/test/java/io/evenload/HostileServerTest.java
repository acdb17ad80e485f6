package io.evenload;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One server says of itself whatever serves it best; the others are honest. */
class HostileServerTest {

  private static final String HOSTILE = "s0";
  private static final Duration VALID = ofMinutes(3);

  /** Of which four standard deviations are 1.4 points where two fifths are the bound. */
  private static final int STARTS = 20_000;

  private final World world = new World(14);

  static Stream<Arguments> choosers() {
    Map<String, Chooser> choosers =
        new TreeMap<>(
            Map.of(
                "powerOfTwoChoices", Choosers.powerOfTwoChoices(),
                "peakEwma", Choosers.peakEwma(),
                "leastLoaded", Choosers.leastLoaded(),
                "roundRobin", Choosers.roundRobin(),
                "random", Choosers.random(),
                "boundedLoad", Choosers.boundedLoad(),
                "maglev", Choosers.maglev()));
    return choosers.entrySet().stream()
        .flatMap(
            each ->
                Stream.of(1, 5, 40)
                    .map(inFlight -> Arguments.of(each.getKey(), each.getValue(), inFlight)));
  }

  @ParameterizedTest(name = "{0}, {2} in flight")
  @MethodSource("choosers")
  void reports_absurd_getTwiceTheFairShareAtMost(String name, Chooser chooser, int inFlight)
      throws Exception {
    try (LoadBalancer balancer =
        world.balancer(ServerList.of(World.servers(5))).chooser(chooser).build()) {
      for (double absurd : new double[] {1e308, Double.MIN_VALUE, Double.MAX_VALUE, 1e4}) {
        report(balancer, 12, Map.of(HOSTILE, absurd, "s1", 80.0, "s2", 90.0, "s3", 100.0));
        Map<String, Double> shares = shares(balancer, inFlight);

        assertThat(shares.getOrDefault(HOSTILE, 0.0)).isLessThan(2 * 0.2);
        for (int i = 1; i < 5; i++) {
          assertThat(shares.getOrDefault("s" + i, 0.0)).as("s" + i).isGreaterThan(0.2 / 2);
        }
      }
    }
  }

  @Test
  void reports_ofAUnequalFleet_leaveTheHostileOneTwiceItsShare() {
    List<Double> honest = List.of(1.0, 1.0, 10.0, 10.0, 1.0, 7.0, 0.1);
    for (int n = 1; n <= honest.size(); n++) {
      try (LoadBalancer balancer =
          world.balancer(ServerList.of(World.servers(n + 1))).withoutSlowStart().build()) {
        Map<String, Double> reports = new HashMap<>(Map.of(HOSTILE, 1e308));
        for (int i = 0; i < n; i++) {
          reports.put("s" + (i + 1), honest.get(i));
        }
        report(balancer, 12, reports);
        assertThat(weightShare(balancer, HOSTILE)).isLessThanOrEqualTo(2.0 / (n + 1) + 1e-9);

        balancer.admin().drain("s1"); // fewer to choose from, and the bound is another
        int left = n;
        assertThat(weightShare(balancer, HOSTILE)).isLessThanOrEqualTo(2.0 / left + 1e-9);
      }
    }
  }

  @Test
  void reports_byConfiguredWeight_areSharesOfThat() {
    try (LoadBalancer balancer =
        world
            .balancer(
                ServerList.of(
                    World.server(HOSTILE, 10), World.server("s1", 50), World.server("s2", 40)))
            .build()) {
      report(balancer, 12, Map.of(HOSTILE, 1e308, "s1", 1.0, "s2", 1.0));

      assertThat(weightShare(balancer, HOSTILE)).isBetween(0.1799, 0.1801);
    }
  }

  @Test
  void reports_ofHonestServersFarApart_areBelieved() {
    try (LoadBalancer balancer = world.balancer(ServerList.of(World.servers(4))).build()) {
      report(balancer, 12, Map.of("s0", 1.0, "s1", 1.0, "s2", 4.0, "s3", 4.0));

      assertThat(weightShare(balancer, "s0")).isBetween(0.0999, 0.1001);
      assertThat(weightShare(balancer, "s3")).isBetween(0.3999, 0.4001);
    }
  }

  @Test
  void reports_absurdAndThenOut_neitherPanicNorFailOver() {
    List<Server> servers = new ArrayList<>(World.servers(5));
    servers.add(World.inPriority(1, "spare"));
    try (LoadBalancer balancer = world.balancer(ServerList.of(servers)).build()) {
      report(balancer, 12, Map.of(HOSTILE, 1e308, "s1", 1.0, "s2", 1.0, "s3", 1.0, "s4", 1.0));
      balancer.admin().eject(HOSTILE, ofSeconds(30), "it asks for it");
      world.time.runDue();

      assertThat(state(balancer, HOSTILE)).isEqualTo(EndpointState.EJECTED);
      assertThat(balancer.status().panic()).isFalse();
      assertThat(balancer.status().groups()).hasSize(1);
    }
  }

  @Test
  void reports_absurd_drawNoCallsFromOtherZones() {
    List<Server> servers =
        List.of(
            Server.builder("h0", 80).id(HOSTILE).zone("a").build(),
            Server.builder("h1", 80).id("s1").zone("b").build(),
            Server.builder("h2", 80).id("s2").zone("b").build(),
            Server.builder("h3", 80).id("s3").zone("c").build());
    try (LoadBalancer balancer =
        world.balancer(ServerList.of(servers)).locality(Locality.of("b")).build()) {
      List<LoadBalancerStatus.GroupStatus> before = balancer.status().groups();
      report(balancer, 12, Map.of(HOSTILE, 1e308, "s1", 1.0, "s2", 1.0, "s3", 1.0));

      assertThat(balancer.status().groups()).isEqualTo(before);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void announcements_ofOneServer_takeOutNobodyElse(boolean flapping) throws Exception {
    boolean[] draining = {true};
    HealthCheck check =
        HealthCheck.builder(
                (server, timeout) ->
                    CompletableFuture.completedFuture(
                        server.id().equals(HOSTILE) && draining[0]
                            ? HealthReport.draining("x".repeat(100_000) + "\nERROR all is lost")
                            : HealthReport.healthy()))
            .interval(ofSeconds(1))
            .build();
    try (CapturedLog log = new CapturedLog(LoadBalancer.class, ch.qos.logback.classic.Level.INFO);
        LoadBalancer balancer =
            world.balancer(ServerList.of(World.servers(3))).healthCheck(check).build()) {
      for (int i = 0; i < 300; i++) {
        draining[0] = !flapping || i % 2 == 0;
        Server hostile = World.server(HOSTILE);
        balancer.admin().drain(hostile, ofMinutes(1), "it says so");
        balancer.admin().eject(hostile, ofMinutes(1), "it says so");
        world.time.advance(ofSeconds(1));
        assertThat(state(balancer, "s1")).isEqualTo(EndpointState.ELIGIBLE);
        assertThat(state(balancer, "s2")).isEqualTo(EndpointState.ELIGIBLE);
        try (Attempt attempt = balancer.start()) {
          assertThat(attempt.server().id()).isNotEqualTo(HOSTILE);
          attempt.succeed();
        }
      }
      assertThat(log.messages()).allMatch(line -> line.length() < 1_200 && !line.contains("\n"));
      assertThat(log.messages()).hasSizeLessThan(700);
    }
  }

  @Test
  void announcement_ofAForeignServer_isNobodys() {
    try (LoadBalancer balancer = world.balancer(ServerList.of(World.servers(3))).build()) {
      Server elsewhere = Server.builder("another", 80).id("s1").build();
      balancer.admin().drain(elsewhere, ofMinutes(1), "it says so");
      balancer.admin().eject(elsewhere, ofMinutes(1), "it says so");
      balancer.admin().reportWeight(elsewhere, 1e308, VALID);
      balancer.admin().drain("unknown", ofMinutes(1), "it says so");
      world.time.advance(ofSeconds(20));

      assertThat(balancer.status().endpoints())
          .allMatch(each -> each.state() == EndpointState.ELIGIBLE && each.weight() == 1);
    }
  }

  private void report(LoadBalancer balancer, int seconds, Map<String, Double> weights) {
    for (int i = 0; i < seconds; i++) {
      weights.forEach((id, weight) -> balancer.admin().reportWeight(id, weight, VALID));
      world.time.advance(ofSeconds(1));
    }
  }

  /** Which part of the starts each server gets, where all are equally fast. */
  private Map<String, Double> shares(LoadBalancer balancer, int inFlight) throws Exception {
    Map<String, Double> shares = new HashMap<>();
    List<Attempt> running = new ArrayList<>();
    for (int i = 0; i < STARTS; i++) {
      if (running.size() == inFlight) {
        int ended = (int) Math.floorMod(world.random.nextLong(), (long) inFlight);
        running.remove(ended).succeed();
      }
      if (i % 20 == 0) {
        world.time.advance(Duration.ofMillis(10));
      }
      Attempt attempt = balancer.start(RequestContext.withKey("k" + i));
      running.add(attempt);
      shares.merge(attempt.server().id(), 1.0 / STARTS, Double::sum);
    }
    running.forEach(Attempt::succeed);
    return shares;
  }

  private static double weightShare(LoadBalancer balancer, String id) {
    double all = 0;
    double own = 0;
    for (LoadBalancerStatus.EndpointStatus each : balancer.status().endpoints()) {
      if (each.state() == EndpointState.ELIGIBLE) {
        all += each.weight();
        own += each.server().id().equals(id) ? each.weight() : 0;
      }
    }
    return own / all;
  }

  private static EndpointState state(LoadBalancer balancer, String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .map(LoadBalancerStatus.EndpointStatus::state)
        .findFirst()
        .orElseThrow();
  }
}
