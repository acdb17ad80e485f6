package io.evenload.chooser;

import io.evenload.chooser.Recipe.Candidates;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** Endpoints in the order of their weights, in classes of about one weight; immutable. */
final class WeightClasses {

  /*
   * A scan of all for the least load per weight does not keep shares: of the weights 100 and 1, each time that the heavy one
   * has anything in flight, an idle light one is less loaded, and gets the next request. So endpoints of about one weight
   * are a class, which is scanned; of several classes, two are drawn by their weights (see TwoDraws), and the better of
   * their best endpoints is taken. So no class gets more than twice its share, and within one, endpoints are alike.
   */

  /** How much heavier than the lightest of its class an endpoint may be. */
  private static final double WIDTH = 1.25;

  final Candidates sorted;
  private final int[] starts; // of the classes, and the end of the last
  private final TwoDraws draws; // of classes; without meaning if there is one only

  WeightClasses(RandomGenerator random, Candidates candidates) {
    sorted = candidates.equalWeights ? candidates : candidates.ordered(byWeight(candidates));
    starts = starts(sorted.weights);
    draws = new TwoDraws(random, sums(sorted.weights, starts), false);
  }

  int count() {
    return starts.length - 1;
  }

  /** The index of the first endpoint of a class. */
  int start(int ofClass) {
    return starts[ofClass];
  }

  /** The index after the last endpoint of a class. */
  int end(int ofClass) {
    return starts[ofClass + 1];
  }

  /** Draws two classes, if there are several; see {@link TwoDraws#next}. */
  long drawTwo() {
    return draws.next();
  }

  private static int[] byWeight(Candidates candidates) {
    return IntStream.range(0, candidates.weights.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> candidates.weights[i]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static int[] starts(double[] weights) {
    List<Integer> starts = new ArrayList<>(List.of(0));
    for (int i = 1; i < weights.length; i++) {
      if (weights[i] > weights[starts.get(starts.size() - 1)] * WIDTH) {
        starts.add(i);
      }
    }
    starts.add(weights.length);
    return starts.stream().mapToInt(Integer::intValue).toArray();
  }

  private static double[] sums(double[] weights, int[] starts) {
    double[] sums = new double[starts.length - 1];
    for (int c = 0; c < sums.length; c++) {
      for (int i = starts[c]; i < starts[c + 1]; i++) {
        sums[c] += weights[i];
      }
    }
    return sums;
  }
}
