package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The endpoints of one priority that may be chosen now, with the chooser prepared for them;
 * immutable.
 *
 * @param endpoints never empty
 * @param list the same endpoints, as the chooser was given them
 * @param chooser null if the user's chooser could not be prepared
 * @param panic whether health is ignored in this priority
 */
@SuppressWarnings("ArrayRecordComponent") // identity is the comparison wanted
record Candidates(
    LiveEndpoint[] endpoints, List<Endpoint> list, @Nullable Chooser chooser, boolean panic) {}
