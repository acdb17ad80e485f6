package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.evenload.chooser.Choosers;
import io.evenload.testing.FakeGates;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The attempts of one request: what was tried is a soft reason, what is filtered a hard one. */
final class RetryTest {

  private final World world = new World(61);

  static List<Chooser> choosers() {
    Chooser stubborn = (eligible, request) -> eligible.get(0);
    return List.of(
        Choosers.roundRobin(),
        Choosers.random(),
        Choosers.leastLoaded(),
        Choosers.powerOfTwoChoices(),
        Choosers.peakEwma(),
        Choosers.maglev(),
        Choosers.rendezvous(),
        Choosers.boundedLoad(),
        Choosers.sticky(Choosers.roundRobin()),
        Choosers.firstAvailable(),
        stubborn);
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_retries_reachEveryServerBeforeAnyTwice(Chooser chooser) throws Exception {
    try (LoadBalancer balancer = balancer(chooser, World.servers(7))) {
      for (int round = 0; round < 200; round++) {
        RequestContext request = RequestContext.create();
        Set<String> tried = new HashSet<>();
        for (int i = 0; i < 7; i++) {
          balancer.start(request).fail(null);
        }
        RequestContext other = RequestContext.create();
        for (int i = 0; i < 7; i++) {
          try (Attempt attempt = balancer.start(other)) {
            assertThat(tried.add(attempt.server().id())).isTrue();
          }
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_allTried_takesATriedOne(Chooser chooser) throws Exception {
    try (LoadBalancer balancer = balancer(chooser, World.servers(2))) {
      RequestContext request = RequestContext.create();
      for (int i = 0; i < 6; i++) {
        balancer.start(request).fail(null);
      }
      assertThat(request.attemptNumber()).isEqualTo(6);
    }
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_filter_isHardAlsoOnceAllThatPassWereTried(Chooser chooser) throws Exception {
    try (LoadBalancer balancer = balancer(chooser, World.servers(6))) {
      RequestContext request =
          RequestContext.create().only(s -> s.id().equals("s2") || s.id().equals("s4"));
      List<String> reached = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        try (Attempt attempt = balancer.start(request)) {
          reached.add(attempt.server().id());
        }
      }
      assertThat(reached.subList(0, 2)).containsExactlyInAnyOrder("s2", "s4");
      assertThat(reached).containsOnly("s2", "s4");
    }
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_filterPassesNone_throwsAndCountsThem(Chooser chooser) {
    try (LoadBalancer balancer = balancer(chooser, World.servers(3))) {
      RequestContext request = RequestContext.create().only(server -> false);

      assertThatExceptionOfType(NoServerAvailableException.class)
          .isThrownBy(() -> balancer.start(request))
          .withMessage("orders: no server available (3 known: 3 filtered out)");
    }
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_filterThrowsForSome_takesOnlyTheOthers(Chooser chooser) throws Exception {
    try (LoadBalancer balancer = balancer(chooser, World.servers(4))) {
      for (int i = 0; i < 50; i++) {
        RequestContext request =
            RequestContext.create()
                .only(
                    server -> {
                      if (server.id().equals("s3")) {
                        return true;
                      }
                      throw new IllegalStateException("broken filter");
                    });
        try (Attempt attempt = balancer.start(request)) {
          assertThat(attempt.server().id()).isEqualTo("s3");
        }
      }
    }
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_onePriorityTried_goesToTheNextBeforeATriedEndpoint(Chooser chooser) throws Exception {
    List<Server> servers =
        List.of(
            World.inPriority(0, "a"),
            World.inPriority(0, "b"),
            World.inPriority(1, "c"),
            World.inPriority(2, "d"));
    try (LoadBalancer balancer = balancer(chooser, servers)) {
      for (int round = 0; round < 50; round++) {
        RequestContext request = RequestContext.create();
        List<String> reached = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
          try (Attempt attempt = balancer.start(request)) {
            reached.add(attempt.server().id());
          }
        }
        assertThat(reached.subList(0, 2)).containsExactlyInAnyOrder("a", "b");
        assertThat(reached.subList(2, 4)).containsExactly("c", "d");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void start_oneServerFullAtItsGate_goesElsewhere(Chooser chooser) throws Exception {
    FakeGates gates = new FakeGates();
    gates.of("s0").permits(0);
    try (LoadBalancer balancer =
        world.balancer(ServerList.of(World.servers(3))).chooser(chooser).gate(gates).build()) {
      for (int i = 0; i < 200; i++) {
        try (Attempt attempt = balancer.start()) {
          assertThat(attempt.server().id()).isNotEqualTo("s0");
        }
      }
      assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
    }
  }

  @Test
  void skips_endpointWhoseGateJustRefused_untilTheStartIsOver() throws Exception {
    FakeGates gates = new FakeGates();
    gates.of("s0").permits(0);
    List<Boolean> skipped = new ArrayList<>();
    List<Endpoint> seen = new ArrayList<>();
    Chooser spy =
        (eligible, request) -> {
          seen.add(eligible.get(0));
          skipped.add(request.skips(eligible.get(0)));
          return eligible.get(request.skips(eligible.get(0)) ? 1 : 0);
        };
    try (LoadBalancer balancer =
        world.balancer(ServerList.of(World.servers(2))).chooser(spy).gate(gates).build()) {
      RequestContext request = RequestContext.create();
      balancer.start(request).cancel();

      assertThat(skipped).containsExactly(false, true);
      assertThat(request.skips(seen.get(0))).isFalse();
    }
  }

  private LoadBalancer balancer(Chooser chooser, List<Server> servers) {
    return world.balancer(ServerList.of(servers)).chooser(chooser).build();
  }
}
