package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class RequestContextTest {

  private final World world = new World(11);

  @Test
  void create_hasNeitherKeyNorAttempts() {
    RequestContext request = RequestContext.create();

    assertThat(request.key()).isNull();
    assertThat(request.keyHash()).isZero();
    assertThat(request.attemptNumber()).isZero();
  }

  @Test
  void withKey_sameKey_sameHashInEveryProcess() {
    // FNV-1a over the chars, then the finisher of SplitMix64, computed apart (in Python).
    assertThat(RequestContext.withKey("").keyHash()).isEqualTo(EMPTY_HASH);
    assertThat(RequestContext.withKey("user-42").keyHash()).isEqualTo(USER_42_HASH);
    assertThat(RequestContext.withKey("user-42").key()).isEqualTo("user-42");
  }

  private static final long EMPTY_HASH = 0xf52a15e9a9b5e89bL;
  private static final long USER_42_HASH = 0x7a1596f0e94b5793L;

  @Test
  void keyHash_similarKeys_spreadOverAllBits() {
    Set<Long> upper = new HashSet<>();
    Set<Long> lower = new HashSet<>();
    for (int i = 0; i < 65_536; i++) {
      long hash = RequestContext.withKey("k" + i).keyHash();
      upper.add(hash >>> 48);
      lower.add(hash & 0xffff);
    }

    // 65,536 balls in 65,536 bins leave 1/e empty: 41,427 filled, sd 94; these bounds are 10 sd
    // away.
    assertThat(upper).hasSizeBetween(40_487, 42_367);
    assertThat(lower).hasSizeBetween(40_487, 42_367);
  }

  @Test
  void withKey_null_isRefused() {
    assertThatNullPointerException()
        .isThrownBy(() -> RequestContext.withKey(null))
        .withMessage("key");
    assertThatNullPointerException()
        .isThrownBy(() -> RequestContext.create().only(null))
        .withMessage("filter");
  }

  @Test
  void attemptNumber_afterEachStart_countsUp() throws Exception {
    RequestContext request = RequestContext.create();
    try (LoadBalancer balancer = world.balancer(World.server("a")).build()) {
      for (int attempts = 1; attempts <= 3; attempts++) {
        balancer.start(request).succeed();
        assertThat(request.attemptNumber()).isEqualTo(attempts);
      }
    }
  }

  @Test
  void attemptNumber_startWithoutServer_isNotCounted() {
    RequestContext request = RequestContext.create().only(server -> false);
    try (LoadBalancer balancer = world.balancer(World.server("a")).build()) {
      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(() -> balancer.start(request));
    }
    assertThat(request.attemptNumber()).isZero();
  }

  @Test
  void attemptNumber_hedgedStartsAtOnce_countsEach() throws Exception {
    List<Server> servers = World.servers(8);
    try (LoadBalancer balancer = world.balancer(servers.toArray(new Server[0])).build()) {
      for (int round = 0; round < 200; round++) {
        RequestContext request = RequestContext.create();
        List<Callable<Attempt>> hedges = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          hedges.add(() -> balancer.start(request));
        }
        List<Attempt> attempts = Race.run(hedges);
        assertThat(request.attemptNumber()).isEqualTo(4);
        assertThat(attempts.stream().map(attempt -> attempt.number))
            .containsExactlyInAnyOrder(1, 2, 3, 4);
        assertThat(attempts).allMatch(attempt -> request.skips(attempt.endpoint));
        attempts.forEach(Attempt::cancel);
      }
    }
  }

  @Test
  void skips_triedEndpoint_alsoAfterItsAttemptEnded() throws Exception {
    RequestContext request = RequestContext.create();
    try (LoadBalancer balancer = world.balancer(World.server("a")).build()) {
      Attempt attempt = balancer.start(request);

      assertThat(request.skips(attempt.endpoint)).isTrue();
      attempt.cancel();
      assertThat(request.skips(attempt.endpoint)).isTrue();
      assertThat(RequestContext.create().skips(attempt.endpoint)).isFalse();
    }
  }

  @Test
  void skips_filteredOut_onlyThoseThatFailTheFilter() {
    RequestContext request = RequestContext.create().only(server -> server.host().equals("a"));

    assertThat(request.skips(endpoint("a"))).isFalse();
    assertThat(request.skips(endpoint("b"))).isTrue();
  }

  @Test
  void only_twice_bothMustPass() {
    RequestContext request =
        RequestContext.create()
            .only(server -> !server.host().equals("a"))
            .only(server -> !server.host().equals("b"));

    assertThat(request.skips(endpoint("a"))).isTrue();
    assertThat(request.skips(endpoint("b"))).isTrue();
    assertThat(request.skips(endpoint("c"))).isFalse();
  }

  @Test
  void only_fromManyThreads_losesNone() throws Exception {
    for (int round = 0; round < 200; round++) {
      RequestContext request = RequestContext.create();
      List<Callable<RequestContext>> tasks =
          IntStream.range(0, 4)
              .<Callable<RequestContext>>mapToObj(
                  i -> () -> request.only(server -> !server.host().equals("s" + i)))
              .toList();
      assertThat(Race.run(tasks)).containsOnly(request);
      for (int i = 0; i < 4; i++) {
        assertThat(request.skips(endpoint("s" + i))).isTrue();
      }
      assertThat(request.skips(endpoint("s4"))).isFalse();
    }
  }

  @Test
  void only_contextOfStart_isRefused() {
    List<RequestContext> seen = new ArrayList<>();
    Chooser spy =
        (eligible, request) -> {
          seen.add(request);
          return eligible.get(0);
        };
    try (LoadBalancer balancer = world.balancer(World.server("a")).chooser(spy).build()) {
      balancer.start().cancel();
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }

    assertThatIllegalStateException().isThrownBy(() -> seen.get(0).only(server -> false));
  }

  @Test
  void skips_filterThrows_doesNotPass() {
    RequestContext request =
        RequestContext.create()
            .only(
                server -> {
                  throw new IllegalStateException("broken filter");
                });

    assertThat(request.skips(endpoint("a"))).isTrue();
  }

  private static Endpoint endpoint(String host) {
    return new FakeEndpoint(Server.of(host, 80), 1);
  }

  @Test
  void copy_ofATriedContext_keepsKeyAndFilterAndForgetsAttempts() throws Exception {
    try (LoadBalancer balancer = LoadBalancer.of("orders", Server.of("a", 1), Server.of("b", 1))) {
      RequestContext request =
          RequestContext.withKey("user-1").only(server -> server.host().equals("a"));
      balancer.start(request).succeed();
      RequestContext copy = request.copy();

      assertThat(copy.attemptNumber()).isZero();
      assertThat(request.attemptNumber()).isEqualTo(1);
      assertThat(copy.key()).isEqualTo("user-1");
      assertThat(copy.keyHash()).isEqualTo(request.keyHash());
      assertThat(copy.skips(endpoint("b"))).isTrue();
      assertThat(copy.skips(endpoint("a"))).isFalse();
      try (Attempt attempt = balancer.start(copy)) {
        assertThat(attempt.server().host()).isEqualTo("a");
      }
    }
  }

  @Test
  void skips_endpointThatJustRefused_untilForgotten() {
    RequestContext request = RequestContext.create();
    Endpoint a = endpoint("a");
    Endpoint b = endpoint("b");
    assertThat(request.skips(a)).isFalse();

    request.refuse(a);
    assertThat(request.skips(a)).isTrue();
    assertThat(request.skips(b)).isFalse();

    request.forgetRefusals();
    assertThat(request.skips(a)).isFalse();
  }
}
