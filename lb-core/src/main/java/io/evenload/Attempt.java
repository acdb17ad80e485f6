package io.evenload;

import static java.util.Objects.requireNonNull;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * One try of one request at one server. Whoever starts it must end it, by {@link #succeed}, {@link
 * #fail}, {@link #abandon}, {@link #cancel}, {@link #end} or {@link #close}: the first of them ends
 * it, later calls do nothing. Thread-safe.
 *
 * <p>{@link LoadBalancer#call} makes an attempt and ends it, which is enough where an action
 * returns when it is done. By hand it is for what ends later or elsewhere. The exception of an
 * action that may throw has to be told, as an attempt that is merely closed is cancelled, and then
 * its server is not blamed:
 *
 * <pre>{@code
 * try (Attempt attempt = balancer.start()) {
 *   try {
 *     send(attempt.server());
 *     attempt.succeed();
 *   } catch (IOException e) {
 *     attempt.fail(e);
 *     throw e;
 *   }
 * }
 * }</pre>
 */
public final class Attempt implements AutoCloseable {

  private static final long NOT_RESPONDED = -1;
  private static final Duration MOST_BODY = Duration.ofDays(1); // more cannot be slower

  private static final VarHandle END;
  private static final VarHandle RESPONSE_NANOS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      END = lookup.findVarHandle(Attempt.class, "end", Object.class);
      RESPONSE_NANOS = lookup.findVarHandle(Attempt.class, "responseNanos", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /*
   * 64 bytes, one cache line, and all that a request allocates. So the end is one reference, which is an object of its own
   * only if there is a cause. The latency is written before the end, so whoever sees the end sees it too.
   */

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

  /** Null while it runs; then its Outcome, or if there is a cause, an Ending. */
  private volatile @Nullable Object end;

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
   * How it ended; null while it runs. Like {@link #latencyNanos()} and {@link #cause()} it never
   * changes once the attempt has ended.
   */
  public @Nullable Outcome outcome() {
    Object now = end;
    return now instanceof Ending ending ? ending.outcome : (@Nullable Outcome) now;
  }

  /**
   * The time from the start to the response, or to the end if there was none, in nanoseconds; valid
   * once it has ended.
   *
   * @throws IllegalStateException if it runs
   */
  public long latencyNanos() {
    if (end == null) {
      throw new IllegalStateException("attempt at " + server.id() + ": running (expected: ended)");
    }
    return responseNanos;
  }

  /** What was given to {@link #fail} or {@link #end}; null if it runs, or if nothing was. */
  public @Nullable Throwable cause() {
    return end instanceof Ending ending ? ending.cause : null;
  }

  /**
   * Says that the response has begun: latency is measured up to here, while the attempt stays in
   * flight until it ends. The first call counts; later ones, and any after the end, do nothing.
   */
  public void responded() {
    if (responseNanos == NOT_RESPONDED) {
      respondedAt(endpoint.balancer.nanoTime().getAsLong());
      endpoint.answered();
    }
  }

  private void respondedAt(long now) {
    RESPONSE_NANOS.compareAndSet(this, NOT_RESPONDED, Math.max(0, now - startNanos));
  }

  /** Ends the attempt: the server did what it was asked. */
  public void succeed() {
    end(Outcome.SUCCESS, null);
  }

  /**
   * Ends the attempt: the server, or the way to it, failed. It counts as {@link Outcome#REFUSED} if
   * the cause is certain to have come before anything was sent, such as a {@code ConnectException},
   * an {@code UnknownHostException} or a timeout of connecting; as {@link Outcome#TIMED_OUT} if it
   * is a timeout and no response began; and else as {@link Outcome#FAILURE}. Of an {@code
   * ExecutionException} or a {@code CompletionException} its own cause is looked at.
   *
   * @param cause what happened; null if there is no exception, as with an error status
   */
  public void fail(@Nullable Throwable cause) {
    end(FailureCause.failure(cause), cause);
  }

  /**
   * Ends the attempt as {@link Outcome#ABANDONED}: no response began, and the caller waits no
   * longer. If one did, it is {@linkplain #cancel cancelled}.
   */
  public void abandon() {
    end(Outcome.ABANDONED, null);
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

  /**
   * Ends the attempt in this way, for callers that know better than {@link #fail} can tell. If a
   * response had begun, {@link Outcome#TIMED_OUT} and {@link Outcome#REFUSED} become {@link
   * Outcome#FAILURE}, and {@link Outcome#ABANDONED} becomes {@link Outcome#CANCELLED}.
   *
   * @param cause what happened, for listeners; null if there is no exception
   */
  public void end(Outcome outcome, @Nullable Throwable cause) {
    requireNonNull(outcome, "outcome");
    endAfter(outcome, cause, 0);
  }

  /**
   * Ends the attempt as {@link #end(Outcome, Throwable)} does, and says how long the server kept
   * its caller waiting for the rest of the response once that had begun. This is added to what
   * {@link Endpoint#latencyNanos()} and choosers take for its latency, so that a server whose
   * bodies are slow does not look fast for its quick headers. Left out should be what is not the
   * server's doing, as a caller that reads slowly, or a stream that has nothing to say for a while.
   *
   * @param body zero if nothing is known of it; added to nothing if no response had begun
   * @throws IllegalArgumentException if the time is negative
   */
  public void end(Outcome outcome, @Nullable Throwable cause, Duration body) {
    requireNonNull(outcome, "outcome");
    requireNonNull(body, "body");
    if (body.isNegative()) {
      throw new IllegalArgumentException("body: " + body + " (expected: 0 or more)");
    }
    boolean countable = body.compareTo(MOST_BODY) < 0;
    endAfter(outcome, cause, countable ? body.toNanos() : MOST_BODY.toNanos());
  }

  private void endAfter(Outcome outcome, @Nullable Throwable cause, long bodyNanos) {
    if (end != null) {
      return;
    }
    long now = startNanos;
    Outcome known = outcome;
    try {
      now = endpoint.balancer.nanoTime().getAsLong();
    } catch (Throwable e) {
      endpoint.balancer.log().warn("the clock threw; an attempt counts as cancelled", e);
      known = Outcome.CANCELLED;
    }
    boolean responded = responseNanos != NOT_RESPONDED;
    if (!responded) {
      respondedAt(now);
    }
    Outcome told = responded ? afterResponse(known) : known;
    if (!END.compareAndSet(this, null, cause == null ? told : new Ending(told, cause))) {
      return;
    }
    if (sample != null) {
      sample.ended();
    }
    endpoint.end(this, told, responded, responded ? bodyNanos : 0, now);
  }

  private static Outcome afterResponse(Outcome outcome) {
    return switch (outcome) {
      case TIMED_OUT, REFUSED -> Outcome.FAILURE;
      case ABANDONED -> Outcome.CANCELLED;
      default -> outcome;
    };
  }

  /** The server and whether the attempt has ended. */
  @Override
  public String toString() {
    return server + (end == null ? " (running)" : " (ended)");
  }

  /** An outcome with its cause. */
  private static final class Ending {
    private final Outcome outcome;
    private final Throwable cause;

    Ending(Outcome outcome, Throwable cause) {
      this.outcome = outcome;
      this.cause = cause;
    }
  }
}
