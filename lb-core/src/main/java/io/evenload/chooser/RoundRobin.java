package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import org.jspecify.annotations.Nullable;

/** Weighted turns, see {@link Choosers#roundRobin}. */
final class RoundRobin extends Bound {

  static final Chooser RECIPE = new Recipe("roundRobin", RoundRobin::new);

  private final long[] cursor;

  private RoundRobin(Environment environment) {
    super(environment);
    this.cursor = StripedCursor.cells(random);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    return new Turns(this, candidates);
  }

  private static final class Turns extends Prepared {
    private final long[] cursor;
    private final TurnSchedule schedule;
    private final @Nullable Endpoint[] turns; // null where the one whose turn it is changes

    Turns(RoundRobin bound, Candidates candidates) {
      super(bound, candidates);
      this.cursor = bound.cursor;
      this.schedule = new TurnSchedule(candidates.weights);
      this.turns = new Endpoint[schedule.period()];
      for (int turn = 0; turn < turns.length; turn++) {
        turns[turn] = schedule.rotates(turn) ? null : endpoints[schedule.at(turn)];
      }
    }

    @Override
    Endpoint pick(RequestContext request) {
      @Nullable Endpoint[] turns = this.turns; // read here, not behind the barrier of the cursor
      long position = StripedCursor.next(cursor, turns.length);
      Endpoint endpoint = turns[(int) position];
      return endpoint != null ? endpoint : endpoints[schedule.at(position)];
    }
  }
}
