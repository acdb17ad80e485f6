package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.evenload.chooser.Choosers;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.FakeGates;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The soft preference of a request, such as for the server that holds its session. */
final class PreferenceTest {

  private final World world = new World(83);
  private final FakeGates gates = new FakeGates();
  private final UpdatableServerList list = new UpdatableServerList();
  private final LoadBalancer balancer =
      world.balancer(list).gate(gates).chooser(Choosers.firstAvailable()).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void prefer_eligibleServer_isTakenWhateverTheChooserSays() throws Exception {
    list.update(World.servers("a", "b", "c"));

    for (int i = 0; i < 100; i++) {
      assertThat(serverOf(preferring("c"))).isEqualTo("c");
    }
    assertThat(serverOf(RequestContext.create())).isEqualTo("a");
  }

  @Test
  void prefer_unknownServer_leavesItToTheChooser() throws Exception {
    list.update(World.servers("a", "b"));

    assertThat(serverOf(preferring("gone"))).isEqualTo("a");
  }

  @Test
  void prefer_triedServer_nextAttemptGoesElsewhere() throws Exception {
    list.update(World.servers("a", "b", "c"));
    RequestContext request = preferring("c");

    assertThat(serverOf(request)).isEqualTo("c");
    assertThat(serverOf(request)).isEqualTo("a");
  }

  @Test
  void prefer_closedGate_leavesItToTheChooserUntilItOpens() throws Exception {
    list.update(World.servers("a", "b"));
    gates.of("b").change(false);
    world.time.runDue();
    assertThat(serverOf(preferring("b"))).isEqualTo("a");

    gates.of("b").change(true);
    world.time.runDue();
    assertThat(serverOf(preferring("b"))).isEqualTo("b");
  }

  @Test
  void prefer_noRoomThere_goesElsewhere() throws Exception {
    list.update(World.servers("a", "b"));
    gates.of("b").permits(0);

    assertThat(serverOf(preferring("b"))).isEqualTo("a");
  }

  @Test
  void prefer_drainingServer_isNotTaken() throws Exception {
    list.update(World.servers("a", "b"));
    Attempt running = balancer.start(preferring("b"));
    list.update(World.servers("a"));

    assertThat(serverOf(preferring("b"))).isEqualTo("a");
    running.succeed();
  }

  @Test
  void prefer_serverOfAnIdlePriority_isTaken() throws Exception {
    list.update(List.of(World.inPriority(0, "a"), World.inPriority(1, "b")));

    assertThat(serverOf(preferring("b"))).isEqualTo("b");
  }

  @Test
  void prefer_filteredOut_isNotTaken() throws Exception {
    list.update(World.servers("a", "b"));

    assertThat(serverOf(preferring("b").only(server -> !server.id().equals("b")))).isEqualTo("a");
  }

  @Test
  void prefer_severalPass_anyOfThemIsTaken() throws Exception {
    list.update(World.servers("a", "b", "c"));
    Set<String> seen = new HashSet<>();

    // One of the two is missing in 100 draws with a probability of 2^-99.
    for (int i = 0; i < 100; i++) {
      seen.add(serverOf(RequestContext.create().prefer(server -> !server.id().equals("a"))));
    }

    assertThat(seen).containsExactlyInAnyOrder("b", "c");
  }

  @Test
  void prefer_again_replaces() throws Exception {
    list.update(World.servers("a", "b", "c"));

    assertThat(serverOf(preferring("b").prefer(server -> server.id().equals("c")))).isEqualTo("c");
  }

  @Test
  void prefer_testThrows_isLoggedAndLeftToTheChooser() throws Exception {
    list.update(World.servers("a", "b"));
    RequestContext request =
        RequestContext.create()
            .prefer(
                server -> {
                  throw new IllegalStateException("broken preference");
                });

    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      assertThat(serverOf(request)).isEqualTo("a");
      assertThat(log.messages()).anyMatch(message -> message.contains("preference of a request"));
    }
  }

  @Test
  void prefer_null_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> RequestContext.create().prefer(null))
        .withMessage("test");
  }

  @Test
  void prefer_contextOfStart_isRefused() throws Exception {
    List<RequestContext> seen = new ArrayList<>();
    Chooser spy =
        (eligible, request) -> {
          seen.add(request);
          return eligible.get(0);
        };
    try (LoadBalancer other = world.balancer(World.server("a")).chooser(spy).build()) {
      other.start().cancel();
    }

    assertThatIllegalStateException()
        .isThrownBy(() -> seen.get(0).prefer(server -> true))
        .withMessageStartingWith("prefer: ");
  }

  @Test
  void copy_keepsThePreference_andCopyWithKeyTheFilterToo() throws Exception {
    list.update(World.servers("a", "b", "c"));
    RequestContext request = preferring("c").only(server -> !server.id().equals("a"));
    serverOf(request);

    assertThat(serverOf(request.copy())).isEqualTo("c");
    RequestContext keyed = request.copyWithKey("user-1");
    assertThat(keyed.key()).isEqualTo("user-1");
    assertThat(keyed.keyHash()).isEqualTo(RequestContext.withKey("user-1").keyHash());
    assertThat(serverOf(keyed)).isEqualTo("c");
    assertThat(serverOf(keyed)).isEqualTo("b");
    assertThat(request.key()).isNull();
  }

  private static RequestContext preferring(String id) {
    return RequestContext.create().prefer(server -> server.id().equals(id));
  }

  private String serverOf(RequestContext request) throws NoServerAvailableException {
    try (Attempt attempt = balancer.start(request)) {
      return attempt.server().id();
    }
  }
}
