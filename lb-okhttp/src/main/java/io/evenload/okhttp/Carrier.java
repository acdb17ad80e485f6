package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.Outcome;
import io.evenload.okhttp.internal.route.AttemptTrace;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import kotlin.jvm.functions.Function0;
import okhttp3.Call;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * A call on the network, as it carries attempts, one at a time: what is seen of the attempt, that
 * it is in flight, and how it ends. The caller's own call carries one attempt after another, a call
 * that is made for an attempt carries only that.
 */
final class Carrier extends AttemptTrace implements Observed, Function0<Carrier> {

  /*
   * It is a tag of its call and listens to the events of it. An attempt whose response is given out stays in flight until
   * the call ends, which is known by an event; that may come before the response is given out, if it has no body.
   */

  private static final int SWITCHING_PROTOCOLS = 101;
  private static final int ONE_PACKET = 1024; // bytes that are mostly sent together with headers
  private static final VarHandle FOLLOWERS;

  static {
    try {
      FOLLOWERS = MethodHandles.lookup().findVarHandle(Carrier.class, "followers", Follower.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final BalancedCall balanced;
  private final Call call;
  private final InFlight inFlight = new InFlight();

  /** What waits for the end of the caller's call to know what came of it, linked; mostly none. */
  private volatile @Nullable Follower followers;

  private volatile boolean upgraded;
  private volatile boolean starved;
  private volatile boolean left;
  private volatile boolean writing;
  private volatile boolean callersEnd;
  private volatile long sentNanos;
  private volatile long brokeNanos;

  /** What the attempt was judged to be, if it is in flight until the call ends; else null. */
  private volatile @Nullable Outcome kept;

  private volatile boolean over;
  private volatile @Nullable IOException endFailure;

  /** How long the body is that is to come; not positive if that is not known, or if none is. */
  private volatile long bodyLength;

  private volatile boolean leftEarly;
  private volatile @Nullable BodyWait bodyWait;

  /** What tells in a request how much time is left; null if nothing does. */
  private volatile @Nullable UnaryOperator<Request> clock;

  /**
   * Creates what a call is to carry attempts by, from {@link #attach} on.
   *
   * @param balanced the caller's call, whose attempts they are
   */
  Carrier(BalancedCall balanced, Call call) {
    this.balanced = balanced;
    this.call = call;
  }

  /** Listens to the call, and is found by it. */
  void attach() {
    call.tag(Tags.CARRIER, this);
    call.addEventListener(this);
  }

  /** What the tag of the call is made by: it is made already. */
  @Override
  public Carrier invoke() {
    return this;
  }

  /** The caller's call, whose attempts are carried. */
  BalancedCall balanced() {
    return balanced;
  }

  /** The call that carries them. */
  Call call() {
    return call;
  }

  /** Whether it is the caller's call itself. */
  boolean isCallers() {
    return balanced.carrier() == this;
  }

  /** Takes an attempt that begins. */
  void begin(Attempt attempt, Consumer<Attempt> leaks) {
    forgetLast();
    inFlight.begin(attempt, leaks);
  }

  /** Takes the attempt that another call was to carry. */
  void takeOver(Carrier other) {
    forgetLast();
    inFlight.takeOver(other.inFlight);
  }

  private void forgetLast() {
    kept = null;
    over = false;
    endFailure = null;
    starved = false;
    left = false;
    writing = false;
    callersEnd = false;
    leftEarly = false;
    bodyWait = null;
  }

  /** The client itself is so busy that the attempt's time was long over when it was cut short. */
  void starve() {
    starved = true;
  }

  /** Sets what tells in a request that OkHttp sends how much time is left then. */
  void timedBy(@Nullable UnaryOperator<Request> clock) {
    this.clock = clock;
  }

  @Override
  protected Request retimed(Request request) {
    UnaryOperator<Request> telling = clock;
    return telling == null || followUp() == null ? request : telling.apply(request);
  }

  /**
   * Leaves the attempt, which may go on without a caller; returns false if the caller's body is
   * being written, or was, so that it is better waited for.
   */
  boolean leave() {
    left = true;
    return !writing;
  }

  @Override
  protected boolean mayWrite() {
    writing = true; // before it looks, as the other one does: at least one of the two sees it
    return !left;
  }

  /** Ends the attempt at the balancer, if it has not ended. */
  void end(Outcome outcome, @Nullable IOException cause) {
    leaveIfSilent(outcome);
    inFlight.end(outcome, cause);
  }

  private void leaveIfSilent(Outcome outcome) {
    if (outcome == Outcome.TIMED_OUT || outcome == Outcome.ABANDONED) {
      leaveIfSilent(true);
    }
  }

  /** Ends the attempt as one that nobody waits for any more. */
  void giveUp() {
    boolean unanswered = !responseStarted() && !misrouted() && !foreign();
    if (unanswered && balanced.call().isCanceled()) {
      keepUntilCallersEnd(); // it is as good or bad as the one beside it, which was canceled too
    } else if (unanswered) {
      leaveIfSilent(false);
      inFlight.end(Outcome.ABANDONED, null);
    } else {
      end(Outcome.CANCELLED, null);
    }
  }

  /** Leaves the attempt in flight until the call ends, which may have happened already. */
  void keep(Outcome outcome) {
    inFlight.watch(call);
    kept = outcome;
    if (over) {
      settle(outcome, endFailure);
    }
  }

  /**
   * Leaves an attempt without an answer, which ended because the caller's call was canceled, in
   * flight until that one ends, for only its end tells whether its time was over.
   */
  void keepUntilCallersEnd() {
    if (isCallers()) {
      keep(Outcome.CANCELLED);
    } else {
      inFlight.watch(balanced.call());
      callersEnd = true;
      kept = Outcome.CANCELLED;
      balanced.carrier().followedBy(this);
    }
  }

  private void followedBy(Carrier nested) {
    Follower last;
    do {
      last = followers;
    } while (!FOLLOWERS.compareAndSet(this, last, new Follower(nested, last)));
    if (over) {
      endFollowers();
    }
  }

  private void endFollowers() {
    if (followers == null) {
      return;
    }
    Follower each = (@Nullable Follower) FOLLOWERS.getAndSet(this, (Follower) null);
    for (; each != null; each = each.next) {
      each.carrier.settle(Outcome.CANCELLED, endFailure);
    }
  }

  private record Follower(Carrier carrier, @Nullable Follower next) {}

  /**
   * Returns what the server itself said now: the cache gives its own response after a 304, and some
   * of its headers are old.
   */
  Response fromNetwork(Response response) {
    Response network = response.networkResponse();
    return network == null ? response : restored(network);
  }

  /** Returns the response as it is given out, of whose body it is known how long it takes. */
  Response watched(Response response) {
    boolean comesWithItsHeaders = bodyLength >= 0 && bodyLength <= ONE_PACKET;
    if (over || upgraded || comesWithItsHeaders || response.body().contentLength() == 0) {
      return response;
    }
    BodyWait wait = new BodyWait(bodyLength > 0, balanced::now);
    bodyWait = wait;
    return wait.watching(response);
  }

  /** Whether the call has ended. */
  boolean isOver() {
    return over;
  }

  /** Whether the attempt is in flight until the call ends. */
  boolean keeps() {
    return kept != null;
  }

  /** Ends the attempt although the call may go on, of which nobody takes any notice. */
  void release() {
    Outcome outcome = kept;
    inFlight.end(outcome == null ? Outcome.CANCELLED : outcome, null);
    inFlight.forget();
  }

  private void settle(Outcome outcome, @Nullable IOException failure) {
    Outcome late = Judge.ended(failure, this);
    Outcome known = late == null ? Judge.closed(outcome, this) : late;
    leaveIfSilent(known);
    BodyWait wait = bodyWait;
    Duration body = wait == null ? Duration.ZERO : wait.soFar();
    inFlight.end(known, late == null ? null : failure, body);
    inFlight.forget();
  }

  @Override
  public boolean canceled() {
    return call.isCanceled();
  }

  @Override
  public boolean interrupted() {
    return Thread.currentThread().isInterrupted();
  }

  @Override
  public boolean starved() {
    return starved || balanced.canceledLate();
  }

  @Override
  public long brokeAfterNanos() {
    return Math.max(0, brokeNanos - sentNanos);
  }

  @Override
  public boolean misrouted() {
    return misroutedTo() != null;
  }

  @Override
  public boolean upgraded() {
    return upgraded;
  }

  @Override
  public boolean leftEarly() {
    return leftEarly;
  }

  @Override
  public boolean stalled() {
    BodyWait wait = bodyWait;
    return wait != null && wait.stalls();
  }

  @Override
  public void responseHeadersEnd(Call call, Response response) {
    upgraded = response.code() == SWITCHING_PROTOCOLS;
    bodyLength = lengthOf(response);
    leftEarly = false; // of the redirect before
    inFlight.responded();
  }

  private static long lengthOf(Response response) {
    try {
      String length = response.header("Content-Length");
      return length == null ? -1 : Long.parseLong(length);
    } catch (NumberFormatException e) {
      return -1;
    }
  }

  @Override
  public void responseBodyEnd(Call call, long byteCount) {
    super.responseBodyEnd(call, byteCount);
    leftEarly = byteCount > 0 && byteCount < bodyLength;
  }

  @Override
  public void requestHeadersStart(Call call) {
    super.requestHeadersStart(call);
    sentNanos = balanced.now();
    brokeNanos = sentNanos;
  }

  @Override
  public void requestFailed(Call call, IOException failure) {
    super.requestFailed(call, failure);
    brokeNanos = balanced.now();
  }

  @Override
  public void responseFailed(Call call, IOException failure) {
    super.responseFailed(call, failure);
    brokeNanos = balanced.now();
  }

  @Override
  public void canceled(Call call) {
    if (isCallers()) {
      balanced.canceled();
    } else if (kept != null && !callersEnd) {
      balanced.call().cancel(); // its response is the caller's, to whom the call is one
    }
  }

  @Override
  public void callEnd(Call call) {
    ended(null);
  }

  @Override
  public void callFailed(Call call, IOException failure) {
    ended(failure);
  }

  private void ended(@Nullable IOException failure) {
    endFailure = failure;
    over = true;
    Outcome outcome = kept;
    if (outcome != null && !callersEnd) {
      settle(outcome, failure);
    }
    endFollowers();
  }
}
