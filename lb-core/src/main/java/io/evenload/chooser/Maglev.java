package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;
import io.evenload.internal.hash.Hashes;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Consistent hashing by a lookup table, see {@link Choosers#maglev}. */
final class Maglev extends Bound {

  static final Chooser RECIPE = recipe(MaglevTable.SIZE);

  /** With equal weights, one endpoint that is left is not found in these with odds of e^-8. */
  private static final int STEPS_PER_ENDPOINT = 8;

  private final int tableSize;
  private final Warnings warnings;

  private Maglev(Environment environment, int tableSize) {
    super(environment);
    this.tableSize = tableSize;
    this.warnings = new Warnings(environment.nanoTime());
  }

  static Chooser recipe(int tableSize) {
    return new Recipe("maglev", environment -> new Maglev(environment, tableSize));
  }

  @Override
  Prepared prepare(Candidates candidates) {
    MaglevTable table = new MaglevTable(candidates.endpoints, tableSize);
    warnings.check(table, candidates.endpoints.length);
    return new Lookup(this, candidates, table);
  }

  /**
   * Says that a table does not do justice to its endpoints; once an hour at most, for each
   * balancer.
   */
  static final class Warnings {
    static final double TOLERATED_DEVIATION = 0.3;
    private static final Duration INTERVAL = Duration.ofHours(1);
    private static final Logger logger = LoggerFactory.getLogger("io.evenload.chooser.Choosers");

    private final LongSupplier nanoTime;
    private final AtomicLong next;

    Warnings(LongSupplier nanoTime) {
      this.nanoTime = nanoTime;
      this.next = new AtomicLong(nanoTime.getAsLong());
    }

    void check(MaglevTable table, int servers) {
      if (servers > table.size()) {
        warn(
            "{} servers share a hash table of {} slots, so that {} of them get no keys; use a larger table",
            servers,
            table.size(),
            servers - table.size());
      } else if (table.worstDeviation() > TOLERATED_DEVIATION) {
        warn(
            "{} servers share a hash table of {} slots, so that one has {} % more or less than its weight's share; use a"
                + " larger table, or weights that differ less",
            servers, table.size(), Math.round(100 * table.worstDeviation()));
      }
    }

    private void warn(String message, Object... numbers) {
      long due = next.get();
      long now = nanoTime.getAsLong();
      if (now - due >= 0 && next.compareAndSet(due, now + INTERVAL.toNanos())) {
        logger.warn(message, numbers);
      }
    }
  }

  /** Looks a key up, and goes on along the table if that endpoint will not do. */
  static class Lookup extends Prepared {
    private final MaglevTable table;

    Lookup(Bound bound, Candidates candidates, MaglevTable table) {
      super(bound, candidates);
      this.table = table;
    }

    /** Whether the endpoint with this index takes one attempt more. */
    boolean hasRoom(int index) {
      return true;
    }

    /** Whether it should get a key that belongs elsewhere, while there are others. */
    boolean isGoodSubstitute(int index) {
      return true;
    }

    @Override
    final Endpoint pick(RequestContext request) {
      int slot = table.slot(hash(request));
      int home = table.at(slot);
      return hasRoom(home) ? endpoints[home] : walk(slot, request);
    }

    @Override
    final Endpoint pickAnother(Endpoint first, RequestContext request) {
      return walk(table.slot(hash(request)), request);
    }

    private Endpoint walk(int slot, RequestContext request) {
      int last = table.at(slot);
      int steps = Math.min(table.size(), STEPS_PER_ENDPOINT * endpoints.length);
      for (int i = 1; i < steps; i++) {
        int next = table.at(slot, i);
        if (next != last && isGoodSubstitute(next) && takes(next, request)) {
          return endpoints[next];
        }
        last = next;
      }
      return highest(slot, request);
    }

    /**
     * The endpoint that the slot and the id hash highest; for when the next slots are of no use,
     * because all is skipped, or all but endpoints too light to have many slots, or any.
     */
    private Endpoint highest(int slot, RequestContext request) {
      int best = table.at(slot);
      long highest = Long.MIN_VALUE;
      for (int i = 0; i < endpoints.length; i++) {
        if (takes(i, request)) {
          long score = Hashes.of(endpoints[i].server().id(), slot);
          if (score >= highest) {
            best = i;
            highest = score;
          }
        }
      }
      return endpoints[best];
    }

    private boolean takes(int index, RequestContext request) {
      return hasRoom(index) && !request.skips(endpoints[index]);
    }
  }
}
