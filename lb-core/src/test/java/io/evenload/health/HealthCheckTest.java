package io.evenload.health;

import static java.time.Duration.ofHours;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Attempt;
import io.evenload.EndpointState;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HealthCheckTest {

  private final World world = new World(1);
  private final Probes probes = new Probes();
  private final UpdatableServerList list = new UpdatableServerList(World.servers("a", "b", "c"));
  private LoadBalancer balancer = LoadBalancer.of("unused");

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void probe_threeFailuresInARow_makeUnhealthy() throws Exception {
    start(check());
    probes.answers.put("b", HealthReport.unhealthy("status 500"));
    world.time.advance(ofMillis(2_500));

    assertThat(world.events.states)
        .containsExactly("b: ELIGIBLE to UNHEALTHY (3 probes failed, the last: status 500)");
    assertThat(chosen()).containsExactlyInAnyOrder("a", "c");
  }

  @Test
  void probe_twoFailuresThenSuccess_changesNothing() throws Exception {
    start(check());
    probes.answers.put("b", HealthReport.unhealthy("busy"));
    world.time.advance(ofMillis(1_500));
    probes.answers.remove("b");
    world.time.advance(ofMinutes(1));
    probes.answers.put("b", HealthReport.unhealthy("busy"));
    world.time.advance(ofMillis(1_700)); // two more questions

    assertThat(probes.asked("b")).isEqualTo(10);
    assertThat(world.events.states).isEmpty();
  }

  @Test
  void probe_recovery_needsTwoSuccesses() throws Exception {
    start(check());
    probes.answers.put("b", HealthReport.unhealthy("down"));
    world.time.advance(ofSeconds(5));
    probes.answers.remove("b");
    world.time.advance(ofSeconds(1));
    assertThat(status("b").state()).isEqualTo(EndpointState.UNHEALTHY);
    world.time.advance(ofSeconds(1));

    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
    assertThat(status("b").reason()).isEmpty();
    assertThat(chosen()).contains("b");
  }

  @Test
  void probe_draining_isHardAndEndsWithRecovery() throws Exception {
    start(check());
    probes.answers.put("a", HealthReport.draining("deploying"));
    probes.answers.put("b", HealthReport.draining("deploying"));
    probes.answers.put("c", HealthReport.draining("deploying"));
    world.time.advance(ofMillis(1));

    assertThat(status("a").state()).isEqualTo(EndpointState.DRAINING);
    assertThat(status("a").reason()).isEqualTo("deploying");
    assertThatThrownBy(balancer::start)
        .isInstanceOf(NoServerAvailableException.class)
        .hasMessage("orders: no server available (3 known: 3 draining)");

    probes.answers.clear();
    world.time.advance(ofSeconds(3));
    assertThat(chosen()).hasSize(3);
  }

  @Test
  void probe_allFailing_panicsAndGoesOn() throws Exception {
    start(check());
    for (String id : List.of("a", "b", "c")) {
      probes.answers.put(id, HealthReport.unhealthy("down"));
    }
    world.time.advance(ofSeconds(5));

    assertThat(balancer.status().panic()).isTrue();
    assertThat(chosen()).hasSize(3);
  }

  @Test
  void probe_allFailingAndPanicOff_areUsedAsTheLastResort() throws Exception {
    balancer = world.balancer(list).healthCheck(check()).panicThreshold(0).build();
    for (String id : List.of("a", "b", "c")) {
      probes.answers.put(id, HealthReport.unhealthy("down"));
    }
    world.time.advance(ofSeconds(5));

    assertThat(balancer.status().panic()).isFalse();
    assertThat(chosen()).hasSize(3);
  }

  @Test
  void initiallyUnhealthy_isHeldUntilTheFirstSuccess() throws Exception {
    probes.answers.put("b", HealthReport.unhealthy("starting"));
    probes.answers.put("c", HealthReport.unhealthy("starting"));
    start(HealthCheck.builder(probes).jitter(0).initiallyHealthy(false).build());
    assertThat(status("a").reason()).isEqualTo("not yet probed");
    world.time.advance(ofMillis(1));
    assertThat(chosen()).containsExactly("a");
    probes.answers.clear();
    world.time.advance(ofSeconds(1));

    assertThat(chosen()).hasSize(3);
  }

  @Test
  void interval_isLongForHealthyAndShortForOthers() {
    start(check());
    world.time.advance(ofMillis(1));
    probes.answers.put("b", HealthReport.unhealthy("down"));
    world.time.advance(ofSeconds(100));

    assertThat(probes.asked("a")).isBetween(10, 11);
    assertThat(probes.asked("b")).isBetween(90, 92);
  }

  @Test
  void jitter_spreadsTheWaits() {
    start(HealthCheck.builder(probes).jitter(0.2).build());
    world.time.advance(ofHours(1));

    List<Long> times = probes.times.getOrDefault("a", List.of());
    List<Long> waits = new ArrayList<>();
    for (int i = 2; i < times.size(); i++) { // the first wait may have any length
      waits.add((times.get(i) - times.get(i - 1)) / 1_000_000);
    }
    assertThat(waits).hasSizeGreaterThan(300).allMatch(wait -> wait >= 8_000 && wait <= 12_000);
    assertThat(new HashSet<>(waits)).hasSizeGreaterThan(200);
  }

  @Test
  void probe_throws_countsAsFailure() {
    start(HealthCheck.builder(throwing()).jitter(0).build());
    world.time.advance(ofSeconds(5));

    assertThat(status("a").reason())
        .isEqualTo("3 probes failed, the last: java.lang.IllegalStateException: broken probe");
  }

  @Test
  void probe_returnsNull_countsAsFailure() {
    start(HealthCheck.builder((server, timeout) -> nothing()).jitter(0).build());
    world.time.advance(ofSeconds(5));

    assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);
  }

  @Test
  void probe_completesWithNull_countsAsFailure() {
    CompletableFuture<HealthReport> empty = new CompletableFuture<>();
    empty.complete(null);
    start(HealthCheck.builder((server, timeout) -> empty).jitter(0).build());
    world.time.advance(ofSeconds(5));

    assertThat(status("a").reason()).endsWith("the probe gave no report");
  }

  @Test
  void probe_hangsForEver_countsAsFailureAtTheTimeout() {
    probes.hanging.addAll(List.of("a", "b", "c"));
    start(check());
    world.time.advance(ofMillis(999));
    assertThat(probes.asked("a")).isEqualTo(1);
    world.time.advance(ofSeconds(5));

    assertThat(status("a").reason()).isEqualTo("3 probes failed, the last: no answer in PT1S");
  }

  @Test
  void probe_lateAnswer_isDropped() {
    probes.hanging.addAll(List.of("a", "b", "c"));
    start(check());
    world.time.advance(ofSeconds(6));
    List<CompletableFuture<HealthReport>> open = List.copyOf(probes.open);
    probes.hanging.clear();
    probes.answers.put("a", HealthReport.unhealthy("down"));
    open.forEach(answer -> answer.complete(HealthReport.healthy()));
    open.forEach(answer -> answer.complete(HealthReport.healthy()));
    world.time.runDue();

    assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);
    world.time.advance(ofSeconds(10));
    assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);
    assertThat(status("b").state()).isEqualTo(EndpointState.ELIGIBLE);
  }

  @Test
  void probe_serverLeftMeanwhile_isForgottenAndFreesItsPlace() {
    probes.hanging.addAll(List.of("a", "b"));
    start(
        HealthCheck.builder(probes).jitter(0).maxConcurrentProbes(2).timeout(ofMinutes(1)).build());
    world.time.advance(ofSeconds(1));
    assertThat(probes.asked("c")).isZero();
    list.update(World.servers("b", "c"));
    world.time.advance(ofSeconds(1));

    assertThat(probes.asked("c")).isEqualTo(1);
    probes.open.forEach(answer -> answer.complete(HealthReport.unhealthy("late")));
    world.time.advance(ofSeconds(30));
    assertThat(probes.asked("a")).isEqualTo(1);
  }

  @Test
  void maxConcurrentProbes_isNeverExceededAndAllGetTheirTurn() {
    list.update(World.servers(50));
    World.servers(50).forEach(server -> probes.hanging.add(server.id()));
    start(HealthCheck.builder(probes).jitter(0).maxConcurrentProbes(7).build());
    world.time.advance(ofSeconds(20));

    assertThat(probes.times).hasSize(50);
    assertThat(probes.maxRunning(ofSeconds(1))).isEqualTo(7);
  }

  /** A stage that cannot be cancelled stands for something that may still be open. */
  @Test
  void maxConcurrentProbes_timedOutOnes_holdTheirPlacesUntilTheyComplete() {
    list.update(World.servers(50));
    List<CompletableFuture<HealthReport>> open = new ArrayList<>();
    HealthProbe stubborn =
        (server, timeout) -> {
          CompletableFuture<HealthReport> answer = new CompletableFuture<>();
          open.add(answer);
          return answer.minimalCompletionStage();
        };
    start(HealthCheck.builder(stubborn).jitter(0).maxConcurrentProbes(2).build());
    world.time.advance(ofSeconds(5));
    int running = open.size();
    assertThat(running).isLessThanOrEqualTo(2);
    open.get(0).complete(HealthReport.healthy());
    world.time.advance(ofMillis(1));
    assertThat(open).hasSize(running + 1);
    world.time.advance(ofSeconds(30));
    assertThat(open).as("one that never completes loses its place").hasSizeGreaterThan(running + 1);
  }

  @Test
  void firstProbes_ofManyServers_areSpreadOverTheFastInterval() {
    list.update(World.servers(1000));
    balancer = world.balancer(list).healthCheck(HealthCheck.of(probes)).build();
    world.time.advance(ofMillis(100));
    int early = probes.times.size();
    world.time.advance(ofMillis(900));

    // Binomial with mean 100 and deviation 9.5: beyond five deviations with probability 6e-7.
    assertThat(early).isBetween(52, 148);
    assertThat(probes.times).hasSize(1000);
  }

  @Test
  void secondProbes_ofManyServers_areSpreadOverTheInterval() {
    list.update(World.servers(1000));
    balancer =
        world
            .balancer(list)
            .healthCheck(HealthCheck.builder(probes).initiallyHealthy(false).build())
            .build();
    world.time.advance(ofMillis(1));
    assertThat(probes.times).as("held traffic waits for no spreading").hasSize(1000);
    world.time.advance(ofSeconds(1));
    long again = probes.times.values().stream().filter(times -> times.size() > 1).count();

    assertThat(again).isBetween(52L, 148L);
  }

  @Test
  void firstProbe_fails_whileTrafficIsHeld_saysSo() {
    probes.answers.put("a", HealthReport.unhealthy("status 500"));
    start(HealthCheck.builder(probes).jitter(0).initiallyHealthy(false).build());
    world.time.advance(ofMillis(1));

    assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);
    assertThat(status("a").reason()).isEqualTo("no probe has passed yet, the last: status 500");
  }

  @Test
  void probe_failsAfterDraining_staysDraining() {
    start(check());
    probes.answers.put("a", HealthReport.draining("deploying"));
    world.time.advance(ofSeconds(2));
    probes.answers.put("a", HealthReport.unhealthy("refused"));
    world.time.advance(ofSeconds(30));

    assertThat(status("a").state()).isEqualTo(EndpointState.DRAINING);
  }

  @Test
  void probe_hanging_isCancelledAtTheTimeout() {
    probes.hanging.add("a");
    start(check());
    world.time.advance(ofMillis(999));
    assertThat(probes.open).singleElement().matches(answer -> !answer.isDone());
    world.time.advance(ofMillis(1));

    assertThat(probes.open).singleElement().matches(CompletableFuture::isCancelled);
  }

  @Test
  void probe_hanging_isCancelledWhenItsServerLeaves() {
    probes.hanging.add("a");
    start(check());
    world.time.advance(ofMillis(1));
    list.update(World.servers("b", "c"));

    assertThat(probes.open).singleElement().matches(CompletableFuture::isCancelled);
  }

  @Test
  void probe_hanging_isCancelledWhenTheBalancerCloses() {
    probes.hanging.add("a");
    start(check());
    world.time.advance(ofMillis(1));
    balancer.close();

    assertThat(probes.open).singleElement().matches(CompletableFuture::isCancelled);
  }

  @Test
  void probe_blocks_takesOneThreadForEachServerAndLeavesTheTimers() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    CountDownLatch unhealthy = new CountDownLatch(3);
    AtomicInteger called = new AtomicInteger();
    HealthProbe blocking =
        (server, timeout) -> {
          called.incrementAndGet();
          awaitUninterruptibly(never);
          return CompletableFuture.completedFuture(HealthReport.healthy());
        };
    balancer =
        LoadBalancer.builder("orders")
            .servers(list)
            .healthCheck(
                HealthCheck.builder(blocking)
                    .timeout(ofMillis(20))
                    .fastInterval(ofMillis(10))
                    .build())
            .listener(
                new LoadBalancerListener() {
                  @Override
                  public void stateChanged(
                      Server server, EndpointState from, EndpointState to, String reason) {
                    unhealthy.countDown();
                  }
                })
            .build();

    assertThat(unhealthy.await(30, TimeUnit.SECONDS)).isTrue();
    assertThat(called).as("a server whose probe has not returned is not asked again").hasValue(3);
    assertThat(chosen()).as("in panic").hasSize(3);
    never.countDown();
  }

  @Test
  void server_leavesAndReturnsWithinTenMinutes_keepsItsVerdictAndIsProbedAtOnce() {
    for (int seconds : new int[] {0, 5, 599}) {
      probes.answers.put("a", HealthReport.unhealthy("down"));
      list.update(World.servers("a", "b", "c"));
      start(HealthCheck.of(probes));
      world.time.advance(ofSeconds(5));
      list.update(World.servers("b", "c"));
      world.time.advance(ofSeconds(seconds));
      int asked = probes.asked("a");
      list.update(World.servers("a", "b", "c"));
      assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);
      world.time.advance(ofMillis(1));
      assertThat(probes.asked("a")).isEqualTo(asked + 1);
      assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);

      probes.answers.clear();
      world.time.advance(ofSeconds(3));
      assertThat(status("a").state()).isEqualTo(EndpointState.ELIGIBLE);
      balancer.close();
    }
  }

  @Test
  void server_returnsAfterTenMinutesOrElsewhere_isNew() {
    probes.answers.put("a", HealthReport.unhealthy("down"));
    start(check());
    world.time.advance(ofSeconds(5));
    list.update(World.servers("b", "c"));
    world.time.advance(ofMinutes(10));
    list.update(World.servers("a", "b", "c"));
    assertThat(status("a").state()).isEqualTo(EndpointState.ELIGIBLE);
    world.time.advance(ofSeconds(5));
    assertThat(status("a").state()).isEqualTo(EndpointState.UNHEALTHY);
    list.update(List.of(Server.builder("elsewhere", 80).id("a").build(), World.server("b")));

    assertThat(status("a").state()).isEqualTo(EndpointState.ELIGIBLE);
  }

  @Test
  void initiallyUnhealthy_newServersBesideWellOnes_getNothingAndCauseNoPanic() throws Exception {
    list.update(World.servers("a", "b", "c", "d"));
    start(HealthCheck.builder(probes).jitter(0).initiallyHealthy(false).build());
    world.time.advance(ofMillis(1));
    List<Server> more = new ArrayList<>(World.servers("a", "b", "c", "d"));
    for (int i = 0; i < 6; i++) {
      probes.answers.put("new" + i, HealthReport.unhealthy("starting"));
      more.add(World.server("new" + i));
    }
    list.update(more);
    world.time.advance(ofSeconds(5));

    assertThat(balancer.status().panic()).isFalse();
    assertThat(chosen()).containsExactlyInAnyOrder("a", "b", "c", "d");
    assertThat(status("new0").state()).isEqualTo(EndpointState.UNHEALTHY);
    for (String id : List.of("a", "b", "c", "d")) {
      probes.answers.put(id, HealthReport.unhealthy("down"));
    }
    world.time.advance(ofMinutes(1));
    assertThat(balancer.status().panic()).isTrue();
    assertThat(chosen()).as("the sick ones first").containsExactlyInAnyOrder("a", "b", "c", "d");
    RequestContext fresh = RequestContext.create().only(server -> server.id().startsWith("new"));
    assertThat(balancer.start(fresh).server().id()).as("nothing else is left").startsWith("new");
  }

  @Test
  void initiallyUnhealthy_newServersInAPriority_moveNoLoad() throws Exception {
    List<Server> servers = new ArrayList<>();
    for (String id : List.of("a", "b", "x", "y", "z")) {
      servers.add(World.inPriority(0, id));
    }
    servers.add(World.inPriority(1, "spare"));
    for (String id : List.of("x", "y", "z")) {
      probes.answers.put(id, HealthReport.unhealthy("starting"));
    }
    list.update(servers);
    start(HealthCheck.builder(probes).jitter(0).initiallyHealthy(false).build());
    world.time.advance(ofSeconds(5));
    assertThat(chosen()).containsExactlyInAnyOrder("a", "b");

    list.update(servers.subList(2, 6));
    world.time.advance(ofSeconds(5));
    assertThat(balancer.status().panic()).isFalse();
    assertThat(chosen()).as("as if the priority had no server").containsExactly("spare");
    list.update(servers.subList(2, 5));
    assertThat(chosen()).containsExactlyInAnyOrder("x", "y", "z");
  }

  @Test
  void close_endsProbing() {
    start(check());
    world.time.advance(ofSeconds(1));
    balancer.close();
    int asked = probes.asked("a");
    world.time.advance(ofSeconds(100));

    assertThat(probes.asked("a")).isEqualTo(asked);
    assertThat(world.time.pending()).isZero();
  }

  @Test
  void builder_badValues_areNamed() {
    HealthCheck.Builder builder = HealthCheck.builder(probes);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.interval(Duration.ZERO))
        .withMessage("interval: PT0S (expected: PT0.01S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.timeout(ofHours(25)))
        .withMessage("timeout: PT25H (expected: PT0.01S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.jitter(0.6))
        .withMessage("jitter: 0.6 (expected: 0 to 0.5)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.healthyThreshold(0))
        .withMessage("healthyThreshold: 0 (expected: 1 or more)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.unhealthyThreshold(-1))
        .withMessage("unhealthyThreshold: -1 (expected: 1 or more)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.maxConcurrentProbes(0))
        .withMessage("maxConcurrentProbes: 0 (expected: 1 or more)");
  }

  @Test
  void fastInterval_longerThanTheInterval_isTheInterval() {
    HealthCheck check =
        HealthCheck.builder(probes).interval(ofMillis(500)).fastInterval(ofSeconds(3)).build();

    assertThat(check.fastInterval()).isEqualTo(ofMillis(500));
  }

  private HealthCheck check() {
    return HealthCheck.builder(probes).jitter(0).build();
  }

  private void start(HealthCheck check) {
    balancer = world.balancer(list).healthCheck(check).build();
  }

  private EndpointStatus status(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private Set<String> chosen() throws NoServerAvailableException {
    Set<String> chosen = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      try (Attempt attempt = balancer.start()) {
        chosen.add(attempt.server().id());
      }
    }
    return chosen;
  }

  private static HealthProbe throwing() {
    return (server, timeout) -> {
      throw new IllegalStateException("broken probe");
    };
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return;
      } catch (InterruptedException e) {
        // It is the worst of probes.
      }
    }
  }

  @SuppressWarnings({"NullAway", "TypeParameterUnusedInFormals"})
  private static <T> T nothing() {
    return null;
  }

  /** Answers as told; healthy by default. */
  private final class Probes implements HealthProbe {
    final Map<String, HealthReport> answers = new HashMap<>();
    final Set<String> hanging = new HashSet<>();
    final List<CompletableFuture<HealthReport>> open = new ArrayList<>();
    final Map<String, List<Long>> times = new HashMap<>();

    @Override
    public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
      String id = server.id();
      times.computeIfAbsent(id, key -> new ArrayList<>()).add(world.time.getAsLong());
      if (hanging.contains(id)) {
        CompletableFuture<HealthReport> answer = new CompletableFuture<>();
        open.add(answer);
        return answer;
      }
      return CompletableFuture.completedFuture(answers.getOrDefault(id, HealthReport.healthy()));
    }

    int asked(String id) {
      return times.getOrDefault(id, List.of()).size();
    }

    /** The most probes that ran at once, if each runs so long. */
    int maxRunning(Duration each) {
      List<Long> all = times.values().stream().flatMap(List::stream).sorted().toList();
      int max = 0;
      int first = 0;
      for (int i = 0; i < all.size(); i++) {
        while (all.get(i) - all.get(first) >= each.toNanos()) {
          first++;
        }
        max = Math.max(max, i - first + 1);
      }
      return max;
    }
  }
}
