package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where calls go when the servers of a zone, a priority or a subset do not answer, or not well. */
final class AnsweringZonesTest {

  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final Duration QUICK = Duration.ofMillis(10);

  private final World world = new World(27);
  private final RandomGenerator random = world.random;
  private final Map<String, Integer> attempts = new HashMap<>();
  private Function<Server, Outcome> service = server -> Outcome.SUCCESS;
  private int made;

  /** Twelve calls a second, and two thirds of them, with one server a zone, would be lost. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 5})
  void ownZoneIsSilent_callsLeaveWithinSeconds_andComeBack(int servers) throws Exception {
    try (LoadBalancer balancer = zoned(servers)) {
      assertThatCallsLeaveAndAreBackAfter(balancer, Duration.ofSeconds(90));
    }
  }

  /**
   * Calls go to zone a alone, until it keeps silent, and again when that has been over for long.
   */
  private void assertThatCallsLeaveAndAreBackAfter(LoadBalancer balancer, Duration back)
      throws Exception {
    call(balancer, 12, Duration.ofSeconds(10));
    assertThat(zones()).containsOnlyKeys("a");

    silent("a");
    call(balancer, 12, Duration.ofSeconds(4));
    attempts.clear();
    call(balancer, 12, Duration.ofSeconds(30));
    assertThat(part("a")).isGreaterThan(0).isLessThan(0.15);

    service = server -> Outcome.SUCCESS;
    call(balancer, 12, back);
    attempts.clear();
    call(balancer, 12, Duration.ofSeconds(10));
    assertThat(zones()).containsOnlyKeys("a");
  }

  @Test
  void allZonesAreSilent_callsGoEverywhereAndComeBack() throws Exception {
    try (LoadBalancer balancer = zoned(2)) {
      silent("a", "b", "c");
      call(balancer, 12, Duration.ofSeconds(60));
      assertThat(zones()).containsOnlyKeys("a", "b", "c");

      service = server -> Outcome.SUCCESS;
      call(balancer, 12, Duration.ofSeconds(90));
      attempts.clear();
      call(balancer, 12, Duration.ofSeconds(10));
      assertThat(zones()).containsOnlyKeys("a");
    }
  }

  /** A third of the calls, as without zones, would fail in .3 of the cases; all of them did. */
  @Test
  void ownZoneFailsInPart_noMoreGoThereThanWithoutZones() throws Exception {
    try (LoadBalancer balancer = zoned(2)) {
      call(balancer, 50, Duration.ofSeconds(10));
      fails(0.3, "a");
      call(balancer, 50, Duration.ofSeconds(5));
      attempts.clear();
      call(balancer, 50, Duration.ofSeconds(60));
      assertThat(part("a")).isLessThan(1 / 3.0);
    }
  }

  @Test
  void allZonesFailAlike_mostCallsStay() throws Exception {
    try (LoadBalancer balancer = zoned(2)) {
      fails(0.6, "a", "b", "c");
      call(balancer, 100, Duration.ofSeconds(30));
      attempts.clear();
      call(balancer, 100, Duration.ofSeconds(60));
      assertThat(part("a")).isGreaterThan(0.5);
    }
  }

  @Test
  void ownZoneFailsHardlyEver_everyCallStays() throws Exception {
    try (LoadBalancer balancer = zoned(2)) {
      fails(0.005, "a");
      call(balancer, 100, Duration.ofSeconds(60));
      assertThat(part("a")).isGreaterThan(0.9);
    }
  }

  /** Streams have answered, and then nothing is heard of them for minutes. */
  @Test
  void attemptsThatRespondedAndGoOn_areNotSilent() throws Exception {
    try (LoadBalancer balancer = zoned(1)) {
      List<Attempt> streams = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        Attempt stream = balancer.start();
        world.time.advance(Duration.ofMillis(100));
        stream.responded();
        streams.add(stream);
        world.time.advance(Duration.ofMillis(900));
      }
      assertThat(streams).extracting(stream -> stream.server().zone()).containsOnly("a");
      streams.forEach(Attempt::succeed);
    }
  }

  @Test
  void slowAnswers_areWaitedForAsLongAsTheyUsuallyTake() throws Exception {
    try (LoadBalancer balancer = zoned(1)) {
      Map<String, Integer> late = new HashMap<>();
      for (int i = 0; i < 40; i++) {
        Attempt slow = balancer.start();
        if (i >= 10) {
          late.merge("" + slow.server().zone(), 1, Integer::sum);
        }
        world.time.advance(Duration.ofSeconds(8));
        slow.succeed();
      }
      assertThat(late).containsOnlyKeys("a");
    }
  }

  @Test
  void aSilenceThatNobodyAsksAbout_isForgotten() throws Exception {
    try (LoadBalancer balancer = zoned(1)) {
      silent("a");
      call(balancer, 12, Duration.ofSeconds(10));
      world.time.advance(Duration.ofSeconds(200));
      attempts.clear();
      service = server -> Outcome.SUCCESS;
      call(balancer, 12, Duration.ofSeconds(2));
      assertThat(zones()).containsOnlyKeys("a");
    }
  }

  @Test
  void firstPriorityIsSilent_theNextTakesOver_andGivesBack() throws Exception {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      servers.add(Server.builder("s" + i, 80).zone(i < 2 ? "a" : "b").priority(i / 2).build());
    }
    try (LoadBalancer balancer = world.balancer(ServerList.of(servers)).build()) {
      assertThatCallsLeaveAndAreBackAfter(balancer, Duration.ofSeconds(60));
    }
  }

  @Test
  void subsetIsSilent_othersAreUsed() throws Exception {
    List<Server> servers = World.servers(100);
    Subset subset = Subset.builder(3, 10).size(5).build();
    try (LoadBalancer balancer = world.balancer(ServerList.of(servers)).subset(subset).build()) {
      List<String> members = used(balancer);
      service = server -> members.contains(server.id()) ? Outcome.ABANDONED : Outcome.SUCCESS;
      call(balancer, 20, Duration.ofSeconds(6));
      attempts.clear();
      call(balancer, 20, Duration.ofSeconds(20));
      assertThat(used(balancer)).hasSizeGreaterThan(members.size());
      int atMembers = members.stream().mapToInt(id -> attempts.getOrDefault(id, 0)).sum();
      assertThat(atMembers).isLessThan(made / 4);
    }
  }

  private static List<String> used(LoadBalancer balancer) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() != EndpointState.OUTSIDE_SUBSET)
        .map(endpoint -> endpoint.server().id())
        .toList();
  }

  private LoadBalancer zoned(int serversOfEach) {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < 3 * serversOfEach; i++) {
      String zone = List.of("a", "b", "c").get(i % 3);
      servers.add(Server.builder("s" + i, 80).zone(zone).build());
    }
    return world.balancer(ServerList.of(servers)).locality(Locality.of("a")).build();
  }

  private void silent(String... zones) {
    service =
        server -> List.of(zones).contains(server.zone()) ? Outcome.ABANDONED : Outcome.SUCCESS;
  }

  private void fails(double part, String... zones) {
    service =
        server ->
            List.of(zones).contains(server.zone()) && random.nextDouble() < part
                ? Outcome.FAILURE
                : Outcome.SUCCESS;
  }

  /** Has this many attempts a second begin for so long; they end when they do. */
  private void call(LoadBalancer balancer, int perSecond, Duration time) throws Exception {
    made = 0;
    for (long i = 0; i < time.toSeconds() * perSecond; i++) {
      Attempt attempt = balancer.start();
      made++;
      attempts.merge(attempt.server().id(), 1, Integer::sum);
      if (attempt.server().zone() != null) {
        attempts.merge("zone " + attempt.server().zone(), 1, Integer::sum);
      }
      Outcome outcome = service.apply(attempt.server());
      Duration takes = outcome == Outcome.ABANDONED ? TIMEOUT : QUICK;
      Future<?> unused =
          world.time.schedule(
              () -> attempt.end(outcome, null), takes.toMillis(), TimeUnit.MILLISECONDS);
      world.time.advance(Duration.ofNanos(TimeUnit.SECONDS.toNanos(1) / perSecond));
    }
  }

  private Map<String, Integer> zones() {
    Map<String, Integer> zones = new HashMap<>();
    attempts.forEach(
        (key, count) -> {
          if (key.startsWith("zone ")) {
            zones.put(key.substring("zone ".length()), count);
          }
        });
    return zones;
  }

  private double part(String zone) {
    Map<String, Integer> zones = zones();
    double sum = zones.values().stream().mapToInt(n -> n).sum();
    return zones.getOrDefault(zone, 0) / sum;
  }
}
