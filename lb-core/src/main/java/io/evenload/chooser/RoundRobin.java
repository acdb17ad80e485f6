package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** Weighted turns, see {@link Choosers#roundRobin}. */
final class RoundRobin extends Bound {

  static final Chooser RECIPE = new Recipe("roundRobin", RoundRobin::new);

  private final StripedCursor cursor;

  private RoundRobin(Environment environment) {
    super(environment);
    this.cursor = new StripedCursor(random, Runtime.getRuntime().availableProcessors());
  }

  @Override
  Prepared prepare(Candidates candidates) {
    TurnSchedule schedule = new TurnSchedule(candidates.weights);
    return new Prepared(this, candidates) {
      @Override
      Endpoint pick(RequestContext request) {
        return endpoints[schedule.at(cursor.next(schedule.period()))];
      }
    };
  }
}
