package io.evenload;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * One try of one request at one server. Whoever starts it must end it, by {@link #succeed}, {@link
 * #fail}, {@link #cancel} or {@link #close}: the first of the four ends it, later calls do nothing.
 * Thread-safe.
 *
 * <pre>{@code
 * try (Attempt attempt = balancer.start()) {
 *   send(attempt.server());
 *   attempt.succeed();
 * }
 * }</pre>
 */
public final class Attempt implements AutoCloseable {

  private static final long NOT_RESPONDED = -1;

  private static final VarHandle ENDED;
  private static final VarHandle RESPONSE_NANOS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      ENDED = lookup.findVarHandle(Attempt.class, "ended", boolean.class);
      RESPONSE_NANOS = lookup.findVarHandle(Attempt.class, "responseNanos", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final LiveEndpoint endpoint;
  final Chooser.@Nullable Tracker tracker;
  final GateChain gates;
  final long startNanos;

  /**
   * The attempt of the same request before this one, and this one's place; written before it is
   * published.
   */
  @Nullable Attempt previous;

  int number = 1;

  /** For the log. */
  Choice choice = Choice.CHOSEN;

  private final Server server;
  private final LeakSampler.@Nullable Sample sample;
  private volatile boolean ended;
  private volatile long responseNanos = NOT_RESPONDED;

  Attempt(
      LiveEndpoint endpoint,
      GateChain gates,
      Chooser.@Nullable Tracker tracker,
      long startNanos,
      @Nullable LeakSampler sampler) {
    this.endpoint = endpoint;
    this.server = endpoint.server();
    this.gates = gates;
    this.tracker = tracker;
    this.startNanos = startNanos;
    this.sample = sampler == null ? null : sampler.sample(this);
  }

  /** The server to call, as discovery described it when the attempt began. */
  public Server server() {
    return server;
  }

  /**
   * Says that the response has begun: latency is measured up to here, while the attempt stays in
   * flight until it ends. The first call counts; later ones, and any after the end, do nothing.
   */
  public void responded() {
    if (responseNanos == NOT_RESPONDED && !ended) {
      long latency = Math.max(0, endpoint.balancer.nanoTime().getAsLong() - startNanos);
      RESPONSE_NANOS.compareAndSet(this, NOT_RESPONDED, latency);
    }
  }

  /** Ends the attempt: the server did what it was asked. */
  public void succeed() {
    end(Outcome.SUCCESS, null);
  }

  /**
   * Ends the attempt: the server, or the way to it, failed.
   *
   * @param cause what happened, for listeners; null if there is no exception, as with an error
   *     status
   */
  public void fail(@Nullable Throwable cause) {
    end(Outcome.FAILURE, cause);
  }

  /** Ends the attempt without judgement: it counts neither as success nor as failure. */
  public void cancel() {
    end(Outcome.CANCELLED, null);
  }

  /** Ends the attempt as {@link #cancel} does, if it has not ended yet. */
  @Override
  public void close() {
    cancel();
  }

  private void end(Outcome outcome, @Nullable Throwable cause) {
    if (ended || !ENDED.compareAndSet(this, false, true)) {
      return;
    }
    if (sample != null) {
      sample.ended();
    }
    long now;
    try {
      now = endpoint.balancer.nanoTime().getAsLong();
    } catch (Throwable e) {
      endpoint.balancer.log().warn("the clock threw; an attempt counts as cancelled", e);
      endpoint.end(gates, tracker, Outcome.CANCELLED, 0, startNanos, cause);
      return;
    }
    long response = responseNanos;
    long latency = response == NOT_RESPONDED ? Math.max(0, now - startNanos) : response;
    endpoint.end(gates, tracker, outcome, latency, now, cause);
  }

  /** The server and whether the attempt has ended. */
  @Override
  public String toString() {
    return server + (ended ? " (ended)" : " (running)");
  }
}
