package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What the engine does with a chooser that throws, or answers what it must not. */
final class BrokenChooserTest {

  private final World world = new World(52);
  private final UpdatableServerList list = new UpdatableServerList();

  @Test
  void choose_throws_fallsBackToARandomEndpointAndLogsSparingly() throws Exception {
    Chooser broken =
        (eligible, request) -> {
          throw new IllegalStateException("broken chooser");
        };
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer balancer = world.balancer(list).chooser(broken).build()) {
      list.update(World.servers(4));
      assertThat(reached(balancer, 400)).hasSize(4);

      assertThat(log.messages()).hasSize(RateLimitedLog.BURST);
      assertThat(log.messages()).allMatch(m -> m.startsWith("orders: Chooser.choose threw"));
    }
  }

  @Test
  void choose_throwsAnError_isContainedToo() throws Exception {
    Chooser broken =
        (eligible, request) -> {
          throw new StackOverflowError();
        };
    try (LoadBalancer balancer = world.balancer(list).chooser(broken).build()) {
      list.update(World.servers(2));
      assertThat(reached(balancer, 100)).hasSize(2);
    }
  }

  @Test
  void choose_returnsNull_fallsBack() throws Exception {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer balancer = world.balancer(list).chooser((e, r) -> null).build()) {
      list.update(World.servers(2));

      assertThat(reached(balancer, 100)).hasSize(2);
      assertThat(log.messages().get(0)).startsWith("orders: Chooser.choose returned null");
    }
  }

  @Test
  void choose_returnsForeignEndpoint_fallsBack() throws Exception {
    Endpoint fake = new FakeEndpoint(Server.of("fake", 80), 1);
    try (LoadBalancer balancer = world.balancer(list).chooser((e, r) -> fake).build()) {
      list.update(World.servers(2));
      assertThat(reached(balancer, 100)).containsExactlyInAnyOrder("s0", "s1");
    }
  }

  @Test
  void choose_returnsEndpointOfAnotherBalancer_fallsBack() throws Exception {
    List<Endpoint> stolen = new ArrayList<>();
    Chooser thief =
        (eligible, request) -> {
          stolen.add(eligible.get(0));
          return stolen.get(0);
        };
    try (LoadBalancer first = world.balancer(World.server("x")).chooser(thief).build();
        LoadBalancer second = world.balancer(World.server("y")).chooser(thief).build()) {
      first.start().cancel();

      assertThat(reached(second, 10)).containsExactly("y");
      assertThat(first.status().endpoints().get(0).inFlight()).isZero();
    }
  }

  @Test
  void choose_returnsDepartedEndpoint_fallsBack() throws Exception {
    List<Endpoint> first = new ArrayList<>();
    Chooser stubborn =
        (eligible, request) -> {
          first.add(eligible.get(0));
          return first.get(0);
        };
    try (LoadBalancer balancer = world.balancer(list).chooser(stubborn).build()) {
      list.update(World.servers("a"));
      balancer.start().cancel();
      list.update(World.servers("b"));

      assertThat(reached(balancer, 10)).containsExactly("b");
    }
  }

  @Test
  void choose_returnsEndpointOfAnotherPriority_fallsBack() throws Exception {
    List<Endpoint> backup = new ArrayList<>();
    Chooser spy =
        (eligible, request) -> {
          if (eligible.get(0).server().priority() == 1) {
            backup.add(eligible.get(0));
          }
          return backup.isEmpty() ? eligible.get(0) : backup.get(0);
        };
    try (LoadBalancer balancer = world.balancer(list).chooser(spy).build()) {
      list.update(List.of(World.inPriority(1, "p1")));
      balancer.start().cancel();
      list.update(List.of(World.inPriority(0, "p0"), World.inPriority(1, "p1")));

      assertThat(reached(balancer, 10)).containsExactly("p0");
    }
  }

  @Test
  void bindPrepareTrackAndLimit_throw_areContained() throws Exception {
    for (String where : List.of("bind", "prepare", "track", "inFlightLimit", "nothing")) {
      UpdatableServerList source = new UpdatableServerList(World.servers(3));
      try (CapturedLog log = new CapturedLog(LoadBalancer.class);
          LoadBalancer balancer = world.balancer(source).chooser(new Saboteur(where)).build()) {
        assertThat(reached(balancer, 200)).as(where).hasSizeGreaterThanOrEqualTo(1);
        source.update(World.servers(2));
        assertThat(reached(balancer, 200)).as(where).isSubsetOf("s0", "s1").isNotEmpty();
        assertThat(balancer.status().endpoints()).allMatch(e -> e.inFlight() == 0);
        boolean warned = log.messages().stream().anyMatch(m -> m.contains("Chooser." + where));
        assertThat(warned).as(where).isEqualTo(!where.equals("nothing"));
      }
    }
  }

  private static Set<String> reached(LoadBalancer balancer, int starts)
      throws NoServerAvailableException {
    Set<String> ids = new HashSet<>();
    for (int i = 0; i < starts; i++) {
      try (Attempt attempt = balancer.start()) {
        ids.add(attempt.server().id());
      }
    }
    return ids;
  }

  /** Throws in the method of this name. */
  private record Saboteur(String where) implements Chooser {
    private void fail(String here) {
      if (here.equals(where)) {
        throw new IllegalStateException("broken " + where);
      }
    }

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(eligible.size() - 1);
    }

    @Override
    public Chooser bind(Environment environment) {
      fail("bind");
      return this;
    }

    @Override
    public Chooser prepare(List<Endpoint> eligible) {
      fail("prepare");
      return this;
    }

    @Override
    public @Nullable Tracker track(Endpoint endpoint) {
      fail("track");
      return null;
    }

    @Override
    public int inFlightLimit(Endpoint chosen) {
      fail("inFlightLimit");
      return Integer.MAX_VALUE;
    }
  }
}
