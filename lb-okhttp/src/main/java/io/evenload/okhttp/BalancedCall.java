package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Attempt;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.internal.route.AttemptTrace;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import kotlin.jvm.functions.Function0;
import okhttp3.Call;
import okhttp3.Response;
import okio.Timeout;
import org.jspecify.annotations.Nullable;

/** What is kept for one call: its context, its deadline, its attempts, and the one in flight. */
final class BalancedCall extends AttemptTrace implements AttemptHistory {

  /*
   * It is a tag of the call, where everything that belongs to one call meets, and, as its history, of the request, by
   * which a response leads back to its attempts. The two need different types: a call is born with the tags of its
   * request, which may be that of another call's response. An attempt that has a call of its own has one of these too,
   * for that call alone.
   */

  private static final int SWITCHING_PROTOCOLS = 101;
  private static final long NO_LIMIT = Long.MAX_VALUE;

  private final Timing timing;
  private final InFlight inFlight;
  private final long startNanos;

  /** Whether this is of a call for one attempt, of which another call judges what it came to. */
  private final boolean nestedOne;

  private @Nullable RequestContext context;
  private @Nullable BalancedService contextOf;
  private @Nullable RequestContext contextLike;
  private @Nullable String contextKey;
  private volatile @Nullable Set<Call> nested;
  private volatile @Nullable CountDownLatch pause;

  /** After that an exchange fails when either side hangs up, be it after a goodbye or not. */
  private volatile boolean upgraded;

  private volatile @Nullable AttemptRecord lastAttempt;
  private @Nullable Call call;
  private boolean inside; // only on the thread of the call
  private @Nullable String idempotencyKey;
  private volatile boolean kept;
  private volatile boolean over;
  private volatile @Nullable IOException endFailure;

  BalancedCall(Timing timing, RateLimitedLog log) {
    this(timing, log, false);
  }

  private BalancedCall(Timing timing, RateLimitedLog log, boolean nestedOne) {
    this.timing = timing;
    this.inFlight = new InFlight(log);
    this.startNanos = timing.nanoTime().getAsLong();
    this.nestedOne = nestedOne;
  }

  /** Returns what is to be kept for another call that makes one attempt of this one. */
  BalancedCall forNested() {
    return new BalancedCall(timing, log(), true);
  }

  /**
   * Returns what is kept for the call.
   *
   * @param factory makes it when the call first comes by
   */
  static BalancedCall of(Call call, Function0<BalancedCall> factory) {
    BalancedCall state = call.tag(Tags.STATE, factory);
    if (state.call == null) {
      state.call = call;
      call.addEventListener(state);
    }
    return state;
  }

  /**
   * Begins a way through an interceptor, and ends the attempt of an earlier way, of which an outer
   * interceptor made nothing. Returns false if the call is inside already, because the client has
   * two such interceptors for one host, or if another call chose its server.
   */
  boolean enter() {
    if (inside || nestedOne) {
      return false;
    }
    inside = true;
    for (AttemptRecord last = lastAttempt; last != null; last = last.previous()) {
      last.carrier().inFlight().end();
      last.carrier().inFlight().forget();
    }
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
      throw interrupted(e);
    } finally {
      pause = null;
    }
  }

  /** What the caller gets whose thread is interrupted, which it still is. */
  static InterruptedIOException interrupted(Exception cause) {
    Thread.currentThread().interrupt();
    InterruptedIOException failure = new InterruptedIOException("interrupted");
    failure.initCause(cause);
    return failure;
  }

  InFlight inFlight() {
    return inFlight;
  }

  /** Begins an attempt. */
  AttemptRecord begin(String service, Attempt attempt, Reason reason) {
    long now = timing.nanoTime().getAsLong();
    AttemptRecord record =
        new AttemptRecord(service, this, attempt.server(), reason, lastAttempt, now);
    lastAttempt = record;
    return record;
  }

  /** Takes an attempt that this call carries. */
  void carry(String host, Attempt attempt) {
    inFlight.begin(host, attempt);
    kept = false;
    over = false;
    endFailure = null;
  }

  @Override
  public List<CallAttempt> attempts() {
    AttemptRecord last = lastAttempt;
    return last == null ? List.of() : last.history();
  }

  /** The attempt that a call makes at this moment, on whose thread this is asked. */
  static @Nullable CallAttempt current(Call call) {
    NestedCall nested = call.tag(NestedCall.class);
    if (nested != null) {
      return nested.described();
    }
    BalancedCall state = call.tag(Tags.STATE);
    AttemptRecord last = state == null || !state.inside ? null : state.lastAttempt;
    return last == null ? null : last.described(null);
  }

  /** The call that this is kept for. */
  Call call() {
    return requireNonNull(call);
  }

  long startNanos() {
    return startNanos;
  }

  /** Adds to an exception what was tried before it, the exceptions of that too. */
  void explain(IOException failure, String host) {
    AttemptRecord last = lastAttempt;
    if (last != null && AttemptsException.of(failure).isEmpty()) {
      last.suppressEarlier(failure);
      failure.addSuppressed(new AttemptsException(host, attempts()));
    }
  }

  Timing timing() {
    return timing;
  }

  RateLimitedLog log() {
    return inFlight.log();
  }

  /**
   * Returns the idempotency key of the call, the same one each time.
   *
   * @param keys makes it when it is first asked for
   */
  String idempotencyKey(Supplier<String> keys) {
    String key = idempotencyKey;
    if (key == null) {
      key = requireNonNull(keys.get(), "idempotencyKey");
      idempotencyKey = key;
    }
    return key;
  }

  long now() {
    return timing.nanoTime().getAsLong();
  }

  /** Makes another call, which carries an attempt of this one, end when this one is canceled. */
  void nest(Call outer, Call nested) {
    Set<Call> calls = this.nested;
    if (calls == null) {
      calls = ConcurrentHashMap.newKeySet(); // the second is nested while the first is
      this.nested = calls;
    }
    calls.add(nested);
    if (outer.isCanceled()) {
      nested.cancel();
    }
  }

  /** Leaves the attempt in flight until the call ends, which may have happened already. */
  void keep(Call call, Outcome outcome) {
    inFlight.keep(call, outcome);
    kept = true;
    if (over) {
      settle(call);
    }
  }

  @Override
  public void responseHeadersEnd(Call call, Response response) {
    upgraded = response.code() == SWITCHING_PROTOCOLS;
    inFlight.responded();
  }

  @Override
  public void canceled(Call call) {
    Set<Call> calls = nested;
    if (calls != null) {
      calls.forEach(Call::cancel);
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
    endFailure = failure;
    over = true;
    if (kept || !nestedOne) {
      settle(call);
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
    } else if (exchangeFailed() && !upgraded) {
      inFlight.end(Outcome.FAILURE, failure);
    } else {
      inFlight.end();
    }
    inFlight.forget();
  }

  /** Whether a canceled call was canceled by its own timeout, and not by the caller. */
  private static boolean timedOut(IOException failure) {
    return failure.getClass() == InterruptedIOException.class
        && !Thread.currentThread().isInterrupted();
  }
}
