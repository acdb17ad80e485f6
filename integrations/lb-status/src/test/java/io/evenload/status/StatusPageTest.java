package io.evenload.status;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class StatusPageTest {

  private final Traffic traffic = new Traffic();

  @Test
  void json_afterAttempts_countsThemByServerAndOutcome() throws Exception {
    LoadBalancer orders = balancer(Choosers.firstAvailable(), "a", "b");
    try (StatusPage page = page(orders)) {
      end(orders, 6, 2, 1);
      orders.admin().drain("a:1");
      end(orders, 3, 0, 0);
      traffic.time.advance(ServerCounts.SLOT);

      JsonNode read = read(page);
      assertThat(read.at("/balancers/0/attempts").toString())
          .isEqualTo("{\"succeeded\":9,\"failed\":2,\"cancelled\":1}");
      assertThat(slots(read, 0, "attempts")).endsWith(0, 9).startsWith(0);
      assertThat(slots(read, 0, "failures")).endsWith(0, 2).startsWith(0);
      assertThat(slots(read, 1, "attempts")).endsWith(0, 3);
      assertThat(share(read, 0)).isEqualTo(0.75, within(1e-9));
      assertThat(share(read, 1)).isEqualTo(0.25, within(1e-9));
      assertThat(read.get("time").textValue()).isEqualTo("2026-01-31T12:00:02Z");
    }
  }

  @Test
  void json_asTimeGoesOn_forgetsWhatIsOlderThanAMinute() throws Exception {
    LoadBalancer orders = balancer(Choosers.firstAvailable(), "a");
    try (StatusPage page = page(orders)) {
      end(orders, 5, 0, 0);
      traffic.time.advance(ServerCounts.SLOT);
      end(orders, 7, 0, 0);
      traffic.time.advance(ServerCounts.SLOT.multipliedBy(29));
      assertThat(slots(read(page), 0, "attempts")).startsWith(5, 7, 0).endsWith(0);

      traffic.time.advance(ServerCounts.SLOT);
      assertThat(slots(read(page), 0, "attempts")).startsWith(7, 0);

      traffic.time.advance(ServerCounts.SLOT);
      assertThat(slots(read(page), 0, "attempts")).containsOnly(0);
      assertThat(share(read(page), 0)).isZero();
      assertThat(read(page).at("/balancers/0/attempts/succeeded").intValue()).isEqualTo(12);
    }
  }

  @Test
  void json_afterChanges_tellsTheLatestFirstAndAsManyAsAskedFor() throws Exception {
    List<ServerList.Listener> source = new ArrayList<>();
    ServerList list =
        listener -> {
          source.add(listener);
          return () -> {};
        };
    LoadBalancer orders = traffic.balancer("orders", list).build();
    try (StatusPage page = traffic.page().balancer(orders).changes(3).build()) {
      source.get(0).updated(List.of(Server.of("a", 1), Server.of("b", 1)));
      source.get(0).updated(List.of(Server.of("a", 1), Server.of("b", 1), Server.of("c", 1)));
      source.get(0).failed(new IllegalStateException("the registry is down"));
      orders.admin().drain("a:1");
      traffic.time.advance(Duration.ofSeconds(4));

      JsonNode changes = read(page).at("/balancers/0/changes");
      assertThat(changes).hasSize(3);
      assertThat(changes.get(0).toString())
          .matches(
              "\\{\"time\":\"2026-01-31T12:00:0[1-3][^\"]*Z\",\"kind\":\"DRAINED\",\"server\":\"a:1\","
                  + "\"from\":null,\"to\":null,\"text\":\"nothing in flight any more\"}");
      assertThat(changes.get(1).toString())
          .isEqualTo(
              "{\"time\":\"2026-01-31T12:00:00Z\",\"kind\":\"STATE\",\"server\":\"a:1\","
                  + "\"from\":\"ELIGIBLE\",\"to\":\"DRAINING\",\"text\":\"drained by hand\"}");
      assertThat(changes.get(2).toString())
          .isEqualTo(
              "{\"time\":\"2026-01-31T12:00:00Z\",\"kind\":\"LIST_FAILED\",\"server\":null,"
                  + "\"from\":null,\"to\":null,"
                  + "\"text\":\"java.lang.IllegalStateException: the registry is down\"}");
    }
  }

  @Test
  void json_afterLists_tellsWhatCameAndLeft() throws Exception {
    UpdatableServerList list =
        new UpdatableServerList(List.of(Server.of("a", 1), Server.of("b", 1)));
    LoadBalancer orders = traffic.balancer("orders", list).build();
    try (StatusPage page = page(orders)) {
      list.update(List.of(Server.of("a", 1), Server.of("c", 1), Server.of("d", 1)));
      list.update(
          List.of(Server.builder("a", 1).weight(2).build(), Server.of("c", 1), Server.of("d", 1)));
      list.update(List.of(Server.of("c", 1)));

      List<String> texts = new ArrayList<>();
      read(page)
          .at("/balancers/0/changes")
          .forEach(
              change -> {
                if (change.get("kind").textValue().equals("LIST")) {
                  texts.add(change.get("text").textValue());
                }
              });
      assertThat(texts).containsExactly("2 left; 1 listed", "2 came, 1 left; 3 listed");
    }
  }

  @Test
  void tick_tenThousandServersComeAndGo_leavesNothing() throws Exception {
    UpdatableServerList list = new UpdatableServerList();
    LoadBalancer orders = traffic.balancer("orders", list).chooser(Choosers.roundRobin()).build();
    try (StatusPage page = page(orders)) {
      for (int wave = 0; wave < 10; wave++) {
        list.update(Fleet.servers("wave" + wave, 1_000));
        end(orders, 2_500, 10, 10);
        traffic.time.advance(Duration.ofSeconds(3));
        assertThat(page.counted()).isEqualTo(1_000);
      }
      list.update(List.of(Server.of("a", 1)));
      traffic.time.advance(Duration.ofSeconds(4));
      assertThat(page.counted()).isZero();
      assertThat(read(page).at("/balancers/0/endpoints")).hasSize(1);
      assertThat(read(page).at("/balancers/0/changes")).hasSize(50);
      assertThat(read(page).at("/balancers/0/attempts/succeeded").intValue()).isEqualTo(25_000);
    }
  }

  @Test
  void attemptEnded_atTheFormerServerOfAnId_countsForThatOne() throws Exception {
    UpdatableServerList list =
        new UpdatableServerList(List.of(Server.builder("a", 1).id("s").build()));
    LoadBalancer orders = traffic.balancer("orders", list).build();
    try (StatusPage page = page(orders)) {
      Attempt late = orders.start();
      Attempt running = orders.start(); // so that the former one is known still
      list.update(List.of(Server.builder("b", 1).id("s").build()));
      orders.start().succeed();
      late.fail(null);
      traffic.time.advance(ServerCounts.SLOT);

      assertThat(page.counted()).isEqualTo(2);
      JsonNode endpoints = read(page).at("/balancers/0/endpoints");
      assertThat(endpoints).hasSize(2);
      for (JsonNode endpoint : endpoints) {
        boolean listed = endpoint.at("/server/host").textValue().equals("b");
        assertThat(sum(endpoint.at("/lastMinute/attempts"))).isEqualTo(1);
        assertThat(sum(endpoint.at("/lastMinute/failures"))).isEqualTo(listed ? 0 : 1);
      }
      running.cancel();
    }
  }

  private static int sum(JsonNode slots) {
    int sum = 0;
    for (JsonNode slot : slots) {
      sum += slot.intValue();
    }
    return sum;
  }

  @Test
  void attemptEnded_afterItsServerWasForgotten_isForgottenToo() throws Exception {
    UpdatableServerList list = new UpdatableServerList(List.of(Server.of("a", 1)));
    LoadBalancer orders = traffic.balancer("orders", list).build();
    try (StatusPage page = page(orders)) {
      Attempt late = orders.start();
      list.update(List.of(Server.of("b", 1)));
      traffic.time.advance(Duration.ofMinutes(11));
      assertThat(page.counted()).isZero();
      late.succeed();
      assertThat(page.counted()).isEqualTo(1);
      traffic.time.advance(ServerCounts.SLOT);
      assertThat(page.counted()).isZero();
      assertThat(read(page).at("/balancers/0/attempts/succeeded").intValue()).isEqualTo(1);
    }
  }

  @Test
  void json_whileManyThreadsCall_losesNoAttempt() throws Exception {
    int threads = 4;
    int each = 20_000;
    LoadBalancer orders = balancer(Choosers.roundRobin(), "a", "b", "c");
    AtomicInteger running = new AtomicInteger(threads);
    ExecutorService callers = Executors.newFixedThreadPool(threads);
    try (StatusPage page = page(orders)) {
      List<Future<?>> calls =
          IntStream.range(0, threads)
              .<Future<?>>mapToObj(
                  thread ->
                      callers.submit(
                          () -> {
                            try {
                              end(orders, each, each, 0);
                            } finally {
                              running.decrementAndGet();
                            }
                            return null;
                          }))
              .toList();
      int slots = 0;
      while (running.get() > 0 && slots++ < ServerCounts.SLOTS - 1) {
        traffic.time.advance(ServerCounts.SLOT);
      }
      for (Future<?> call : calls) {
        call.get();
      }
      traffic.time.advance(ServerCounts.SLOT);

      JsonNode read = read(page);
      int attempts = 0;
      int failures = 0;
      for (int server = 0; server < 3; server++) {
        attempts += slots(read, server, "attempts").stream().mapToInt(Integer::intValue).sum();
        failures += slots(read, server, "failures").stream().mapToInt(Integer::intValue).sum();
      }
      assertThat(attempts).isEqualTo(2 * threads * each);
      assertThat(failures).isEqualTo(threads * each);
    } finally {
      callers.shutdown();
    }
  }

  @Test
  void tick_aBalancerWasClosed_forgetsIt() throws Exception {
    LoadBalancer orders = balancer(Choosers.roundRobin(), "a");
    LoadBalancer users = balancer(Choosers.roundRobin(), "b");
    try (StatusPage page = page(orders)) {
      page.add(users);
      page.add(users);
      assertThat(read(page).get("balancers")).hasSize(2);
      orders.close();
      assertThat(read(page).get("balancers")).hasSize(1);
      end(users, 1, 0, 0);
      traffic.time.advance(ServerCounts.SLOT);
      assertThat(slots(read(page), 0, "attempts")).endsWith(1);
    }
  }

  @Test
  void close_thenAttempts_countsNoMore() throws Exception {
    LoadBalancer orders = balancer(Choosers.roundRobin(), "a");
    StatusPage page = page(orders);
    end(orders, 1, 0, 0);
    int pending = traffic.time.pending();
    page.close();
    page.close();
    end(orders, 1, 0, 0);
    assertThat(read(page).at("/balancers/0/attempts/succeeded").intValue()).isEqualTo(1);
    assertThat(traffic.time.pending()).isEqualTo(pending - 1);
  }

  @Test
  void of_withoutAScheduler_hasADaemonThreadOfItsOwn() throws Exception {
    try (LoadBalancer orders = LoadBalancer.of("orders", Server.of("a", 1));
        StatusPage page = StatusPage.of(orders)) {
      end(orders, 3, 0, 0);
      assertThat(page.html()).startsWith("<!doctype html>").contains("orders");
    }
  }

  @Test
  void changes_outOfRange_isRefused() {
    for (int changes : new int[] {0, 1_001}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> StatusPage.builder().changes(changes))
          .withMessage("changes: " + changes + " (expected: 1 to 1000)");
    }
  }

  private LoadBalancer balancer(Chooser chooser, String... hosts) {
    Server[] servers = Arrays.stream(hosts).map(h -> Server.of(h, 1)).toArray(Server[]::new);
    return traffic
        .balancer("orders", ServerList.of(servers))
        .chooser(chooser)
        .withoutOutlierDetection()
        .build();
  }

  private StatusPage page(LoadBalancer balancer) {
    return traffic.page().balancer(balancer).build();
  }

  private static void end(LoadBalancer balancer, int successes, int failures, int cancelled)
      throws NoServerAvailableException {
    for (int i = 0; i < successes; i++) {
      balancer.start().succeed();
    }
    for (int i = 0; i < failures; i++) {
      balancer.start().fail(null);
    }
    for (int i = 0; i < cancelled; i++) {
      balancer.start().cancel();
    }
  }

  private static JsonNode read(StatusPage page) throws JsonProcessingException {
    return new ObjectMapper().readTree(page.json());
  }

  private static List<Integer> slots(JsonNode read, int server, String name) {
    List<Integer> slots = new ArrayList<>();
    read.at("/balancers/0/endpoints/" + server + "/lastMinute/" + name)
        .forEach(slot -> slots.add(slot.intValue()));
    assertThat(slots).hasSize(ServerCounts.SLOTS);
    return slots;
  }

  private static double share(JsonNode read, int server) {
    return read.at("/balancers/0/endpoints/" + server + "/lastMinute/share").doubleValue();
  }
}
