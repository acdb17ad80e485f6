package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import ch.qos.logback.classic.Level;
import io.evenload.chooser.Choosers;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What an update of the list does to endpoints and to attempts in flight. */
final class ServerUpdatesTest {

  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration GRACE = LoadBalancer.Builder.DEFAULT_EMPTY_LIST_GRACE;

  private final World world = new World(21);
  private final UpdatableServerList list = new UpdatableServerList();
  private final LoadBalancer balancer = world.balancer(list).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void update_idStays_keepsEndpointAndStateWhateverElseChanges() throws Exception {
    list.update(List.of(World.server("a"), World.server("b")));
    RequestContext onlyA = RequestContext.create().only(server -> server.id().equals("a"));
    Attempt running = balancer.start(onlyA);
    Attempt failed = balancer.start(onlyA);
    world.time.advance(Duration.ofMillis(10));
    failed.fail(null);
    double failureRate = endpoint("a").failureRate();
    Server changed =
        Server.builder("a", 80).id("a").weight(7).zone("z").priority(3).metadata("k", "v").build();
    list.update(List.of(changed));

    Attempt next = balancer.start();
    assertThat(next.endpoint).isSameAs(running.endpoint);
    assertThat(next.server()).isEqualTo(changed);
    assertThat(running.server()).isEqualTo(World.server("a"));
    assertThat(endpoint("a").inFlight()).isEqualTo(2);
    assertThat(endpoint("a").failureRate()).isEqualTo(failureRate).isPositive();
    assertThat(endpoint("a").weight()).isEqualTo(7);
    running.succeed();
    next.succeed();
    assertThat(endpoint("a").inFlight()).isZero();
  }

  @Test
  void update_hostOrPortChanges_theOldOneDrainsAndTheNewOneBeginsNew() throws Exception {
    for (Server moved :
        List.of(
            Server.builder("elsewhere", 80).id("a").build(),
            Server.builder("a", 81).id("a").build())) {
      list.update(World.servers("a"));
      world.time.advance(Duration.ofSeconds(2));
      Attempt running = balancer.start();
      for (int i = 0; i < 5; i++) {
        Attempt failed = balancer.start();
        world.time.advance(Duration.ofMillis(10));
        failed.fail(null);
      }
      list.update(List.of(moved));

      Attempt next = balancer.start();
      assertThat(next.endpoint).isNotSameAs(running.endpoint);
      assertThat(next.server()).isEqualTo(moved);
      List<LoadBalancerStatus.EndpointStatus> both = balancer.status().endpoints();
      assertThat(both).extracting(e -> e.server().id()).containsExactly("a", "a");
      assertThat(both.get(0).server()).isEqualTo(moved);
      assertThat(both.get(0).failureRate()).isZero();
      assertThat(both.get(0).inFlight()).isEqualTo(1);
      assertThat(both.get(1).state()).isEqualTo(EndpointState.DRAINING);
      assertThat(both.get(1).inFlight()).isEqualTo(1);
      balancer.admin().drain("a");
      assertThat(balancer.status().endpoints().get(0).reason()).isEqualTo("drained by hand");
      balancer.admin().undrain("a");
      assertThat(balancer.status().endpoints())
          .extracting(LoadBalancerStatus.EndpointStatus::state)
          .containsExactly(EndpointState.ELIGIBLE, EndpointState.DRAINING);
      next.succeed();
      running.succeed();
      world.time.advance(Duration.ofSeconds(2));
      assertThat(ids()).containsExactly("a");
      list.update(World.servers("b"));
      world.time.advance(Duration.ofSeconds(2));
    }
  }

  @Test
  void admin_ofTheFormerServerOfAnId_leavesTheListedOneAlone() throws Exception {
    Server former = Server.builder("a1", 80).id("a").build();
    Server listed = Server.builder("a2", 80).id("a").build();
    list.update(List.of(former, World.server("b"), World.server("c")));
    list.update(List.of(listed, World.server("b"), World.server("c")));
    for (Server server : List.of(former, listed)) {
      boolean isListed = server.equals(listed);
      Server described = Server.builder(server.host(), 80).id("a").weight(3).build();
      balancer.admin().eject(described, Duration.ofSeconds(5), "for a test");
      world.time.runDue();
      assertThat(balancer.status().endpoints().get(0).state())
          .isEqualTo(isListed ? EndpointState.EJECTED : EndpointState.ELIGIBLE);
      balancer.admin().drain(described, Duration.ofSeconds(20), "for a test");
      world.time.runDue();
      assertThat(balancer.status().endpoints().get(0).state())
          .isEqualTo(isListed ? EndpointState.DRAINING : EndpointState.ELIGIBLE);
      balancer.admin().undrain("a");
      world.time.advance(Duration.ofMinutes(2));
      for (int i = 0; i < 13; i++) {
        balancer.admin().reportWeight(described, 300, Duration.ofMinutes(1));
        balancer.admin().reportWeight(World.server("b"), 100, Duration.ofMinutes(1));
        balancer.admin().reportWeight(World.server("c"), 100, Duration.ofMinutes(1));
        world.time.advance(SECOND);
      }
      assertThat(balancer.status().endpoints().get(0).weight()).isEqualTo(isListed ? 3 : 1);
      world.time.advance(Duration.ofMinutes(2));
    }
  }

  @Test
  void update_serverReturnsToWhereItWasWhileItDrains_isTheSameEndpoint() throws Exception {
    list.update(World.servers("a"));
    Attempt running = balancer.start();
    list.update(List.of(Server.builder("elsewhere", 80).id("a").build()));
    list.update(World.servers("a"));

    assertThat(balancer.start().endpoint).isSameAs(running.endpoint);
    world.time.advance(Duration.ofSeconds(2));
    assertThat(ids()).containsExactly("a");
  }

  @Test
  void update_orderAlone_isNoEventAndNoLineButOrdersTheStatus() {
    List<List<String>> prepared = new ArrayList<>();
    UpdatableServerList source = new UpdatableServerList(World.servers("a", "b", "c"));
    for (boolean ordered : new boolean[] {false, true}) {
      prepared.clear();
      source.update(World.servers("a", "b", "c"));
      try (LoadBalancer other =
          world.balancer(source).chooser(new Recorder(ordered, prepared)).build()) {
        int events = world.events.lists.size();
        try (CapturedLog log = new CapturedLog(LoadBalancer.class, Level.INFO)) {
          source.update(World.servers("c", "a", "b"));

          assertThat(log.messages()).isEmpty();
        }
        assertThat(world.events.lists).hasSize(events);
        assertThat(other.status().endpoints())
            .extracting(e -> e.server().id())
            .containsExactly("c", "a", "b");
        List<String> first = List.of("a", "b", "c");
        List<String> second = List.of("c", "a", "b");
        assertThat(prepared).isEqualTo(ordered ? List.of(first, second) : List.of(first));
      }
    }
  }

  private record Recorder(boolean orderMatters, List<List<String>> prepared) implements Chooser {
    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      prepared.add(eligible.stream().map(endpoint -> endpoint.server().id()).toList());
      return this;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }
  }

  @Test
  void update_idLeaves_isNotChosenAgainAndDrains() throws Exception {
    list.update(World.servers("a"));
    Attempt running = balancer.start();
    list.update(World.servers("b"));
    for (int i = 0; i < 50; i++) {
      try (Attempt attempt = balancer.start()) {
        assertThat(attempt.server().id()).isEqualTo("b");
      }
    }

    assertThat(endpoint("a").state()).isEqualTo(EndpointState.DRAINING);
    assertThat(endpoint("a").inFlight()).isEqualTo(1);
    running.succeed();
    assertThat(endpoint("a").inFlight()).isZero();
    world.time.advance(SECOND);
    assertThat(ids()).containsExactly("b");
  }

  @Test
  void update_idReturnsWhileItDrains_isTheSameEndpoint() throws Exception {
    list.update(World.servers("a"));
    Attempt running = balancer.start();
    list.update(World.servers("b"));
    world.time.advance(Duration.ofMinutes(9));
    list.update(World.servers("a", "b"));

    Attempt next = balancer.start(RequestContext.create().only(s -> s.id().equals("a")));
    assertThat(next.endpoint).isSameAs(running.endpoint);
    assertThat(endpoint("a").inFlight()).isEqualTo(2);
    assertThat(endpoint("a").state()).isEqualTo(EndpointState.ELIGIBLE);
    world.time.advance(Duration.ofMinutes(9));
    assertThat(endpoint("a").inFlight()).as("still the same one after a second while").isEqualTo(2);
    next.cancel();
    running.cancel();
  }

  @Test
  void update_idLeavesTwice_drainsTenMinutesFromTheSecondTime() throws Exception {
    list.update(World.servers("a", "b"));
    Attempt running = balancer.start(RequestContext.create().only(s -> s.id().equals("a")));
    list.update(World.servers("b"));
    world.time.advance(Duration.ofMinutes(9));
    list.update(World.servers("a", "b"));
    list.update(World.servers("b"));
    world.time.advance(Duration.ofMinutes(9));

    assertThat(ids()).containsExactly("b", "a");
    running.cancel();
  }

  @Test
  void update_repeatedWhileAnIdDrains_doesNotRestartItsTenMinutes() throws Exception {
    list.update(World.servers("a"));
    Attempt running = balancer.start();
    list.update(World.servers("b"));
    for (int i = 0; i < 10; i++) {
      world.time.advance(Duration.ofMinutes(1));
      list.update(World.servers("b", "c" + i));
    }
    world.time.advance(SECOND);

    assertThat(ids()).doesNotContain("a");
    running.cancel();
  }

  @Test
  void drain_tenMinutesPassed_endpointGoesAndTheAttemptStillEndsNormally() throws Exception {
    list.update(World.servers("a"));
    Attempt running = balancer.start();
    list.update(World.servers("b"));
    world.time.advance(Duration.ofMinutes(10).minusSeconds(1));
    assertThat(ids()).containsExactly("b", "a");

    world.time.advance(Duration.ofSeconds(2));
    assertThat(ids()).containsExactly("b");
    list.update(World.servers("a"));
    assertThat(endpoint("a").inFlight()).as("a new endpoint").isZero();
    running.succeed();
    assertThat(endpoint("a").inFlight()).isZero();
    assertThat(world.events.attempts).hasSize(1);
  }

  @Test
  void drain_lastAttemptEnded_endpointGoesAtTheNextTick() {
    list.update(World.servers("a", "b"));
    list.update(World.servers("b"));
    world.time.advance(SECOND);

    assertThat(ids()).containsExactly("b");
  }

  @Test
  void update_duplicateId_firstWinsAndIsLoggedOnce() throws Exception {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      List<Server> duplicates =
          List.of(World.server("a", 3), World.server("b"), World.server("a", 5));
      list.update(duplicates);
      list.update(List.of(World.server("a", 3), World.server("a", 6)));
      list.update(duplicates);

      assertThat(endpoint("a").weight()).isEqualTo(3);
      assertThat(ids()).containsExactly("a", "b");
      assertThat(log.messages())
          .containsExactly(
              "orders: the list has more than one server of id a; the first one is used");
    }
  }

  @Test
  void update_listBecomesEmpty_lastGoodStaysForFiveMinutesThenGoes() throws Exception {
    list.update(World.servers("a"));
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      list.update(List.of());
      list.update(List.of());
      assertThat(log.messages()).hasSize(1);
      assertThat(log.messages().get(0)).startsWith("orders: ").contains("empty", "PT5M");
    }
    world.time.advance(GRACE.minusSeconds(1));
    balancer.start().cancel();

    world.time.advance(Duration.ofSeconds(2));
    assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(balancer::start);
    list.update(World.servers("b"));
    assertThat(startId()).isEqualTo("b");
  }

  @Test
  void update_listComesBackWithinTheGrace_startsANewGraceNextTime() throws Exception {
    list.update(World.servers("a"));
    list.update(List.of());
    world.time.advance(GRACE.minusSeconds(10));
    list.update(World.servers("a"));
    world.time.advance(GRACE);
    assertThat(startId()).isEqualTo("a");

    list.update(List.of());
    world.time.advance(GRACE.minusSeconds(10));
    assertThat(startId()).isEqualTo("a");
  }

  @Test
  void update_emptyAndGraceZero_isPublishedAtOnce() {
    UpdatableServerList source = new UpdatableServerList(World.servers("a"));
    try (LoadBalancer strict = world.balancer(source).emptyListGrace(Duration.ZERO).build()) {
      source.update(List.of());

      assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(strict::start);
    }
  }

  @Test
  void update_emptyAndOtherGrace_isKeptThatLong() throws Exception {
    UpdatableServerList source = new UpdatableServerList(World.servers("a"));
    Duration grace = Duration.ofSeconds(30);
    try (LoadBalancer other = world.balancer(source).emptyListGrace(grace).build()) {
      source.update(List.of());
      world.time.advance(Duration.ofSeconds(29));
      other.start().cancel();
      world.time.advance(Duration.ofSeconds(2));

      assertThatExceptionOfType(NoServerAvailableException.class).isThrownBy(other::start);
    }
  }

  @Test
  void failed_source_keepsTheLastListAndIsLogged() throws Exception {
    List<ServerList.Listener> listeners = new ArrayList<>();
    ServerList source =
        listener -> {
          listeners.add(listener);
          listener.updated(World.servers("a"));
          return () -> {};
        };
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer other = world.balancer(source).build()) {
      listeners.get(0).failed(new IllegalStateException("no route"));
      world.time.advance(Duration.ofHours(1));

      assertThat(other.start().server().id()).isEqualTo("a");
      assertThat(log.messages()).singleElement().asString().startsWith("orders: ");
      assertThat(log.events().get(0).getThrowableProxy().getMessage()).isEqualTo("no route");
    }
  }

  @Test
  void updated_sourceChangesItsCollectionLater_hasNoEffect() throws Exception {
    List<Server> mutable = new ArrayList<>(World.servers("a"));
    ServerList source =
        listener -> {
          listener.updated(mutable);
          return () -> {};
        };
    try (LoadBalancer other = world.balancer(source).build()) {
      mutable.set(0, World.server("b"));
      assertThat(other.start().server().id()).isEqualTo("a");
    }
  }

  @Test
  void updated_listWithNull_isContainedAndTheLastListStays() throws Exception {
    List<ServerList.Listener> listeners = new ArrayList<>();
    ServerList source =
        listener -> {
          listeners.add(listener);
          listener.updated(World.servers("a"));
          return () -> {};
        };
    List<Server> withNull = new ArrayList<>(World.servers("b"));
    withNull.add(null);
    try (LoadBalancer other = world.balancer(source).build()) {
      listeners.get(0).updated(withNull);

      assertThat(other.start().server().id()).isEqualTo("a");
    }
  }

  @Test
  void update_metadataChanges_serverIsNewAndChooserIsPreparedAnew() throws Exception {
    List<String> prepared = new ArrayList<>();
    UpdatableServerList source = new UpdatableServerList(World.servers("a"));
    Chooser zoneAware = new ZoneAware(prepared);
    try (LoadBalancer other = world.balancer(source).chooser(zoneAware).build()) {
      source.update(List.of(Server.builder("a", 80).id("a").zone("z2").build()));

      assertThat(other.start().server().zone()).isEqualTo("z2");
      assertThat(prepared).containsExactly("null", "z2");
    }
  }

  /** Builds its tables from what prepare shows, as a zone-aware chooser does. */
  private record ZoneAware(List<String> prepared) implements Chooser {
    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      prepared.add(String.valueOf(eligible.get(0).server().zone()));
      return this;
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }
  }

  @Test
  void update_cursorOfRoundRobin_doesNotRestart() throws Exception {
    UpdatableServerList source = new UpdatableServerList(World.servers(4));
    try (LoadBalancer turns = world.balancer(source).chooser(Choosers.roundRobin()).build()) {
      int first = 0;
      for (int i = 0; i < 400; i++) {
        source.update(i % 2 == 0 ? World.servers(5) : World.servers(4));
        try (Attempt attempt = turns.start()) {
          first += attempt.server().id().equals("s0") ? 1 : 0;
        }
      }
      // A cursor that restarted would give s0 all 400; in turn it has about 90.
      assertThat(first).isBetween(60, 130);
    }
  }

  private String startId() throws NoServerAvailableException {
    try (Attempt attempt = balancer.start()) {
      return attempt.server().id();
    }
  }

  private LoadBalancerStatus.EndpointStatus endpoint(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow();
  }

  private List<String> ids() {
    return balancer.status().endpoints().stream().map(e -> e.server().id()).toList();
  }
}
