package io.evenload.benchmarks.sim;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * The figures of all runs.
 *
 * @param strategies the columns
 * @param sections the scenarios, by the set that they are of
 * @param dialogue the scenarios of Dialogue's own simulator
 */
record Results(List<Strategy> strategies, List<Section> sections, Dialogue dialogue) {

  /**
   * Scenarios of Dialogue's.
   *
   * @param strategies the columns: ours and the model of Dialogue
   */
  record Dialogue(List<Strategy> strategies, List<DialogueRow> rows) {}

  /**
   * A scenario of Dialogue's.
   *
   * @param cells one for each strategy
   */
  record DialogueRow(DialogueScenario scenario, List<DialogueScenario.Published> cells) {}

  /** Scenarios that belong together. */
  record Section(String title, List<Row> rows) {}

  /**
   * A scenario.
   *
   * @param cells one for each strategy
   */
  record Row(Scenario scenario, List<Cell> cells) {

    /** The p99 of the strategy at this place relative to that of the first, seed by seed. */
    Estimate relative(int place) {
      return cells.get(place).relativeTo(cells.get(0));
    }
  }

  /**
   * What one strategy did with one scenario.
   *
   * @param p99s the p99 with each seed
   */
  record Cell(
      Estimate p50,
      Estimate p99,
      List<Double> p99s,
      Estimate p999,
      Estimate errors,
      Estimate imbalance,
      Estimate attempts) {

    static Cell of(List<Outcomes> runs) {
      return new Cell(
          estimate(runs, run -> run.quantile(0.5)),
          estimate(runs, run -> run.quantile(0.99)),
          runs.stream().mapToDouble(run -> run.quantile(0.99)).boxed().toList(),
          estimate(runs, run -> run.quantile(0.999)),
          estimate(runs, Outcomes::errorPercent),
          estimate(runs, Outcomes::imbalance),
          estimate(runs, Outcomes::attemptsPerCall));
    }

    private static Estimate estimate(List<Outcomes> runs, ToDoubleFunction<Outcomes> value) {
      return Estimate.of(runs.stream().mapToDouble(value).toArray());
    }

    /** The p99 relative to another's, seed by seed: what the seeds do to both is not in it. */
    private Estimate relativeTo(Cell other) {
      double[] ratios = new double[p99s.size()];
      for (int i = 0; i < ratios.length; i++) {
        ratios[i] = p99s.get(i) / other.p99s.get(i);
      }
      return Estimate.of(ratios);
    }
  }
}
