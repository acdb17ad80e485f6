package io.evenload.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.micrometer.core.instrument.MockClock;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.simple.SimpleConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

@SuppressWarnings("try") // resources that are only to be closed
final class LoadBalancerMetricsTest {

  private final MockClock clock = new MockClock();

  /** Also the balancer's scheduler, so that no other thread is ever in its control path. */
  private final VirtualTime time = new VirtualTime();

  private final PrometheusMeterRegistry prometheus =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT, new PrometheusRegistry(), clock);

  @Test
  void scrape_afterAttempts_showsTheirOutcomesAndLatencies() throws Exception {
    try (LoadBalancer balancer = balancer(ServerList.of(servers(2)));
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitor(prometheus, balancer)) {
      for (int i = 0; i < 3; i++) {
        Attempt attempt = balancer.start();
        time.advance(Duration.ofMillis(20));
        attempt.succeed();
      }
      Attempt failed = balancer.start();
      time.advance(Duration.ofMillis(500));
      failed.fail(null);
      balancer.start().cancel();
      try (Attempt running = balancer.start()) {
        clock.add(Duration.ofSeconds(1));
        assertThat(scrape())
            .contains(
                "evenload_attempts_seconds_count{balancer=\"orders\",outcome=\"success\"} 3",
                "evenload_attempts_seconds_sum{balancer=\"orders\",outcome=\"success\"} 0.06",
                "evenload_attempts_seconds_count{balancer=\"orders\",outcome=\"failure\"} 1",
                "evenload_attempts_seconds_sum{balancer=\"orders\",outcome=\"failure\"} 0.5",
                "evenload_attempts_seconds_count{balancer=\"orders\",outcome=\"cancelled\"} 1",
                "evenload_in_flight_attempts{balancer=\"orders\"} 1.0",
                "evenload_panic{balancer=\"orders\"} 0.0",
                "evenload_leaked_attempts_total{balancer=\"orders\"} 0.0");
      }
    }
  }

  @Test
  void scrape_afterAnIncident_showsStatesAndLists() {
    AtomicLong failures = new AtomicLong();
    List<ServerList.Listener> source = new ArrayList<>();
    ServerList list =
        listener -> {
          source.add(listener);
          return failures::incrementAndGet;
        };
    try (LoadBalancer balancer = balancer(list);
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitor(prometheus, balancer)) {
      assertThat(scrape()).contains("evenload_list_age_seconds{balancer=\"orders\"} NaN");
      source.get(0).updated(servers(3));
      source.get(0).failed(new IllegalStateException("no route"));
      balancer.admin().drain("s0");
      clock.add(Duration.ofSeconds(90));

      assertThat(scrape())
          .contains(
              "evenload_servers{balancer=\"orders\",state=\"eligible\"} 2.0",
              "evenload_servers{balancer=\"orders\",state=\"draining\"} 1.0",
              "evenload_servers{balancer=\"orders\",state=\"ejected\"} 0.0",
              "evenload_state_changes_total{balancer=\"orders\",state=\"draining\"} 1.0",
              "evenload_state_changes_total{balancer=\"orders\",state=\"ejected\"} 0.0",
              "evenload_list_updates_total{balancer=\"orders\",result=\"changed\"} 1.0",
              "evenload_list_updates_total{balancer=\"orders\",result=\"failed\"} 1.0",
              "evenload_list_age_seconds{balancer=\"orders\"} 90.0");
    }
  }

  @Test
  void monitor_withoutServers_hasNoTagPerServer() throws Exception {
    try (LoadBalancer balancer = balancer(ServerList.of(servers(2)));
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitor(prometheus, balancer)) {
      balancer.start().succeed();

      assertThat(scrape()).noneMatch(line -> line.contains("s0") || line.contains("server="));
    }
  }

  @Test
  void monitorServers_comingAndGoing_leaveNoMeterBehind() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
    UpdatableServerList list = new UpdatableServerList();
    try (LoadBalancer balancer = balancer(list)) {
      LoadBalancerMetrics metrics = LoadBalancerMetrics.monitorServers(registry, balancer, 5);
      int without = registry.getMeters().size();
      Attempt late = null;
      for (int round = 0; round < 1_000; round++) {
        int first = round * 10;
        list.update(IntStream.range(first, first + 10).mapToObj(this::server).toList());
        assertThat(registry.getMeters()).hasSize(without + 5 * Outcome.values().length);
        balancer.start().succeed();
        late = late == null ? balancer.start() : late;
      }
      late.succeed();
      assertThat(registry.getMeters()).hasSize(without + 5 * Outcome.values().length);
      list.update(servers(2));

      balancer.start().succeed();
      assertThat(registry.find("evenload.server.attempts").tag("outcome", "success").timers())
          .hasSize(2)
          .satisfiesOnlyOnce(timer -> assertThat(timer.count()).isEqualTo(1));
      metrics.close();
      assertThat(registry.getMeters()).isEmpty();
      balancer.start().succeed();
      list.update(servers(3));
      assertThat(registry.getMeters()).isEmpty();
    }
  }

  @Test
  void monitorServers_idReturnsAtAnotherAddress_beginsAnew() throws Exception {
    SimpleMeterRegistry registry = new SimpleMeterRegistry(SimpleConfig.DEFAULT, clock);
    UpdatableServerList list =
        new UpdatableServerList(List.of(Server.builder("a", 1).id("s").build()));
    try (LoadBalancer balancer = balancer(list);
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitorServers(registry, balancer, 5)) {
      balancer.start().succeed();
      Attempt late = balancer.start();
      int meters = registry.getMeters().size();
      list.update(List.of(Server.builder("a", 1).id("s").weight(3).build()));
      balancer.start().succeed();
      assertThat(successes(registry)).isEqualTo(2);
      list.update(List.of(Server.builder("b", 1).id("s").build()));
      assertThat(successes(registry)).as("of the new one").isZero();
      late.succeed();
      assertThat(successes(registry)).as("of the old one").isZero();
      balancer.start().succeed();

      assertThat(successes(registry)).isEqualTo(1);
      assertThat(registry.getMeters()).hasSize(meters);
    }
  }

  private static long successes(SimpleMeterRegistry registry) {
    return registry
        .get("evenload.server.attempts")
        .tag("server", "s")
        .tag("outcome", "success")
        .timer()
        .count();
  }

  @Test
  void monitorServers_badNumber_isRefusedByName() {
    try (LoadBalancer balancer = balancer(ServerList.of(servers(1)))) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> LoadBalancerMetrics.monitorServers(prometheus, balancer, 0))
          .withMessage("maxServers: 0 (expected: 1 to 10000)");
    }
  }

  @Test
  void monitorServers_listThatWasThereBefore_hasItsMetersAndAge() throws Exception {
    try (LoadBalancer balancer = balancer(ServerList.of(servers(2)));
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitorServers(prometheus, balancer, 5)) {
      clock.add(Duration.ofSeconds(3));
      balancer.start().succeed();

      assertThat(scrape())
          .contains("evenload_list_age_seconds{balancer=\"orders\"} 3.0")
          .filteredOn(line -> line.startsWith("evenload_server_attempts_seconds_count"))
          .hasSize(2 * Outcome.values().length)
          .satisfiesOnlyOnce(
              line -> assertThat(line).contains("outcome=\"success\"").endsWith(" 1"));
    }
  }

  @Test
  void close_ofTheOldOfTwoOfOneName_leavesTheNewOnesMeters() throws Exception {
    LoadBalancer before = balancer(ServerList.of(servers(2)));
    LoadBalancerMetrics former = LoadBalancerMetrics.monitorServers(prometheus, before, 5);
    before.start().succeed();
    try (LoadBalancer after = balancer(ServerList.of(servers(3)));
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitorServers(prometheus, after, 5)) {
      int meters = prometheus.getMeters().size();
      assertThat(scrape()).contains("evenload_servers{balancer=\"orders\",state=\"eligible\"} 3.0");
      before.close();
      former.close();
      former.close();
      after.start().succeed();

      assertThat(prometheus.getMeters()).hasSize(meters);
      assertThat(scrape())
          .contains(
              "evenload_servers{balancer=\"orders\",state=\"eligible\"} 3.0",
              "evenload_attempts_seconds_count{balancer=\"orders\",outcome=\"success\"} 2");
    }
    assertThat(prometheus.getMeters()).isEmpty();
  }

  @Test
  void close_ofTheNewOfTwoOfOneName_goesBackToTheOldOnes() throws Exception {
    try (LoadBalancer before = balancer(ServerList.of(servers(2)));
        LoadBalancerMetrics former = LoadBalancerMetrics.monitor(prometheus, before)) {
      LoadBalancer after = balancer(ServerList.of(servers(3)));
      LoadBalancerMetrics.monitor(prometheus, after).close();
      after.close();

      assertThat(scrape()).contains("evenload_servers{balancer=\"orders\",state=\"eligible\"} 2.0");
    }
    assertThat(prometheus.getMeters()).isEmpty();
  }

  @Test
  void listAge_sourceConfirms_beginsAnew() {
    UpdatableServerList list = new UpdatableServerList(servers(1));
    try (LoadBalancer balancer = balancer(list);
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitor(prometheus, balancer)) {
      pass(Duration.ofSeconds(30));
      assertThat(scrape()).contains("evenload_list_age_seconds{balancer=\"orders\"} 30.0");
      list.confirmed();
      pass(Duration.ofSeconds(2));

      assertThat(scrape()).contains("evenload_list_age_seconds{balancer=\"orders\"} 2.0");
    }
  }

  @Test
  void listFailing_sourceFailsAndRecovers_isOneMeanwhile() {
    UpdatableServerList list = new UpdatableServerList(servers(1));
    try (LoadBalancer balancer = balancer(list);
        LoadBalancerMetrics metrics = LoadBalancerMetrics.monitor(prometheus, balancer)) {
      assertThat(scrape()).contains("evenload_list_failing{balancer=\"orders\"} 0.0");
      list.failed(new IllegalStateException("down"));
      pass(Duration.ofSeconds(2));
      assertThat(scrape()).contains("evenload_list_failing{balancer=\"orders\"} 1.0");
      list.confirmed();
      pass(Duration.ofSeconds(2));

      assertThat(scrape()).contains("evenload_list_failing{balancer=\"orders\"} 0.0");
    }
  }

  private void pass(Duration duration) {
    time.advance(duration);
    clock.add(duration);
  }

  @Test
  void timed_choices_areSampled() throws Exception {
    Chooser slow =
        (eligible, request) -> {
          time.jump(Duration.ofNanos(250));
          return eligible.get(0);
        };
    LoadBalancer balancer =
        LoadBalancer.builder("orders")
            .servers(ServerList.of(servers(3)))
            .chooser(LoadBalancerMetrics.timed(prometheus, "orders", slow))
            .nanoTime(time)
            .scheduler(time)
            .random(new SeededRandom(7))
            .build();
    try (balancer) {
      LoadBalancerMetrics metrics = LoadBalancerMetrics.monitor(prometheus, balancer);
      for (int i = 0; i < 12_800; i++) {
        balancer.start().succeed();
      }

      Timer timer = prometheus.find("evenload.choices").tag("balancer", "orders").timer();
      assertThat(timer).isNotNull();
      // 100 of 12,800 are expected; five standard deviations (10) are exceeded by one seed in a
      // million.
      assertThat(timer.count()).isBetween(50L, 150L);
      assertThat(timer.totalTime(TimeUnit.NANOSECONDS)).isEqualTo(250.0 * timer.count());
      metrics.close();
      assertThat(prometheus.getMeters()).isEmpty();
    }
  }

  private LoadBalancer balancer(ServerList list) {
    return LoadBalancer.builder("orders")
        .servers(list)
        .chooser(Choosers.roundRobin())
        .nanoTime(time)
        .scheduler(time)
        .build();
  }

  private List<Server> servers(int n) {
    return IntStream.range(0, n).mapToObj(this::server).toList();
  }

  private Server server(int i) {
    return Server.builder("10.0.0.1", 80).id("s" + i).build();
  }

  private List<String> scrape() {
    return Stream.of(prometheus.scrape().split("\n"))
        .filter(line -> !line.startsWith("#"))
        .toList();
  }
}
