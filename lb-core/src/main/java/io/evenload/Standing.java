package io.evenload;

import io.evenload.internal.text.PlainText;

/**
 * Whether an endpoint may be chosen, and why; immutable.
 *
 * @param state the strongest of the states that hold
 * @param reason why, in words; empty for an endpoint that nothing is against
 * @param unproven whether no probe has passed there yet while traffic waits for that: it is neither
 *     well nor sick, so it counts neither for nor against its priority
 */
record Standing(EndpointState state, String reason, boolean unproven) {

  static final Standing ELIGIBLE = new Standing(EndpointState.ELIGIBLE, "");

  /** Eligible in spite of a breaker. */
  static final Standing OVERRULED =
      new Standing(
          EndpointState.ELIGIBLE, "its breaker is overruled, as its peers fail about as often");

  static final Standing WEIGHT_ZERO =
      new Standing(EndpointState.WEIGHT_ZERO, "weight 0 beside positive weights");
  static final Standing OUTSIDE_SUBSET =
      new Standing(EndpointState.OUTSIDE_SUBSET, "not one of this client's subset");
  static final Standing LEFT = draining("left the list");

  /** Makes the reason, which may be a server's own words, fit for a log. */
  Standing {
    reason = PlainText.of(reason);
  }

  /** How an endpoint stands that has been well, or was taken to be so at first. */
  Standing(EndpointState state, String reason) {
    this(state, reason, false);
  }

  /** The state and why, in words that say nothing twice. */
  String words() {
    if (reason.isEmpty() || reason.startsWith(state.toString())) {
      return reason.isEmpty() ? state.toString() : reason;
    }
    return state + " (" + reason + ")";
  }

  static Standing draining(String reason) {
    return new Standing(EndpointState.DRAINING, reason);
  }
}
