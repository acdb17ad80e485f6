package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Administration;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import java.time.Duration;
import okhttp3.Headers;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Which of the things that servers say about themselves in their responses are believed. By default
 * none is: whoever can set a response header would have a say in where calls go. Immutable and
 * thread-safe.
 *
 * <pre>{@code
 * BackendHints hints = BackendHints.builder().loadReports().drainingHeader("X-Draining").build();
 * }</pre>
 */
public final class BackendHints {

  /** Nothing is believed. */
  static final BackendHints NONE = builder().build();

  private static final int UNAVAILABLE = 503;

  private final boolean loadReports;
  private final double errorPenalty;
  private final @Nullable String drainingHeader;
  private final boolean retryAfter;

  private BackendHints(Builder builder) {
    loadReports = builder.loadReports;
    errorPenalty = builder.errorPenalty;
    drainingHeader = builder.drainingHeader;
    retryAfter = builder.retryAfter;
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  /**
   * Takes note of a response that came from the server itself.
   *
   * @param epochMillis the time of day
   */
  void read(LoadBalancer balancer, Server server, Response response, long epochMillis) {
    Headers headers = response.headers();
    if (loadReports) {
      String value = headers.get(LoadReport.HEADER);
      LoadReport report = value == null ? null : LoadReport.parse(value);
      double weight = report == null ? Double.NaN : report.weight(errorPenalty);
      if (weight > 0) {
        balancer.admin().reportWeight(server, weight, Builder.LOAD_REPORT_EXPIRY);
      }
    }
    String draining = drainingHeader == null ? null : headers.get(drainingHeader);
    if (draining != null && !draining.equalsIgnoreCase("false")) {
      balancer.admin().drain(server, Builder.DRAINING, "it says " + drainingHeader);
    }
    if (retryAfter && response.code() == UNAVAILABLE) {
      Duration asked = RetryAfter.of(headers, epochMillis);
      if (asked != null && !asked.isZero()) {
        Duration most = Builder.MAX_RETRY_AFTER;
        Duration time = asked.compareTo(most) < 0 ? asked : most;
        balancer.admin().eject(server, time, "503 with Retry-After");
      }
    }
  }

  /** Collects the options of {@link BackendHints}; not thread-safe. */
  public static final class Builder {

    /** 1: an error costs as much as if it had used the whole server, as in gRPC. */
    public static final double DEFAULT_ERROR_PENALTY = 1;

    /** 3 minutes, as in gRPC: what a server said of its load before that is no longer so. */
    public static final Duration LOAD_REPORT_EXPIRY = Duration.ofMinutes(3);

    /** 1 minute: most servers that drain are gone by then, and one that is not says so again. */
    public static final Duration DRAINING = Duration.ofMinutes(1);

    /** 30 seconds, as long as a first ejection by outlier detection at most. */
    public static final Duration MAX_RETRY_AFTER = Duration.ofSeconds(30);

    private boolean loadReports;
    private double errorPenalty = DEFAULT_ERROR_PENALTY;
    private @Nullable String drainingHeader;
    private boolean retryAfter;

    private Builder() {}

    /**
     * Believes load reports in the header {@code endpoint-load-metrics}, the ORCA of Envoy and gRPC
     * as {@code JSON} or {@code TEXT}. The weight of a server becomes its rate at full utilization
     * (as in gRPC's <a
     * href="https://github.com/grpc/proposal/blob/master/A58-client-side-weighted-round-robin-lb-policy.md">A58</a>)
     * over the median of all, times its configured weight, a tenth to ten times, but for less than
     * twice its part of the traffic; see {@link Administration#reportWeight(Server, double,
     * Duration)}. What cannot be read is ignored, as is a report of more than 8 kB.
     */
    public Builder loadReports() {
      this.loadReports = true;
      return this;
    }

    /**
     * Sets how much an error counts in load reports: as if it had used so much of the server; 1 by
     * default.
     *
     * @throws IllegalArgumentException if the penalty is not 0 to 100
     */
    public Builder errorPenalty(double penalty) {
      if (!(penalty >= 0 && penalty <= 100)) {
        throw new IllegalArgumentException("errorPenalty: " + penalty + " (expected: 0 to 100)");
      }
      this.errorPenalty = penalty;
      return this;
    }

    /**
     * Believes this response header, with any value but {@code false}, that the server drains. It
     * gets no new attempt for a minute; see {@link Administration#drain(Server, Duration, String)}.
     *
     * @throws IllegalArgumentException if this cannot be the name of a header
     */
    public Builder drainingHeader(String name) {
      Headers unused = Headers.of(requireNonNull(name, "name"), ""); // for its checks
      this.drainingHeader = name;
      return this;
    }

    /**
     * Believes a 503 with {@code Retry-After}: the server is ejected for that time, at most 30
     * seconds, as outlier detection would; see {@link Administration#eject(Server, Duration,
     * String)}.
     */
    public Builder retryAfter() {
      this.retryAfter = true;
      return this;
    }

    /** Returns the hints. */
    public BackendHints build() {
      return new BackendHints(this);
    }
  }
}
