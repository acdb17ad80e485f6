package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Level;
import io.evenload.health.OutlierDetection;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which breakers act: with gates that say what a test wants them to say. */
final class PeerReviewTest {

  private final World world = new World(73);
  private final Map<String, Breaker> breakers = new HashMap<>();
  private LoadBalancer balancer = balancer(0.5, "a", "b", "c", "d");

  private LoadBalancer balancer(double panicThreshold, String... hosts) {
    return world
        .balancer(ServerList.of(World.servers(hosts)))
        .panicThreshold(panicThreshold)
        .withoutOutlierDetection()
        .gate(
            (server, nanoTime, changed) ->
                breakers.computeIfAbsent(server.host(), host -> new Breaker(changed)))
        .build();
  }

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void breaker_worseThanItsPeers_acts() {
    trip("a", 0.6);
    assertThat(open()).containsExactly("a");
  }

  @Test
  void breakers_asBadAsEachOther_areOverruledAndTheStatusSaysSo() throws Exception {
    for (String host : List.of("a", "b", "c", "d")) {
      trip(host, 0.6);
    }
    assertThat(open()).isEmpty();
    assertThat(balancer.status().endpoints())
        .allMatch(endpoint -> endpoint.reason().contains("overruled"));
    for (int i = 0; i < 50; i++) {
      balancer.start().succeed();
    }
  }

  /** Callers that are refused at once burn all their calls within a moment. */
  @Test
  void breakers_openAtOnce_refuseNobodyBeforeTheyWereCompared() throws Exception {
    for (String host : List.of("a", "b", "c", "d")) {
      open(host, 0.6);
    }
    for (int i = 0; i < 50; i++) {
      balancer.start().succeed();
    }
    world.time.runDue();
    assertThat(open()).isEmpty();
    balancer.start().succeed();
  }

  @Test
  void breaker_opens_actsAsSoonAsItWasCompared() throws Exception {
    open("a", 0.6);
    RequestContext toA = RequestContext.create().only(server -> server.host().equals("a"));
    balancer.start(toA).succeed();
    world.time.runDue();
    breakers.get("a").open = true; // half-open
    breakers.get("a").changed.run();
    world.time.runDue();
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(() -> balancer.start(toA));

    breakers.get("a").share = 0; // closed again
    breakers.get("a").changed.run();
    world.time.runDue();
    open("a", 0.6);
    balancer.start(toA).succeed();
  }

  @Test
  void breakers_ofHalfTheServers_act_butNoMore() {
    trip("a", 0.9);
    trip("b", 0.8);
    trip("c", 0.85);
    assertThat(open()).as("the worst two").containsExactly("a", "c");
  }

  @Test
  void breakers_allClearlyWorseThanTheRest_theWorstAct() {
    trip("a", 0.88);
    trip("b", 0.9);
    trip("c", 0.89);
    assertThat(open()).as("the worst two, not the first two").containsExactly("b", "c");
  }

  @Test
  void breakers_overruledBeforePanicIsOff_actAlone() {
    for (String host : List.of("a", "b", "c", "d")) {
      trip(host, 0.6);
    }
    assertThat(open()).isEmpty();
    balancer.reconfigure(options -> options.panicThreshold(0));
    assertThat(open()).containsExactly("a", "b", "c", "d");
  }

  @Test
  void breaker_whilePeersAreEjected_countsThemAgainstTheCap() {
    OutlierDetection upToAll = OutlierDetection.builder().maxEjectionPercent(100).build();
    balancer.reconfigure(options -> options.outlierDetection(upToAll));
    for (String host : List.of("c", "d")) {
      balancer.admin().eject(host, Duration.ofMinutes(1), "as told");
    }
    trip("a", 0.9);
    assertThat(open()).as("half of them are out already").isEmpty();
    trip("c", 1);
    assertThat(open()).as("of one that is out anyway").containsExactly("c");
    world.time.advance(Duration.ofMinutes(2));
    assertThat(open()).as("back from ejection, both breakers act").containsExactly("a", "c");
  }

  @Test
  void breakers_ofThreshold0_actAlone() {
    balancer.close();
    breakers.clear();
    balancer = balancer(0, "a", "b");
    trip("a", 0.6);
    trip("b", 0.6);
    assertThat(open()).containsExactly("a", "b");
  }

  @Test
  void breaker_ofTheOnlyServer_isOverruledUntilNothingSucceeds() throws Exception {
    balancer.close();
    breakers.clear();
    balancer = balancer(0.5, "a");
    trip("a", 0.99);
    assertThat(open()).as("true, and without effect").containsExactly("a");
    List<Attempt> running = new ArrayList<>();
    for (int i = 0; i < LiveEndpoint.ALL_FAILED; i++) {
      running.add(balancer.start());
    }
    running.forEach(attempt -> attempt.fail(null));
    breakers.get("a").changed.run();
    world.time.runDue();
    Attempt trial = balancer.start();
    assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);

    trial.succeed();
    world.time.runDue();
    balancer.start().succeed();
    balancer.start().succeed();
  }

  @Test
  void breakers_ofAllInATotalOutage_areOnePanicUntilSomethingSucceeds() throws Exception {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class, Level.INFO)) {
      for (int i = 0; i < 20 * LiveEndpoint.ALL_FAILED; i++) {
        balancer.start().fail(null);
      }
      for (int round = 0; round < 5; round++) {
        for (String host : List.of("a", "b", "c", "d")) {
          trip(host, 1);
        }
        world.time.advance(Duration.ofSeconds(5));
        assertThat(open()).hasSize(4);
        assertThat(balancer.status().panic()).isTrue();
        for (Breaker breaker : breakers.values()) {
          breaker.open = true; // for trials
          breaker.admits = true;
        }
        world.time.advance(Duration.ofSeconds(1));
        assertThat(open()).isEmpty();
        assertThat(balancer.status().panic()).as("nothing has succeeded").isTrue();
        balancer.start().fail(null);
      }
      assertThat(log.messages()).filteredOn(line -> line.contains("panic begins")).hasSize(1);
      assertThat(log.messages()).noneMatch(line -> line.contains("panic ends"));
      world.time.advance(Duration.ofSeconds(20));
      balancer.start().succeed();
      world.time.runDue();

      assertThat(balancer.status().panic()).isFalse();
      assertThat(log.messages()).filteredOn(line -> line.contains("panic ends")).hasSize(1);
    }
  }

  @Test
  void breaker_betterThanItsPeersMean_isOverruledWhileTheirsAct() {
    trip("a", 0.95);
    trip("b", 0.55);
    trip("c", 0.55);
    assertThat(open()).containsExactly("a");
  }

  @Test
  void breakers_ofAPriority_actIfAnotherOneIsWell() {
    balancer.close();
    breakers.clear();
    List<Server> servers = new ArrayList<>(World.servers("a", "b"));
    servers.add(Server.builder("x", 80).priority(1).build());
    servers.add(Server.builder("y", 80).priority(1).build());
    balancer =
        world
            .balancer(ServerList.of(servers))
            .withoutOutlierDetection()
            .gate(
                (server, nanoTime, changed) ->
                    breakers.computeIfAbsent(server.host(), host -> new Breaker(changed)))
            .build();
    trip("a", 0.6);
    trip("b", 0.6);
    assertThat(open()).as("the others take the calls").containsExactly("a", "b");
    trip("x", 0.6);
    trip("y", 0.6);
    assertThat(open()).as("it is shared").isEmpty();
  }

  @Test
  void overruled_refusalDoesNotCountButAdmissionDoes() throws Exception {
    for (Breaker breaker : breakers.values()) {
      breaker.admits = true; // half-open, say
    }
    for (String host : List.of("a", "b", "c", "d")) {
      trip(host, 0.6);
      breakers.get(host).admits = true;
    }
    Attempt attempt = balancer.start();
    Breaker asked = breakers.get(attempt.server().host());
    assertThat(asked.running).isEqualTo(1);
    attempt.succeed();
    assertThat(asked.running).isZero();
    breakers.values().forEach(breaker -> breaker.admits = false);
    balancer.start().succeed();
    assertThat(breakers.values()).allMatch(breaker -> breaker.running == 0);
  }

  @Test
  void failureShare_throws_isNoBreaker() {
    breakers.get("a").failing = true;
    trip("a", 0.2);
    assertThat(open()).as("a gate like others").containsExactly("a");
  }

  private void trip(String host, double share) {
    open(host, share);
    world.time.runDue();
  }

  private void open(String host, double share) {
    Breaker breaker = breakers.get(host);
    breaker.share = share;
    breaker.open = false;
    breaker.admits = false;
    breaker.changed.run();
  }

  private List<String> open() {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() == EndpointState.BREAKER_OPEN)
        .map(endpoint -> endpoint.server().host())
        .toList();
  }

  /** A breaker that a test trips. */
  private static final class Breaker implements Gate {
    private final Runnable changed;
    private boolean open = true;
    private boolean admits = true;
    private boolean failing;
    private double share;
    private int running;

    Breaker(Runnable changed) {
      this.changed = changed;
    }

    @Override
    public boolean open() {
      return open;
    }

    @Override
    public boolean tryAcquire() {
      running += admits ? 1 : 0;
      return admits;
    }

    @Override
    public void release(Outcome outcome, long latencyNanos) {
      running--;
    }

    @Override
    public double failureShare() {
      if (failing) {
        throw new IllegalStateException("no share");
      }
      return share;
    }
  }
}
