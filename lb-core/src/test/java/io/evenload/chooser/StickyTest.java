package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Attempt;
import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import io.evenload.testing.World;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StickyTest {

  private final UpdatableServerList list = new UpdatableServerList(World.servers(5));
  private final LoadBalancer balancer =
      new World(1).balancer(list).chooser(Choosers.sticky(Choosers.roundRobin())).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void choose_serversComeAndGo_onlyTheKeysOfThoseThatWentMoveAndOnce() throws Exception {
    Map<String, String> before = assignment();
    list.update(World.servers(20));
    assertThat(assignment()).isEqualTo(before);
    list.update(World.servers(20).subList(1, 20));
    Map<String, String> after = assignment();
    before.forEach(
        (key, server) -> {
          if (server.equals("s0")) {
            assertThat(after.get(key)).isNotEqualTo("s0");
          } else {
            assertThat(after.get(key)).isEqualTo(server);
          }
        });
    list.update(World.servers(20));

    assertThat(assignment()).isEqualTo(after);
  }

  @Test
  void choose_serverComesBackAsAnotherEndpoint_keepsItsKeys() {
    List<Server> servers = World.servers(5);
    Chooser sticky = Choosers.sticky(Choosers.random()).bind(FakeEnvironment.seeded(3));
    Map<String, Server> before = homes(sticky, servers);

    assertThat(homes(sticky, servers)).isEqualTo(before);
    Server moved = Server.builder("elsewhere", 80).id("s2").build();
    List<Server> others = new ArrayList<>(servers);
    others.set(2, moved);
    Map<String, Server> after = homes(sticky, others);
    before.forEach(
        (key, server) -> {
          if (!server.id().equals("s2")) {
            assertThat(after).containsEntry(key, server);
          }
        });
    long stayed = before.entrySet().stream().filter(e -> e.getValue().id().equals("s2")).count();
    long here = after.values().stream().filter(moved::equals).count();
    assertThat(here).as("keys of s2, which is another server there").isLessThan(stayed / 2);
  }

  @Test
  void choose_serversLeftForGood_nothingHoldsThem() throws Exception {
    Chooser sticky = Choosers.sticky(Choosers.random()).bind(FakeEnvironment.seeded(4));
    List<Endpoint> gone = FakeEndpoint.withWeights(1, 1, 1);
    for (int i = 0; i < 1_000; i++) {
      sticky.prepare(gone).choose(gone, RequestContext.withKey("k" + i));
    }
    WeakReference<Endpoint> endpoint = new WeakReference<>(gone.get(0));
    WeakReference<Server> server = new WeakReference<>(gone.get(0).server());
    gone = FakeEndpoint.withWeights(1, 1);
    Chooser prepared = sticky.prepare(gone);
    for (int i = 0; i < 100 && (endpoint.get() != null || server.get() != null); i++) {
      System.gc();
    }

    assertThat(prepared.choose(gone, RequestContext.withKey("k1"))).isIn(gone);
    assertThat(endpoint.get()).isNull();
    assertThat(server.get()).isNull();
  }

  private static Map<String, Server> homes(Chooser sticky, List<Server> servers) {
    List<Endpoint> endpoints = new ArrayList<>();
    servers.forEach(server -> endpoints.add(new FakeEndpoint(server, 1)));
    List<Endpoint> list = List.copyOf(endpoints);
    Chooser prepared = sticky.prepare(list);
    Map<String, Server> homes = new HashMap<>();
    for (int i = 0; i < 1_000; i++) {
      homes.put("k" + i, prepared.choose(list, RequestContext.withKey("k" + i)).server());
    }
    return homes;
  }

  @Test
  void choose_asManyKeysAsItsCapacity_remembersNearlyAll() {
    int capacity = 1 << 12;
    List<Endpoint> endpoints = FakeEndpoint.withWeights(1, 1, 1, 1, 1, 1, 1, 1, 1, 1);
    Chooser sticky =
        Choosers.sticky(Choosers.random(), capacity)
            .bind(FakeEnvironment.seeded(2))
            .prepare(endpoints);
    Map<String, Endpoint> homes = new HashMap<>();
    for (int i = 0; i < capacity; i++) {
      homes.put("k" + i, sticky.choose(endpoints, RequestContext.withKey("k" + i)));
    }

    long forgotten =
        homes.entrySet().stream()
            .filter(
                home ->
                    sticky.choose(endpoints, RequestContext.withKey(home.getKey()))
                        != home.getValue())
            .count();
    // 1 in 5,000 is said, less those that draw their old server again.
    assertThat(forgotten).isLessThanOrEqualTo(capacity / 1_000);
  }

  @Test
  void choose_retry_goesElsewhereAndDoesNotMoveTheKey() throws Exception {
    String home = serverFor("key");
    RequestContext request = RequestContext.withKey("key");
    balancer.start(request).fail(null);
    try (Attempt retry = balancer.start(request)) {
      assertThat(retry.server().id()).isNotEqualTo(home);
    }

    assertThat(serverFor("key")).isEqualTo(home);
  }

  @Test
  void choose_noKey_isTheOtherChoosers() throws Exception {
    Set<String> servers = new HashSet<>();
    for (int i = 0; i < 5; i++) {
      try (Attempt attempt = balancer.start()) {
        servers.add(attempt.server().id());
      }
    }

    assertThat(servers).hasSize(5);
  }

  @Test
  void choose_moreKeysThanCapacity_forgetsSomeAndGoesOn() throws Exception {
    try (LoadBalancer small =
        new World(2).balancer(list).chooser(Choosers.sticky(Choosers.random(), 8)).build()) {
      for (int i = 0; i < 10_000; i++) {
        try (Attempt attempt = small.start(RequestContext.withKey("key" + i))) {
          assertThat(attempt.server()).isNotNull();
        }
      }
      RequestContext last = RequestContext.withKey("key9999");
      String home = serverOf(small, last.copy());
      for (int i = 0; i < 20; i++) {
        assertThat(serverOf(small, last.copy())).isEqualTo(home);
      }
    }
  }

  @Test
  void sticky_badCapacity_isNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Choosers.sticky(Choosers.random(), 0))
        .withMessage("capacity: 0 (expected: 1 to 16777216)");
    assertThat(Choosers.sticky(Choosers.random())).hasToString("sticky(random)");
  }

  private Map<String, String> assignment() throws Exception {
    Map<String, String> assignment = new HashMap<>();
    for (int i = 0; i < 1_000; i++) {
      assignment.put("key" + i, serverFor("key" + i));
    }
    return assignment;
  }

  private String serverFor(String key) throws Exception {
    return serverOf(balancer, RequestContext.withKey(key));
  }

  private static String serverOf(LoadBalancer balancer, RequestContext request) throws Exception {
    try (Attempt attempt = balancer.start(request)) {
      return attempt.server().id();
    }
  }
}
