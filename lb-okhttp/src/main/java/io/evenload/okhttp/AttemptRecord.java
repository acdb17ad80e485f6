package io.evenload.okhttp;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** One attempt of a call: what it was made for, which call carries it, and what came of it. */
final class AttemptRecord {

  /*
   * The attempts of a call are linked, the latest first. This is all that is kept to tell of them later, so it is one
   * object for each, and it forgets a response that was closed.
   *
   * A record is written by the thread that makes the attempt, or by the one that leaves it (NestedCall), and read by others
   * after that thread has handed it on. One that nobody waits for any more is given up first, which is all that is told of
   * it from then on.
   */

  private final String service;
  private final Server server;
  private final Reason reason;
  private final boolean freshConnection;
  private final @Nullable AttemptRecord previous;
  private final long startNanos;
  private Carrier carrier;
  private long endNanos;
  private Verdict verdict = Verdict.NONE;
  private @Nullable Response response;
  private int status;
  private @Nullable ServiceRedirect redirect;
  private @Nullable IOException failure;
  private long givenUpNanos;
  private volatile boolean givenUp;
  private long waitUntilNanos;
  private boolean askedToWait;
  private boolean inVain;
  private int repeatCounts;

  /**
   * Begins an attempt.
   *
   * @param service the host that the service was added with
   * @param carrier what carries it unless another call takes it over
   * @param freshConnection whether a pooled connection will not do
   * @param previous the attempt that began before this one
   */
  AttemptRecord(
      String service,
      Carrier carrier,
      Server server,
      Reason reason,
      boolean freshConnection,
      @Nullable AttemptRecord previous,
      long startNanos) {
    this.service = service;
    this.carrier = carrier;
    this.server = server;
    this.reason = reason;
    this.freshConnection = freshConnection;
    this.previous = previous;
    this.startNanos = startNanos;
    this.endNanos = startNanos;
  }

  /** Another call takes the attempt over before any of it was sent. */
  void moveTo(Carrier other) {
    other.takeOver(carrier);
    carrier = other;
  }

  /** The server, or whoever was asked in its place, answered. */
  void answered(Response answer, Judge judge, RetryPolicy policy, long now) {
    endNanos = now;
    response = answer;
    status = answer.code();
    verdict = judge.answered(answer, carrier, policy, server);
  }

  /** The server answered with a redirect to where another server has to be chosen. */
  void redirected(ServiceRedirect redirect, long now) {
    endNanos = now;
    verdict = Verdict.REDIRECTED;
    this.redirect = redirect;
    status = redirect.status();
  }

  /** The attempt ended with an exception. */
  void failed(IOException failure, Judge judge, RetryPolicy policy, long now) {
    failed(failure, judge.failed(failure, carrier, policy, server), now);
  }

  void failed(IOException failure, Verdict verdict, long now) {
    endNanos = now;
    this.verdict = verdict;
    this.failure = failure;
  }

  /** Says that nobody waits for this attempt any more. */
  void giveUp(long now) {
    givenUpNanos = now;
    givenUp = true;
  }

  /** The time from the start until it was answered, failed or was given up. */
  long tookNanos() {
    return (givenUp ? givenUpNanos : endNanos) - startNanos;
  }

  /** The time since it began. */
  long ageNanos(long now) {
    return now - startNanos;
  }

  /** Whether it was given up, or a server gave an answer that is not retried. */
  boolean tellsLatency() {
    return givenUp || (status != 0 && !verdict.retryable());
  }

  /** The attempt that began before this one, if it is not the first. */
  @Nullable AttemptRecord previous() {
    return previous;
  }

  /** Whether it is the first of the call, in whatever passage through the interceptor. */
  boolean isFirst() {
    return previous == null;
  }

  Server server() {
    return server;
  }

  /** Whether a pooled connection will not do. */
  boolean freshConnection() {
    return freshConnection;
  }

  /** What carries the attempt on the network. */
  Carrier carrier() {
    return carrier;
  }

  /** What it was judged to be. */
  Verdict verdict() {
    return verdict;
  }

  /** The response, whose body is open; null if there was none, or if it was closed. */
  @Nullable Response response() {
    return response;
  }

  /** Where another server has to be chosen; null if the answer was no such redirect. */
  @Nullable ServiceRedirect redirect() {
    return redirect;
  }

  @Nullable IOException failure() {
    return failure;
  }

  /** Ends the attempt at the balancer, as it was judged. */
  void end() {
    carrier.end(verdict.outcome(), failure);
  }

  /**
   * Leaves the attempt in flight until the call that carries it ends, and returns its response as
   * the caller gets it.
   */
  Response keep(Response response) {
    Response given = verdict.fromServer() ? carrier.watched(response) : response;
    carrier.keep(verdict.outcome());
    return given;
  }

  /** Takes note that the service refuses so much that to repeat this only adds to its load. */
  void repeatedInVain() {
    inVain = true;
  }

  /** Whether to repeat it would only add to the load of the service. */
  boolean inVain() {
    return inVain;
  }

  /** Takes note as how many retries its repeat counts in the budget. */
  void repeatCounts(int retries) {
    repeatCounts = retries;
  }

  int repeatCounts() {
    return repeatCounts;
  }

  /** Takes note until when the server does not want to be asked again. */
  void askedToWait(long untilNanos) {
    waitUntilNanos = untilNanos;
    askedToWait = true;
  }

  /**
   * Returns the shortest time that a server of this and the attempts before it has asked to be left
   * alone; zero if one has not, by its last answer.
   *
   * @param number how many attempts count
   */
  Duration shortestWait(int number, long now) {
    Map<String, Long> waits = new HashMap<>();
    AttemptRecord each = this;
    for (int i = 0; i < number && each != null; i++) {
      waits.putIfAbsent(
          each.server.id(), each.askedToWait ? Math.max(0, each.waitUntilNanos - now) : 0L);
      each = each.previous;
    }
    return Duration.ofNanos(Collections.min(waits.values()));
  }

  /** Whether the server, by its last answer to the call, has asked to be left alone until later. */
  boolean wantsRest(Server server, long now) {
    for (AttemptRecord each = this; each != null; each = each.previous) {
      if (each.server.id().equals(server.id())) {
        return each.askedToWait && each.waitUntilNanos - now > 0;
      }
    }
    return false;
  }

  /** Leaves a canceled attempt in flight until it is told whether the call's time was over. */
  void keepUntilItIsTold() {
    if (carrier.balanced().call().isCanceled()) {
      carrier.keepUntilCallersEnd();
    } else {
      carrier.keep(verdict.outcome()); // a call of its own, whose time was over a moment before
    }
  }

  /** Lets go of the attempt, and of its response, which an outer interceptor was given. */
  void release() {
    carrier.release();
    response = null;
  }

  /**
   * Ends and closes what nobody will be given, unless its end is the call's; does nothing if that
   * was done. It ends as it was judged, or if it was not, as one of which nothing is known.
   */
  void abandon() {
    if (response != null || !carrier.keeps()) {
      end();
    }
    closeResponse();
  }

  void closeResponse() {
    if (response != null) {
      response.close();
      response = null;
    }
  }

  /** The status, or the simple name of the exception's class. */
  String result() {
    return status != 0
        ? Integer.toString(status)
        : failure != null ? failure.getClass().getSimpleName() : "";
  }

  /** Adds the exceptions of this and all earlier attempts to one that ended the call. */
  @SuppressWarnings("ReferenceEquality") // no exception can suppress itself
  void suppressEarlier(IOException last) {
    for (AttemptRecord each = this; each != null; each = each.previous) {
      if (each.failure != null && each.failure != last) {
        last.addSuppressed(each.failure);
      }
    }
  }

  /** Returns this and all earlier attempts, in the order of their starts. */
  List<CallAttempt> history() {
    Deque<CallAttempt> attempts = new ArrayDeque<>();
    for (AttemptRecord each = this; each != null; each = each.previous) {
      attempts.addFirst(each.described());
    }
    return List.copyOf(attempts);
  }

  private int number() {
    int number = 1;
    for (AttemptRecord each = previous; each != null; each = each.previous) {
      number++;
    }
    return number;
  }

  /** Returns what is known of it now. */
  CallAttempt described() {
    return described(failure);
  }

  /** Returns what is known of it now, with the exception that is known. */
  CallAttempt described(@Nullable IOException failure) {
    boolean over = !givenUp;
    BalancedCall balanced = carrier.balanced();
    return new CallAttempt(
        service,
        balanced.call(),
        number(),
        server,
        reason,
        over ? verdict.outcome() : Outcome.ABANDONED,
        over ? status : 0,
        over ? failure : null,
        startNanos - balanced.startNanos(),
        tookNanos());
  }
}
