package io.evenload.testing;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.ToDoubleBiFunction;
import java.util.random.RandomGenerator;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Each clause of the contract notices the chooser that breaks it. */
final class ChooserContractTest {

  /** Draws by weight, among what is not skipped if there is any. */
  private static final Chooser FAIR =
      drawing(
          (list, request, random) ->
              draw(list, request, random, (e, r) -> r.skips(e) ? 0 : e.weight()));

  /** The one with the least in flight, and no thought of failures. */
  private static final Chooser IDLEST =
      drawing(
          (list, request, random) -> {
            int least = list.stream().mapToInt(Endpoint::inFlight).min().orElseThrow();
            return draw(list, request, random, (e, r) -> e.inFlight() > least ? 0 : e.weight());
          });

  @Test
  void weights_alwaysTheFirst_isNoticedAndCanBeJustified() {
    Chooser first = (eligible, request) -> eligible.get(0);
    assertNoticed("s0 has 1.0", new Claims(first)::choose_weights_sharesFollow);

    Claims excused = new Claims(first).ignoresWeights("the others are stand-ins");
    assertThatCode(excused::choose_weights_sharesFollow).doesNotThrowAnyException();
  }

  @Test
  void weights_anExcuseThatIsWrongOrBlank_isNoticed() {
    assertNoticed(
        "it is fair", new Claims(FAIR).ignoresWeights("it is fair")::choose_weights_sharesFollow);
    assertNoticed(
        "gives a reason", new Claims(FAIR).ignoresWeights(" ")::choose_weights_sharesFollow);
  }

  @Test
  void weights_readOnceForAll_isNoticed() {
    Chooser configured =
        drawing(
            (list, request, random) -> draw(list, request, random, (e, r) -> e.server().weight()));
    assertNoticed(
        "s0 has 0.3",
        new Claims(configured)::prepare_effectiveWeightChanges_sharesFollowAndKeysStay);
  }

  @Test
  void skipped_isNotLookedAt_isNoticed() {
    Chooser careless =
        drawing((list, request, random) -> draw(list, request, random, (e, r) -> e.weight()));
    Claims claims = new Claims(careless);
    assertNoticed(
        "which the request skips", claims::choose_filteredOut_isAvoidedAndTheOthersAreReached);
    assertNoticed("which the request skips", claims::choose_tried_isAvoidedUntilAllAre);
  }

  @Test
  void allSkipped_answersNull_isNoticed() {
    Chooser strict =
        (eligible, request) ->
            eligible.stream().filter(endpoint -> !request.skips(endpoint)).findFirst().orElse(null);
    assertNoticed(
        "choose returned null", new Claims(strict)::choose_allFilteredOut_stillAnswersFromTheList);
  }

  @Test
  void prepare_cursorBeginsAnew_isNoticed() {
    Chooser turns =
        new Blank() {
          @Override
          public Chooser prepare(List<Endpoint> eligible) {
            AtomicInteger next = new AtomicInteger();
            return (list, request) -> list.get(next.getAndIncrement() % list.size());
          }
        };
    assertNoticed("a cursor", new Claims(turns)::prepare_beforeEveryChoice_goesOnWhereItWas);
  }

  @Test
  void prepare_cursorOverPlacesOfTheList_isNoticed() {
    Chooser turns =
        new Blank() {
          @Override
          public Chooser bind(Environment environment) {
            AtomicInteger next = new AtomicInteger();
            return (list, request) -> list.get(Math.floorMod(next.getAndIncrement(), list.size()));
          }
        };
    assertNoticed(
        "times its share", new Claims(turns)::prepare_anotherOrderBeforeEveryChoice_nobodyStarves);
    assertNoticed(
        "times its share", new Claims(turns)::prepare_oneComesAndGoesAtEveryChoice_nobodyStarves);
  }

  @Test
  void weights_leastLoadForTheWeight_isNoticed() {
    Chooser least =
        drawing(
            (list, request, random) -> {
              double min =
                  list.stream().mapToDouble(e -> e.inFlight() / e.weight()).min().orElseThrow();
              return draw(
                  list,
                  request,
                  random,
                  (e, r) -> e.inFlight() / e.weight() > min ? 0 : e.weight());
            });
    assertNoticed(
        "times its share",
        new Claims(least)::choose_alikeAtEveryLoad_sharesAreHalfToTwiceTheWeights);
  }

  @Test
  void prepare_answersFromAnOlderList_isNoticed() {
    Chooser late =
        new Blank() {
          private @Nullable Endpoint last;

          @Override
          public Chooser prepare(List<Endpoint> eligible) {
            Endpoint before = last;
            last = eligible.get(eligible.size() - 1);
            return (list, request) -> before == null ? list.get(0) : before;
          }
        };
    assertNoticed(
        "expected: one of", new Claims(late)::prepare_serversComeAndGo_onlyTheLatestAreChosen);
  }

  @Test
  void bind_randomnessOfItsOwn_isNoticed() {
    Chooser unseeded =
        (list, request) -> draw(list, request, ThreadLocalRandom.current(), (e, r) -> e.weight());
    assertNoticed(
        "with the same seed",
        new Claims(unseeded)::bind_sameSeed_sameChoicesWhateverOtherBalancersDo);
  }

  @Test
  void bind_stateThatBalancersShare_isNoticed() {
    AtomicInteger next = new AtomicInteger();
    Chooser shared = (list, request) -> list.get(next.getAndIncrement() % list.size());
    assertNoticed(
        "with the same seed",
        new Claims(shared)::bind_sameSeed_sameChoicesWhateverOtherBalancersDo);
  }

  @Test
  void track_oneTrackerForAll_isNoticed() {
    Chooser.Tracker tracker = new Trace();
    Chooser shared =
        new Blank() {
          @Override
          public Tracker track(Endpoint endpoint) {
            return tracker;
          }
        };
    assertNoticed("1L", new Claims(shared)::track_eachServer_hasATrackerOfItsOwnThatThrowsNothing);
  }

  @Test
  void threads_onlyOneAtATime_isNoticed() {
    AtomicInteger inside = new AtomicInteger();
    Chooser alone =
        (eligible, request) -> {
          try {
            if (inside.incrementAndGet() > 1) {
              throw new IllegalStateException("not for two threads");
            }
            for (int i = 0; i < 1_000; i++) {
              Thread.onSpinWait();
            }
            return eligible.get(0);
          } finally {
            inside.decrementAndGet();
          }
        };
    Claims claims = new Claims(alone).ignoresWeights("first");
    assertNoticed("not for two threads", claims::choose_manyThreadsDuringUpdates_bearsIt);
  }

  @Test
  void allocation_ofAnything_isNoticed() {
    Chooser boxes = (eligible, request) -> new ArrayList<>(eligible).get(0);
    assertNoticed("bytes", new Claims(boxes)::choose_prepared_allocatesNothing);
  }

  @Test
  void keys_modulo_isNoticed() {
    Chooser modulo =
        (eligible, request) ->
            eligible.get((int) Long.remainderUnsigned(request.keyHash(), eligible.size()));
    assertNoticed("see keys()", new Claims(modulo)::choose_sameKey_sameEndpoint);

    Claims hashed = new Claims(modulo).keys(ChooserContract.Keys.HASHED);
    assertNoticed("less than", hashed::prepare_endpointLeavesAndReturns_otherKeysStay);
    assertNoticed("two clients", hashed::choose_sameKeyOfAnotherClient_sameEndpointIfHashed);

    Claims remembered = new Claims(modulo).keys(ChooserContract.Keys.REMEMBERED);
    assertNoticed("0L", remembered::prepare_endpointLeavesAndReturns_otherKeysStay);
  }

  @Test
  void load_claimedOrDenied_isNoticed() {
    assertNoticed(
        "the busy one", new Claims(FAIR).preferIdle()::choose_oneIsBusy_itGetsLessIfLoadAware);
    assertNoticed("loadAware()", new Claims(IDLEST)::choose_oneIsBusy_itGetsLessIfLoadAware);
  }

  @Test
  void load_failuresLookIdle_isNoticed() {
    assertNoticed(
        "fails at once", new Claims(IDLEST).preferIdle()::choose_oneOfTenFailsFast_isNoBlackHole);
    assertNoticed("", new Claims(IDLEST)::choose_oneOfTenFailsFast_isNoBlackHole);
  }

  /** The whole contract, over a chooser as a user might write it. */
  @Nested
  final class Fair extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return FAIR;
    }
  }

  private static Chooser drawing(Step step) {
    return new Blank() {
      @Override
      public Chooser bind(Environment environment) {
        return (list, request) -> step.choose(list, request, environment.random());
      }
    };
  }

  /** Draws an endpoint with the probability of its width. */
  private static Endpoint draw(
      List<Endpoint> list,
      RequestContext request,
      RandomGenerator random,
      ToDoubleBiFunction<Endpoint, RequestContext> width) {
    double largest = 0;
    for (int i = 0; i < list.size(); i++) {
      largest = Math.max(largest, width.applyAsDouble(list.get(i), request));
    }
    Endpoint chosen = list.get(0);
    double sum = 0;
    for (int i = 0; i < list.size(); i++) {
      double part = largest == 0 ? 1 : width.applyAsDouble(list.get(i), request) / largest;
      sum += part;
      if (random.nextDouble() * sum < part) {
        chosen = list.get(i);
      }
    }
    return chosen;
  }

  private static void assertNoticed(String how, ThrowingCallable clause) {
    assertThatThrownBy(clause).isInstanceOf(AssertionError.class).hasMessageContaining(how);
  }

  private interface Step {
    Endpoint choose(List<Endpoint> list, RequestContext request, RandomGenerator random);
  }

  /** A chooser of which one method is overridden. */
  private static class Blank implements Chooser {
    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(0);
    }
  }

  private static final class Trace implements Chooser.Tracker {
    @Override
    public void started(long now) {}

    @Override
    public void ended(Outcome outcome, long latencyNanos, long now) {}
  }
}

/** The contract over a chooser with what is claimed of it. */
final class Claims extends ChooserContract {
  private final Chooser chooser;
  private @Nullable String ignoresWeights;
  private Keys keys = Keys.IGNORED;
  private boolean loadAware;

  Claims(Chooser chooser) {
    this.chooser = chooser;
  }

  Claims ignoresWeights(String reason) {
    ignoresWeights = reason;
    return this;
  }

  Claims keys(Keys keys) {
    this.keys = keys;
    return this;
  }

  Claims preferIdle() {
    loadAware = true;
    return this;
  }

  @Override
  protected Chooser chooser() {
    return chooser;
  }

  @Override
  protected @Nullable String ignoresWeights() {
    return ignoresWeights;
  }

  @Override
  protected Keys keys() {
    return keys;
  }

  @Override
  protected boolean loadAware() {
    return loadAware;
  }
}
