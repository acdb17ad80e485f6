package io.evenload;

import org.jspecify.annotations.Nullable;

/**
 * The live thing that a balancer keeps for one server id: what is in flight there, how fast and how
 * well it answers.
 *
 * <p>An endpoint survives every update whose list still contains its id, so that within one
 * balancer identity ({@code ==}) is the right comparison. Thread-safe; every getter is one volatile
 * read. The balancer makes the endpoints; other implementations serve tests of choosers.
 */
public interface Endpoint {

  /** The server as discovery described it last. */
  Server server();

  /**
   * The effective weight, by which choosers share; finite and more than 0. It is the configured
   * weight, or 1 if that is 0, times the part of it that {@linkplain io.evenload.health.SlowStart
   * slow start} leaves, times what the server {@linkplain Administration#reportWeight reports} in
   * relation to the median of all reports, a tenth to ten times, and at the edge of a {@link
   * Subset} times the part that is within. It changes only on the control path, and if the endpoint
   * may be chosen, {@link Chooser#prepare} follows.
   */
  double weight();

  /** The number of attempts that have begun and not ended. */
  int inFlight();

  /**
   * The exponentially weighted moving average of the latency in nanoseconds; NaN until the first
   * sample. A sample is the time from the attempt's start to {@link Attempt#responded()} or its
   * end, with the wait for the rest of the response if that was told. A failure, a timeout and an
   * abandoned attempt count only if they make the average worse, and one that was refused does not;
   * before the first success the average is taken to be the mean of the other candidates'. While
   * nothing is in flight it decays, once a second, by {@code e^(-t/10s)}.
   */
  double latencyNanos();

  /**
   * The share of recent attempts that failed, 0 to 1: a moving average in which the latest outcome
   * weighs a tenth, and which decays, once a second, by {@code e^(-t/5s)}. Abandoned and cancelled
   * attempts do not count.
   */
  double failureRate();

  /**
   * The number of attempts in a row that got no answer of any kind, not even an error or a refused
   * connection: they timed out or were abandoned. 0 by default. High at a server that takes
   * requests and never answers, whose abandoned attempts say nothing else.
   */
  default int unanswered() {
    return 0;
  }

  /**
   * What {@link Chooser#track} of this balancer's chooser returned for this endpoint; null if it
   * tracks nothing.
   */
  Chooser.@Nullable Tracker tracker();
}
