package io.evenload;

import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log of each attempt, for whoever asks why it went where it did. */
final class AttemptLog {

  /** By its name, which docs/logging.md promises. */
  private static final Logger logger = LoggerFactory.getLogger("io.evenload.Attempt");

  private AttemptLog() {}

  /** Whether {@link #started} would be read by anyone; asked on the hot path. */
  static boolean enabled() {
    return logger.isDebugEnabled();
  }

  static void started(Attempt attempt, RequestContext request, Snapshot snapshot) {
    LiveEndpoint endpoint = attempt.endpoint;
    Standing standing = endpoint.standing();
    logger.debug(
        "{}: {}: attempt {}: {}{}{}{}; {}",
        endpoint.balancer.name(),
        StateLog.words(attempt.server()),
        attempt.number,
        attempt.choice,
        request.key() == null ? "" : ", with a key",
        standing.state() == EndpointState.ELIGIBLE ? "" : ", although " + standing.state(),
        snapshot.panic() ? ", in panic" : "",
        load(endpoint));
  }

  private static String load(LiveEndpoint endpoint) {
    double latency = endpoint.latencyNanos();
    return String.format(
        Locale.ROOT,
        "weight %.2f, %d in flight, latency %s, failure rate %.2f",
        endpoint.weight(),
        endpoint.inFlight(),
        Double.isNaN(latency) ? "unknown" : String.format(Locale.ROOT, "%.2f ms", latency / 1e6),
        endpoint.failureRate());
  }
}
