package io.evenload;

import java.util.List;

/**
 * Every endpoint of the roster, and what state each had when a snapshot was published; immutable.
 *
 * @param endpoints in the order of the list, those that left and still drain last
 * @param states of the endpoints
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Census(List<LiveEndpoint> endpoints, EndpointState[] states) {

  /** Takes the states that endpoints are marked with. */
  static Census now(List<LiveEndpoint> endpoints) {
    EndpointState[] states =
        endpoints.stream().map(LiveEndpoint::state).toArray(EndpointState[]::new);
    return new Census(endpoints, states);
  }

  int size() {
    return states.length;
  }
}
