package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.testing.FakeEndpoint;
import io.evenload.testing.FakeEnvironment;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The three stages of every built-in chooser, also when a caller skips one. */
final class RecipeTest {

  private static final RequestContext REQUEST = RequestContext.create();

  static List<Chooser> choosers() {
    return ChooserSharesTest.choosers();
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void choose_neitherBoundNorPrepared_isStillFair(Chooser recipe) {
    List<Endpoint> endpoints = FakeEndpoint.withWeights(1, 3);
    Chooser bound = recipe.bind(FakeEnvironment.seeded(1));
    for (Chooser chooser : List.of(recipe, recipe.prepare(endpoints), bound)) {
      int heavy = 0;
      for (int i = 0; i < 10_000; i++) {
        heavy += endpoints.indexOf(chooser.choose(endpoints, REQUEST));
      }
      // 7,500 expected, sd 43. The randomness is not seeded: 10 sd are not exceeded in 10^22 runs.
      assertThat(heavy).isBetween(7_070, 7_930);
    }
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void choose_listThatWasNotPrepared_choosesFromThatList(Chooser recipe) {
    List<Endpoint> prepared = FakeEndpoint.withWeights(1, 1, 1);
    List<Endpoint> other = FakeEndpoint.withWeights(1, 3);
    Chooser chooser = recipe.bind(FakeEnvironment.seeded(2)).prepare(prepared);
    Map<Endpoint, Integer> counts = new HashMap<>();
    for (int i = 0; i < 10_000; i++) {
      counts.merge(chooser.choose(other, REQUEST), 1, Integer::sum);
    }

    assertThat(counts).containsOnlyKeys(other);
    assertThat(counts.get(other.get(1))).isBetween(7_070, 7_930); // 10 sd
  }

  @ParameterizedTest
  @MethodSource("choosers")
  void bind_twice_isFreshEachTimeAndTheRecipeStaysAsItIs(Chooser recipe) {
    Chooser first = recipe.bind(FakeEnvironment.seeded(3));
    Chooser second = recipe.bind(FakeEnvironment.seeded(3));

    assertThat(first).isNotSameAs(second).isNotSameAs(recipe);
    assertThat(recipe.toString()).matches("[a-z][A-Za-z]+");
  }
}
