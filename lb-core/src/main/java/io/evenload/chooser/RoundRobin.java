package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Weighted turns, see {@link Choosers#roundRobin}. */
final class RoundRobin extends Bound {

  /*
   * The turns are those of the endpoints in the order of their ids, so that a list in another order goes on where the last
   * one was. Other endpoints or weights have another schedule, which begins at a random turn: were it the turn of the
   * cursor, lists that alternate at each choice could meet the same few turns again and again.
   */

  static final Chooser RECIPE = new Recipe("roundRobin", RoundRobin::new);

  private final long[] cursor;
  private volatile @Nullable Turns last;

  private RoundRobin(Environment environment) {
    super(environment);
    this.cursor = StripedCursor.cells(random);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    Candidates sorted = candidates.byId();
    Turns before = last;
    Turns turns =
        before != null && before.areOf(sorted)
            ? new Turns(this, sorted, before)
            : new Turns(this, sorted);
    last = turns;
    return turns;
  }

  private static final class Turns extends Prepared {
    private final long[] cursor;
    private final double[] weights;
    private final TurnSchedule schedule;
    private final int period;
    private final int start; // the turn at the first position of the cursor
    private final Endpoint[] turns; // by position; empty if they have no table

    Turns(RoundRobin bound, Candidates sorted) {
      super(bound, sorted);
      this.cursor = bound.cursor;
      this.weights = sorted.weights;
      this.schedule = new TurnSchedule(weights);
      this.period = schedule.period();
      this.start = Recipe.below(random.nextLong(), period);
      this.turns = new Endpoint[schedule.isTable() ? period : 0];
      for (int i = 0; i < turns.length; i++) {
        turns[i] = endpoints[schedule.at(turn(i))];
      }
    }

    Turns(RoundRobin bound, Candidates sorted, Turns before) {
      super(bound, sorted);
      this.cursor = before.cursor;
      this.weights = before.weights;
      this.schedule = before.schedule;
      this.period = before.period;
      this.start = before.start;
      this.turns = before.turns;
    }

    boolean areOf(Candidates sorted) {
      return Arrays.equals(weights, sorted.weights) && Arrays.equals(endpoints, sorted.endpoints);
    }

    @Override
    Endpoint pick(RequestContext request) {
      Endpoint[] turns = this.turns; // read here, not behind the barrier of the cursor
      long position = StripedCursor.next(cursor, period);
      int i = (int) position;
      return i < turns.length ? turns[i] : endpoints[schedule.at(turn(position))];
    }

    /** The turn of the schedule at this position of the cursor. */
    private long turn(long position) {
      long turn = position + start;
      return (int) turn < period ? turn : turn - period + (1L << 32);
    }
  }
}
