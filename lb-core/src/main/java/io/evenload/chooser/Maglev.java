package io.evenload.chooser;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.chooser.Recipe.Bound;
import io.evenload.chooser.Recipe.Candidates;
import io.evenload.chooser.Recipe.Prepared;

/** Consistent hashing by a lookup table, see {@link Choosers#maglev}. */
final class Maglev extends Bound {

  static final Chooser RECIPE = new Recipe("maglev", Maglev::new);

  private Maglev(Environment environment) {
    super(environment);
  }

  @Override
  Prepared prepare(Candidates candidates) {
    MaglevTable table = new MaglevTable(candidates.endpoints);
    return new Prepared(this, candidates) {
      @Override
      Endpoint pick(RequestContext request) {
        return endpoints[table.at(table.slot(hash(request)))];
      }

      @Override
      Endpoint pickAnother(Endpoint first, RequestContext request) {
        int slot = table.slot(hash(request));
        for (int i = 1; i < MaglevTable.SIZE; i++) {
          Endpoint next = endpoints[table.at(MaglevTable.wrap(slot + i))];
          if (next != first && !request.skips(next)) {
            return next;
          }
        }
        return first;
      }
    };
  }
}
