package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.chooser.Choosers;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The table of reasons, on snapshots made by hand. */
final class PickerTest {

  private final VirtualTime time = new VirtualTime();
  private final BalancerContext context = new BalancerContext("orders", time, new SeededRandom(91));
  private final Picker picker =
      new Picker(context, new Admission(context, new LeakSampler(context, 0)));
  private final PoolEntry pool = new PoolEntry(new Pool(context, Choosers.random(), 0, null));

  @Test
  void pick_unhealthyOrEjected_onlyWhenNothingElseIsLeft() {
    LiveEndpoint well = endpoint("well", EndpointState.ELIGIBLE);
    LiveEndpoint sick = endpoint("sick", EndpointState.UNHEALTHY);
    LiveEndpoint ejected = endpoint("ejected", EndpointState.EJECTED);
    Snapshot calm = snapshot(false, List.of(well), List.of(sick, ejected), List.of());
    RequestContext request = RequestContext.create();
    for (int i = 0; i < 20; i++) {
      assertThat(pick(calm, request)).as("tried comes before unwell").isEqualTo("well");
    }

    Snapshot last = snapshot(false, List.of(), List.of(sick, ejected), List.of());
    RequestContext retries = RequestContext.create();
    assertThat(List.of(pick(last, retries), pick(last, retries)))
        .containsExactlyInAnyOrder("sick", "ejected");
    assertThat(pick(last, retries)).as("a tried one at last").isIn("sick", "ejected");
  }

  @Test
  void pick_inPanic_healthIsIgnored() {
    LiveEndpoint well = endpoint("well", EndpointState.ELIGIBLE);
    LiveEndpoint sick = endpoint("sick", EndpointState.UNHEALTHY);
    LiveEndpoint ejected = endpoint("ejected", EndpointState.EJECTED);
    Snapshot panic =
        snapshot(true, List.of(well, sick, ejected), List.of(sick, ejected), List.of());
    RequestContext request = RequestContext.create();

    assertThat(List.of(pick(panic, request), pick(panic, request), pick(panic, request)))
        .containsExactlyInAnyOrder("well", "sick", "ejected");
  }

  @Test
  void pick_candidateNoLongerEligible_isRefusedInCalmAndUsedInPanic() {
    LiveEndpoint sick = endpoint("sick", EndpointState.ELIGIBLE);
    Snapshot calm = snapshot(false, List.of(sick), List.of(), List.of());
    Snapshot panic = snapshot(true, List.of(sick), List.of(), List.of());
    sick.stand(new Standing(EndpointState.EJECTED, "just now"));

    assertThat(pick(calm, RequestContext.create())).isNull();
    assertThat(pick(panic, RequestContext.create())).isEqualTo("sick");
  }

  @Test
  void pick_hardReasons_holdInPanicAndAtTheEnd() {
    for (EndpointState hard :
        List.of(EndpointState.DRAINING, EndpointState.WEIGHT_ZERO, EndpointState.OUTSIDE_SUBSET)) {
      LiveEndpoint endpoint = endpoint("x", hard);
      List<LiveEndpoint> all = List.of(endpoint);

      assertThat(pick(snapshot(true, all, all, all), RequestContext.create())).isNull();
      assertThat(endpoint.inFlight()).isZero();
    }
  }

  @Test
  void pick_openBreakers_comeAfterTheUnwellAndOneTrialAtATime() {
    LiveEndpoint sick = endpoint("sick", EndpointState.UNHEALTHY);
    LiveEndpoint gated = endpoint("gated", EndpointState.BREAKER_OPEN);
    Snapshot both = snapshot(false, List.of(), List.of(sick), List.of(gated));
    for (int i = 0; i < 20; i++) {
      assertThat(pick(both, RequestContext.create())).isEqualTo("sick");
    }
    Snapshot last = snapshot(false, List.of(), List.of(), List.of(gated));
    Attempt trial = picker.pick(last, RequestContext.create());
    assertThat(trial).isNotNull();
    assertThat(pick(last, RequestContext.create())).isNull();
    trial.fail(null);

    assertThat(pick(last, RequestContext.create())).isEqualTo("gated");
  }

  @Test
  void pick_filter_isHardForUnwellAndForTrials() {
    LiveEndpoint sick = endpoint("sick", EndpointState.UNHEALTHY);
    LiveEndpoint gated = endpoint("gated", EndpointState.BREAKER_OPEN);
    Snapshot snapshot = snapshot(false, List.of(), List.of(sick), List.of(gated));

    assertThat(pick(snapshot, RequestContext.create().only(s -> false))).isNull();
    assertThat(pick(snapshot, RequestContext.create().only(s -> s.id().equals("gated"))))
        .isEqualTo("gated");
  }

  @Test
  void pick_gateClosesOrOpensWhileItsSnapshotIsPublished_stillFindsAServer() {
    // A list of one, whose state is marked just before, or just after, the snapshot appears.
    LiveEndpoint endpoint = endpoint("x", EndpointState.ELIGIBLE);
    Snapshot gatedAlready = snapshot(false, List.of(), List.of(), List.of(endpoint));

    assertThat(pick(gatedAlready, RequestContext.create())).isEqualTo("x");
  }

  @Test
  void failure_severalReasons_countsThemTheMostFrequentFirst() {
    List<LiveEndpoint> known =
        List.of(
            endpoint("a", EndpointState.DRAINING),
            endpoint("b", EndpointState.EJECTED),
            endpoint("c", EndpointState.EJECTED),
            endpoint("d", EndpointState.WEIGHT_ZERO),
            endpoint("e", EndpointState.WEIGHT_ZERO),
            endpoint("f", EndpointState.WEIGHT_ZERO));
    Snapshot snapshot = snapshot(false, List.of(), List.of(), List.of(), known);

    assertThat(Refusal.of("orders", snapshot, RequestContext.create()))
        .hasMessage("orders: no server available (6 known: 3 weight 0, 2 ejected, 1 draining)");
    assertThat(Refusal.of("orders", Snapshot.empty(List.of(), false), RequestContext.create()))
        .hasMessage("orders: no server available (0 known)");
    assertThat(Refusal.of("orders", Snapshot.empty(known, true), RequestContext.create()))
        .hasMessage("orders: closed");
  }

  private @Nullable String pick(Snapshot snapshot, RequestContext request) {
    try (Attempt attempt = picker.pick(snapshot, request)) {
      return attempt == null ? null : attempt.server().id();
    }
  }

  private LiveEndpoint endpoint(String id, EndpointState state) {
    LiveEndpoint endpoint = new LiveEndpoint(context, World.server(id));
    pool.enter(new RosterEntry(endpoint));
    endpoint.stand(new Standing(state, "by hand"));
    return endpoint;
  }

  private Snapshot snapshot(
      boolean panic,
      List<LiveEndpoint> candidates,
      List<LiveEndpoint> unwell,
      List<LiveEndpoint> gated) {
    List<LiveEndpoint> known = new ArrayList<>(candidates);
    known.addAll(unwell);
    known.addAll(gated);
    return snapshot(panic, candidates, unwell, gated, known);
  }

  private Snapshot snapshot(
      boolean panic,
      List<LiveEndpoint> candidates,
      List<LiveEndpoint> unwell,
      List<LiveEndpoint> gated,
      List<LiveEndpoint> known) {
    boolean none = candidates.isEmpty();
    Candidates[] groups =
        none ? new Candidates[0] : new Candidates[] {pool.candidates(candidates, panic)};
    return new Snapshot(
        groups,
        none ? new int[0] : new int[] {Snapshot.WHOLE},
        groups,
        reserve(unwell),
        reserve(gated),
        known,
        false);
  }

  private static Candidates[] reserve(List<LiveEndpoint> endpoints) {
    return endpoints.isEmpty()
        ? new Candidates[0]
        : new Candidates[] {Candidates.unordered(endpoints, true)};
  }
}
