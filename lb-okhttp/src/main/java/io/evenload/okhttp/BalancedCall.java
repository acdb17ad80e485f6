package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import kotlin.jvm.functions.Function0;
import okhttp3.Call;
import okhttp3.Response;
import okio.Timeout;
import org.jspecify.annotations.Nullable;

/** What is kept for one call: its context, its deadline, and the attempt in flight. */
final class BalancedCall extends AttemptTrace {

  private static final long NO_LIMIT = Long.MAX_VALUE;

  private final Timing timing;
  private final InFlight inFlight;
  private final long startNanos;
  private @Nullable RequestContext context;
  private @Nullable BalancedService contextOf;
  private @Nullable RequestContext contextLike;
  private @Nullable String contextKey;
  private volatile @Nullable Call nested;
  private volatile @Nullable CountDownLatch pause;
  private boolean listening; // like the two below, only on the thread of the call
  private boolean inside;
  private int attempts;
  private volatile boolean kept;
  private volatile boolean over;
  private volatile @Nullable IOException endFailure;
  private volatile @Nullable String hiddenRetryAfter;

  BalancedCall(Timing timing, RateLimitedLog log) {
    this.timing = timing;
    this.inFlight = new InFlight(log);
    this.startNanos = timing.nanoTime().getAsLong();
  }

  /**
   * Returns what is kept for the call.
   *
   * @param factory makes it when the call first comes by
   */
  static BalancedCall of(Call call, Function0<BalancedCall> factory) {
    BalancedCall state = call.tag(BalancedCall.class, factory);
    if (!state.listening) {
      state.listening = true;
      call.addEventListener(state);
    }
    return state;
  }

  /**
   * Begins a way through an interceptor, and ends the attempt of an earlier way, of which an outer
   * interceptor made nothing. Returns false if the call is inside already, because the client has
   * two such interceptors for one host.
   */
  boolean enter() {
    if (inside) {
      return false;
    }
    inside = true;
    inFlight.end();
    inFlight.forget();
    return true;
  }

  void leave() {
    inside = false;
  }

  /**
   * The context of the call at this service, which lives as long as the call.
   *
   * @param given what the caller wants it to be like; another call may be given the same
   * @param key the key of the call's session, if it has one; only if the given context has none
   */
  @SuppressWarnings("ReferenceEquality") // this very service and this very context
  RequestContext context(
      BalancedService service, @Nullable RequestContext given, @Nullable String key) {
    RequestContext known = context;
    if (known == null
        || contextOf != service
        || contextLike != given
        || !Objects.equals(contextKey, key)) {
      known = newContext(given, key);
      context = known;
      contextOf = service;
      contextLike = given;
      contextKey = key;
    }
    return known;
  }

  private static RequestContext newContext(@Nullable RequestContext given, @Nullable String key) {
    if (key == null) {
      return given == null ? RequestContext.create() : given.copy();
    }
    return given == null ? RequestContext.withKey(key) : given.copyWithKey(key);
  }

  /** Nanoseconds left of the call's timeout and deadline; the largest long if it has neither. */
  long remainingNanos(Call call) {
    Timeout timeout = call.timeout();
    long now = timing.nanoTime().getAsLong();
    long configured = timeout.timeoutNanos();
    long remaining = configured == 0 ? NO_LIMIT : configured - (now - startNanos);
    return timeout.hasDeadline()
        ? Math.min(remaining, timeout.deadlineNanoTime() - now)
        : remaining;
  }

  /**
   * Waits, until the latch opens, the call is canceled, or the time is over.
   *
   * @throws InterruptedIOException if the thread is interrupted, which it then still is
   */
  void pause(Call call, long nanos, CountDownLatch latch) throws InterruptedIOException {
    pause = latch;
    try {
      if (!call.isCanceled() && nanos > 0) {
        timing.waiting().await(latch, nanos);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      InterruptedIOException failure = new InterruptedIOException("interrupted");
      failure.initCause(e);
      throw failure;
    } finally {
      pause = null;
    }
  }

  InFlight inFlight() {
    return inFlight;
  }

  /** Begins an attempt. */
  void begin(String host, Attempt attempt) {
    inFlight.begin(host, attempt);
    attempts++;
    nested = null;
    kept = false;
    over = false;
    endFailure = null;
    hiddenRetryAfter = null;
  }

  /**
   * Whether there was an attempt before the current one, in whatever way through the interceptor.
   */
  boolean sentBefore() {
    return attempts > 1;
  }

  /** The attempt is made by this inner call; null if the call makes it itself. */
  void nest(@Nullable Call nested) {
    this.nested = nested;
  }

  /**
   * Leaves the attempt in flight until the call that made it ends, which may have happened already.
   */
  void keep(Call call, Outcome outcome) {
    Call carrier = nested != null ? nested : call;
    inFlight.keep(carrier, outcome);
    kept = true;
    if (over) {
      settle(carrier);
    }
  }

  void hideRetryAfter(String value) {
    hiddenRetryAfter = value;
  }

  @Nullable String hiddenRetryAfter() {
    return hiddenRetryAfter;
  }

  @Override
  public void responseHeadersEnd(Call call, Response response) {
    inFlight.responded();
  }

  @Override
  public void canceled(Call call) {
    Call inner = nested;
    if (inner != null && inner != call) {
      inner.cancel();
    }
    CountDownLatch waiting = pause;
    if (waiting != null) {
      waiting.countDown();
    }
  }

  @Override
  public void callEnd(Call call) {
    ended(call, null);
  }

  @Override
  public void callFailed(Call call, IOException failure) {
    ended(call, failure);
  }

  private void ended(Call call, @Nullable IOException failure) {
    Call inner = nested;
    if (inner == null || inner == call) {
      endFailure = failure;
      over = true;
      if (kept || inner == null) {
        settle(call);
      }
    }
  }

  private void settle(Call call) {
    IOException failure = endFailure;
    if (failure == null || misroutedTo() != null || foreign()) {
      inFlight.end();
    } else if (call.isCanceled()) {
      // Once the response has begun, the time may as well have been the caller's.
      boolean blamed = timedOut(failure) && !responseStarted();
      inFlight.end(blamed ? Outcome.FAILURE : Outcome.CANCELLED, failure);
    } else if (exchangeFailed()) {
      inFlight.end(Outcome.FAILURE, failure);
    } else {
      inFlight.end();
    }
    inFlight.forget();
  }

  /** Whether a canceled call was canceled by its own timeout, which OkHttp tells in these words. */
  private static boolean timedOut(IOException failure) {
    return failure.getClass() == InterruptedIOException.class
        && "timeout".equals(failure.getMessage());
  }
}
