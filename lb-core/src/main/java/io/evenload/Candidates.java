package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Endpoints that an attempt may go to under the same conditions; immutable.
 *
 * @param pool whose endpoints they are; null if they are of several pools, which the last resort
 *     alone is offered
 * @param endpoints never empty
 * @param list the same endpoints, as the chooser was given them; empty if it was not given these
 * @param chooser what {@link Chooser#prepare} returned last; null if there is none, as when the
 *     user's chooser threw there
 * @param panic whether health is ignored
 */
@SuppressWarnings("ArrayRecordComponent") // identity is the comparison wanted
record Candidates(
    @Nullable Pool pool,
    LiveEndpoint[] endpoints,
    List<Endpoint> list,
    @Nullable Chooser chooser,
    boolean panic) {

  /** Returns endpoints that no chooser sees. */
  static Candidates unordered(List<LiveEndpoint> endpoints, boolean panic) {
    return new Candidates(null, endpoints.toArray(new LiveEndpoint[0]), List.of(), null, panic);
  }
}
