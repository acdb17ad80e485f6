package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Attempt;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.internal.route.CallDeadline;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import okhttp3.Call;
import okio.Timeout;
import org.jspecify.annotations.Nullable;

/** What is kept of a caller's call: its context, its deadline, and its attempts so far. */
final class BalancedCall implements AttemptHistory {

  /*
   * It is found by the carrier of each of its attempts, which is a tag of the call on the network, and, as the history of
   * the call, by a tag of the request, by which a response leads back to its attempts. The two tags need different types:
   * a call is born with the tags of its request, which may be that of another call's response.
   */

  private static final long NO_LIMIT = Long.MAX_VALUE;

  private final Timing timing;
  private final Carrier carrier;
  private final long startNanos;

  private @Nullable RequestContext context;
  private @Nullable BalancedService contextOf;
  private @Nullable RequestContext contextLike;
  private @Nullable String idempotencyKey;
  private boolean limited; // by a deadline
  private boolean inside; // only on the thread of the call
  private volatile boolean sparing;
  private volatile boolean pressing;
  private volatile boolean canceledLate;
  private volatile @Nullable Set<Call> nested;
  private volatile @Nullable CountDownLatch pause;
  private volatile @Nullable AttemptRecord lastAttempt;
  private volatile @Nullable AttemptRecord deciding;

  private BalancedCall(Timing timing, Call call) {
    this.timing = timing;
    CallStart noted = call.tag(Tags.START);
    this.startNanos = noted == null ? timing.nanoTime().getAsLong() : noted.nanos();
    this.carrier = new Carrier(this, call);
  }

  /**
   * Returns what is kept of a call, from when it first comes by; null if the call was made for an
   * attempt of another one, so that its server is chosen.
   */
  static @Nullable BalancedCall of(Call call, Timing timing) {
    Carrier known = call.tag(Tags.CARRIER);
    if (known != null) {
      return known.isCallers() ? known.balanced() : null;
    }
    BalancedCall created = new BalancedCall(timing, call);
    created.carrier.attach();
    created.keepTo(Deadline.current());
    created.keepTo(call.request().tag(Tags.DEADLINE));
    return created;
  }

  /** Ends the call by the deadline, if that is sooner than it would end. */
  private void keepTo(@Nullable Deadline deadline) {
    if (deadline != null && deadline.left().toNanos() < remainingNanos()) {
      CallDeadline.set(call(), deadline.nanos());
      limited = true;
    }
  }

  /**
   * Begins a passage through an interceptor, and ends the attempts of an earlier one, of which an
   * outer interceptor made nothing. Returns false if the call is inside already, because the client
   * has two such interceptors for one host.
   */
  boolean enter() {
    if (inside) {
      return false;
    }
    inside = true;
    deciding = null;
    for (AttemptRecord last = lastAttempt; last != null; last = last.previous()) {
      last.release();
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
    String keyWanted = key == null && given != null ? given.key() : key;
    if (known == null
        || contextOf != service
        || contextLike != given
        || !Objects.equals(known.key(), keyWanted)) {
      known = newContext(given, key);
      context = known;
      contextOf = service;
      contextLike = given;
    }
    return known;
  }

  /** The context at the service where the call is now. */
  RequestContext context() {
    return requireNonNull(context);
  }

  private static RequestContext newContext(@Nullable RequestContext given, @Nullable String key) {
    if (key == null) {
      return given == null ? RequestContext.create() : given.copy();
    }
    return given == null ? RequestContext.withKey(key) : given.copyWithKey(key);
  }

  /** From now on a server that asked to be left alone is, until its time or {@link #press}. */
  void spare() {
    sparing = true;
    context().only(this::mayAsk);
  }

  private boolean mayAsk(Server server) {
    AttemptRecord last = lastAttempt;
    return pressing || last == null || !last.wantsRest(server, now());
  }

  /** Asks any server again; returns whether there may be one that was left alone. */
  boolean press() {
    boolean mayHelp = sparing && !pressing;
    pressing = true;
    return mayHelp;
  }

  /** Nanoseconds left of the call's timeout and deadline; the largest long if it has neither. */
  long remainingNanos() {
    Timeout timeout = call().timeout();
    long now = now();
    long configured = timeout.timeoutNanos();
    long remaining = configured == 0 ? NO_LIMIT : configured - (now - startNanos);
    return timeout.hasDeadline()
        ? Math.min(remaining, timeout.deadlineNanoTime() - now)
        : remaining;
  }

  /** Whether the call's own timeout came much later than it was to, so that the client is late. */
  boolean canceledLate() {
    return canceledLate;
  }

  /**
   * Waits, until the latch opens, the call is canceled, or the time is over.
   *
   * @throws InterruptedIOException if the thread is interrupted, which it then still is
   */
  void pause(long nanos, CountDownLatch latch) throws InterruptedIOException {
    pause = latch;
    try {
      if (!call().isCanceled() && nanos > 0) {
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

  /**
   * Returns if an attempt may begin.
   *
   * @throws IOException if the call was canceled
   * @throws InterruptedIOException if its deadline is over; if the thread is interrupted, which it
   *     then still is
   */
  void throwIfCanceled() throws IOException {
    if (limited && remainingNanos() <= 0) {
      throw new InterruptedIOException("timeout"); // the timer may be a moment late
    }
    if (call().isCanceled()) {
      throw new IOException("Canceled");
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new InterruptedIOException("interrupted");
    }
  }

  /** The call was canceled: so are those that carry its attempts, and it waits no longer. */
  void canceled() {
    long configured = call().timeout().timeoutNanos();
    canceledLate =
        configured != 0 && NestedCall.isLate(now() - startNanos - configured, configured);
    Set<Call> calls = nested;
    if (calls != null) {
      calls.forEach(Call::cancel);
    }
    CountDownLatch waiting = pause;
    if (waiting != null) {
      waiting.countDown();
    }
  }

  /** Makes a call that carries an attempt of this one end when this one is canceled. */
  void nest(Call carrying) {
    Set<Call> calls = nested;
    if (calls == null) {
      calls = ConcurrentHashMap.newKeySet(); // the second is nested while the first is
      nested = calls;
    }
    calls.add(carrying);
    if (call().isCanceled()) {
      carrying.cancel();
    }
  }

  /** Begins an attempt, which the call itself carries unless another one takes it over. */
  AttemptRecord begin(
      BalancedService service, Attempt attempt, Reason reason, boolean freshConnection) {
    AttemptRecord record =
        new AttemptRecord(
            service.host, carrier, attempt.server(), reason, freshConnection, lastAttempt, now());
    carrier.begin(attempt, service.leaks);
    lastAttempt = record;
    return record;
  }

  /** Forgets the attempt that was begun last, of which nothing was sent. */
  void takeBack(AttemptRecord last) {
    lastAttempt = last.previous();
  }

  /** Takes note of the attempt by which it is decided how the call goes on. */
  void decidedBy(AttemptRecord attempt) {
    deciding = attempt;
  }

  /** The attempt that decided what the call's last passage came to; null if none did. */
  @Nullable AttemptRecord deciding() {
    return deciding;
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
    Carrier carrier = call.tag(Tags.CARRIER);
    if (carrier == null || !carrier.balanced().inside) {
      return null;
    }
    AttemptRecord last = carrier.balanced().lastAttempt;
    return last == null ? null : last.described(null);
  }

  /** Adds to an exception what was tried before it, the exceptions of that too. */
  void explain(IOException failure, String host) {
    AttemptRecord last = lastAttempt;
    if (last != null && AttemptsException.of(failure).isEmpty()) {
      last.suppressEarlier(failure);
      failure.addSuppressed(new AttemptsException(host, attempts()));
    }
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

  /** The caller's call. */
  Call call() {
    return carrier.call();
  }

  /** What the call itself carries attempts by. */
  Carrier carrier() {
    return carrier;
  }

  /** When the call began; when it first came by, if nobody took note of that. */
  long startNanos() {
    return startNanos;
  }

  long now() {
    return timing.nanoTime().getAsLong();
  }
}
