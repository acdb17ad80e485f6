package io.evenload.okhttp;

/** The options of one service. */
final class OwnOptions extends ServiceOptions<OwnOptions> {

  /** Begins with the same as others, and does not follow them. */
  OwnOptions(ServiceOptions<?> others) {
    retry = others.retry;
    circuitBreaker = others.circuitBreaker;
    waitForServers = others.waitForServers;
    waitForRoom = others.waitForRoom;
    failureStatuses = others.failureStatuses;
    timeoutHeader = others.timeoutHeader;
    hints = others.hints;
    affinity = others.affinity;
    connections = others.connections;
    throttling = others.throttling;
  }

  @Override
  OwnOptions self() {
    return this;
  }
}
