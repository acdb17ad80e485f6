package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Endpoints of one priority that an attempt may go to under the same conditions; immutable.
 *
 * @param group the priority
 * @param endpoints never empty
 * @param list the same endpoints, as the chooser was given them; empty if it was not given these
 * @param chooser what {@link Chooser#prepare} returned last; null if the user's chooser threw there
 * @param panic whether health is ignored
 */
@SuppressWarnings("ArrayRecordComponent") // identity is the comparison wanted
record Candidates(
    CandidateGroup group,
    LiveEndpoint[] endpoints,
    List<Endpoint> list,
    @Nullable Chooser chooser,
    boolean panic) {}
