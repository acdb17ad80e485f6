package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.testing.SeededRandom;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which servers a client uses: evenly, and with few changes. */
final class SubsetRingTest {

  private static final BalancerContext CONTEXT =
      new BalancerContext("orders", () -> 0, new SeededRandom(1));

  @ParameterizedTest
  @CsvSource({
    "1, 1, 20",
    "1, 500, 20",
    "2, 500, 20",
    "7, 30, 20",
    "50, 20, 20",
    "50, 21, 20",
    "64, 1000, 20",
    "300, 100, 20",
    "1000, 7, 3",
    "97, 89, 1",
    "12, 36, 3"
  })
  void arc_allClients_useEveryServerExactlyByItsWeight(int clients, int servers, int size) {
    for (int maxWeight : new int[] {1, 10}) {
      SubsetRing ring = new SubsetRing(endpoints(weighted(servers, maxWeight)));
      Map<String, Double> load = new HashMap<>();
      for (int client = 0; client < clients; client++) {
        Map<String, Double> shares =
            shares(ring, Subset.builder(client, clients).size(size).build());
        double sum = shares.values().stream().mapToDouble(Double::doubleValue).sum();
        shares.forEach((id, share) -> load.merge(id, share / sum, Double::sum));
      }
      double weight = weighted(servers, maxWeight).stream().mapToInt(Server::weight).sum();
      for (Server server : weighted(servers, maxWeight)) {
        assertThat(load.get(server.id()))
            .as(server.toString())
            .isCloseTo(clients * server.weight() / weight, within(1e-9));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 500, 20, 500", "2, 500, 20, 250", "100, 500, 20, 20", "100, 10, 20, 10"})
  void arc_equalWeights_hasTheSizeUnlessTooFewClientsShareTheServers(
      int clients, int servers, int size, int expected) {
    SubsetRing ring = new SubsetRing(endpoints(World.servers(servers)));
    for (int client = 0; client < clients; client++) {
      Map<String, Double> shares = shares(ring, Subset.builder(client, clients).size(size).build());
      assertThat(shares).hasSizeBetween(expected, Math.min(servers, expected + 1));
      assertThat(shares.values()).allMatch(share -> share > 0 && share <= 1);
    }
  }

  @Test
  void arc_extremeNumbers_areExact() {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      servers.add(World.server("s" + i, i % 2 == 0 ? Server.MAX_WEIGHT : 1));
    }
    SubsetRing ring = new SubsetRing(endpoints(servers));
    Subset last = Subset.builder(Subset.MAX_CLIENTS - 1, Subset.MAX_CLIENTS).build();
    double total = servers.stream().mapToDouble(Server::weight).sum();
    long laps = (20L * Subset.MAX_CLIENTS + 99) / 100;

    SubsetRing.Arc arc = ring.arc(last);
    double covered = 0;
    for (int i = 0; i < arc.shares().length; i++) {
      covered += arc.shares()[i] * ring.at(arc.first() + i).server().weight();
    }
    assertThat(covered / total).isCloseTo((double) laps / Subset.MAX_CLIENTS, within(1e-12));
  }

  /** Each edge of an arc moves by less than one server, unless ceil(size * C / S) changes too. */
  @ParameterizedTest
  @CsvSource({"100, 200", "100, 990", "20, 150", "500, 120"})
  void arc_serverComesOrGoes_eachClientOpensAndClosesTwoConnectionsAtMost(
      int clients, int servers) {
    int[] moved = moves(clients, servers, Subset.DEFAULT_SIZE, SubsetRingTest::onRings);

    assertThat(moved[1]).as("of one client").isLessThanOrEqualTo(2);
    assertThat(moved[0]).as("of all").isLessThanOrEqualTo(2 * clients);
  }

  @Test
  void arc_serverComesOrGoes_movesLessThanDeterministicRoundsAndRandomShuffles() {
    int clients = 100;
    int servers = 200;
    int size = 20;
    int ring = moves(clients, servers, size, SubsetRingTest::onRings)[0];
    int rounds = moves(clients, servers, size, SubsetRingTest::inRounds)[0];
    int shuffles = moves(clients, servers, size, SubsetRingTest::shuffled)[0];

    // A shuffle of the list that changed has nothing in common with the one before.
    assertThat(ring * 5).isLessThan(rounds);
    assertThat(ring * 5).isLessThan(shuffles);
  }

  @Test
  void arc_byIdentity_isEvenOnTheAverageOnly() {
    int clients = 1000;
    int servers = 200;
    SubsetRing ring = new SubsetRing(endpoints(World.servers(servers)));
    Map<String, Integer> users = new HashMap<>();
    for (int client = 0; client < clients; client++) {
      shares(ring, Subset.ofIdentity("host-" + client))
          .keySet()
          .forEach(id -> users.merge(id, 1, Integer::sum));
    }
    double mean = users.values().stream().mapToInt(Integer::intValue).average().orElseThrow();
    double variance =
        users.values().stream().mapToDouble(n -> (n - mean) * (n - mean)).sum() / servers;

    assertThat(mean).isCloseTo(105, within(1.0)); // 20 and, at the edges, a part of two more
    // A binomial number of users: sd sqrt(105 * .9) = 9.7; neighbours go together, so the bound is
    // wide.
    assertThat(Math.sqrt(variance)).isBetween(5.0, 15.0);
  }

  /**
   * Returns how many connections open in all clients when one server comes, and the most of one
   * client.
   */
  private static int[] moves(int clients, int servers, int size, Strategy strategy) {
    List<Server> before = World.servers(servers);
    List<Server> after = new ArrayList<>(before);
    after.add(servers / 3, World.server("new"));
    IntFunction<Set<String>> old = strategy.of(before, clients, size);
    IntFunction<Set<String>> now = strategy.of(after, clients, size);
    int all = 0;
    int most = 0;
    for (int client = 0; client < clients; client++) {
      int opened = difference(now.apply(client), old.apply(client));
      int closed = difference(old.apply(client), now.apply(client));
      all += opened + closed;
      most = Math.max(most, Math.max(opened, closed));
    }
    return new int[] {all, most};
  }

  private static int difference(Set<String> of, Set<String> without) {
    Set<String> rest = new HashSet<>(of);
    rest.removeAll(without);
    return rest.size();
  }

  private static IntFunction<Set<String>> onRings(List<Server> servers, int clients, int size) {
    SubsetRing ring = new SubsetRing(endpoints(servers));
    return client -> shares(ring, Subset.builder(client, clients).size(size).build()).keySet();
  }

  /** Deterministic subsetting of "Site Reliability Engineering", chapter 20. */
  private static IntFunction<Set<String>> inRounds(List<Server> servers, int clients, int size) {
    return client -> {
      int subsets = servers.size() / size;
      List<Server> shuffled = new ArrayList<>(servers);
      Collections.shuffle(shuffled, new Random(client / subsets));
      int begin = client % subsets * size;
      return ids(shuffled.subList(begin, begin + size));
    };
  }

  private static IntFunction<Set<String>> shuffled(List<Server> servers, int clients, int size) {
    return client -> {
      List<Server> shuffled = new ArrayList<>(servers);
      Collections.shuffle(shuffled, new Random(client));
      return ids(shuffled.subList(0, size));
    };
  }

  private static Set<String> ids(List<Server> servers) {
    return new HashSet<>(servers.stream().map(Server::id).toList());
  }

  private static Map<String, Double> shares(SubsetRing ring, Subset subset) {
    SubsetRing.Arc arc = ring.arc(subset);
    Map<String, Double> shares = new HashMap<>();
    for (int i = 0; i < arc.shares().length; i++) {
      Server server = ring.at(arc.first() + i).server();
      assertThat(shares.put(server.id(), arc.shares()[i] * server.weight())).isNull();
    }
    return shares;
  }

  private static List<Server> weighted(int servers, int maxWeight) {
    return IntStream.range(0, servers)
        .mapToObj(i -> World.server("s" + i, 1 + i % maxWeight))
        .toList();
  }

  private static List<RosterEntry> endpoints(List<Server> servers) {
    return servers.stream()
        .map(server -> new RosterEntry(new LiveEndpoint(CONTEXT, server)))
        .toList();
  }

  @FunctionalInterface
  private interface Strategy {
    IntFunction<Set<String>> of(List<Server> servers, int clients, int size);
  }
}
