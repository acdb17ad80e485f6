package io.evenload.okhttp;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.BiPredicate;
import okhttp3.Call;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** One attempt of a call: what it was made for, which call carries it, and what came of it. */
final class AttemptRecord {

  /*
   * The attempts of a call are linked, the latest first. This is all that is kept to tell of them later, so it is one
   * object for each, and it forgets a response that was closed.
   *
   * A record is written by the thread that makes the attempt, and read by others after that thread has handed it on. One
   * that nobody waits for any more is given up first, which is all that is told of it from then on.
   */

  private static final int TOO_MANY_REQUESTS = 429;

  private final String service;
  private final BalancedCall owner;
  private final Server server;
  private final Reason reason;
  private final @Nullable AttemptRecord previous;
  private final long startNanos;
  private BalancedCall carrier;
  private long endNanos;
  private Outcome outcome = Outcome.CANCELLED;
  private @Nullable Response response;
  private int status;
  private @Nullable ServiceRedirect redirect;
  private @Nullable IOException failure;
  private @Nullable FailureKind kind;
  private boolean retryable;
  private boolean fromServer;
  private long givenUpNanos;
  private volatile boolean givenUp;

  /**
   * Begins an attempt, which the call itself makes unless another one is named.
   *
   * @param service the host that the service was added with
   * @param previous the attempt that began before this one
   */
  AttemptRecord(
      String service,
      BalancedCall owner,
      Server server,
      Reason reason,
      @Nullable AttemptRecord previous,
      long startNanos) {
    this.service = service;
    this.owner = owner;
    this.server = server;
    this.reason = reason;
    this.previous = previous;
    this.carrier = owner;
    this.startNanos = startNanos;
    this.endNanos = startNanos;
  }

  /** Says that another call makes the attempt. */
  void carriedBy(BalancedCall carrier) {
    this.carrier = carrier;
  }

  /** The server, or whoever was asked in its place, answered. */
  void answered(Response answer, RetryPolicy policy, ServerFailures failures, long now) {
    endNanos = now;
    Response response = restored(answer);
    this.response = response;
    status = response.code();
    boolean network = response.networkResponse() != null && carrier.misroutedTo() == null;
    boolean tooMany = status == TOO_MANY_REQUESTS;
    if (!network) {
      return;
    }
    if (carrier.foreign()) {
      outcome = Outcome.SUCCESS; // the server did answer, with a redirect
      return;
    }
    fromServer = true;
    outcome = failures.outcome(status);
    retryable =
        policy.retryIf() != null
            ? asked(policy.retryIf(), response, null)
            : policy.retries(status) || (tooMany && RetryAfter.isIn(response.headers()));
  }

  /** Puts the header back that the network half took away. */
  private Response restored(Response response) {
    String hidden = carrier.hiddenRetryAfter();
    return hidden == null || response.header(RetryAfter.NAME) != null || response.code() != 503
        ? response
        : response.newBuilder().header(RetryAfter.NAME, hidden).build();
  }

  /** Whether the server itself answered, and not the cache, another server, or another host. */
  boolean fromServer() {
    return fromServer;
  }

  /** The server answered with a redirect to where another server has to be chosen. */
  void redirected(ServiceRedirect redirect, long now) {
    endNanos = now;
    this.redirect = redirect;
    status = redirect.status();
    outcome = Outcome.SUCCESS;
  }

  /** The attempt ended with an exception. */
  void failed(IOException failure, RetryPolicy policy, long now) {
    failed(failure, FailureKind.of(failure, call(), carrier), policy, now);
  }

  void failed(IOException failure, FailureKind kind, RetryPolicy policy, long now) {
    endNanos = now;
    this.failure = failure;
    this.kind = kind;
    outcome = carrier.misroutedTo() == null ? kind.outcome() : Outcome.CANCELLED;
    retryable =
        kind.retryable() && (policy.retryIf() == null || asked(policy.retryIf(), null, failure));
  }

  private boolean asked(
      BiPredicate<@Nullable Response, @Nullable IOException> retryIf,
      @Nullable Response response,
      @Nullable IOException failure) {
    try {
      return retryIf.test(response, failure);
    } catch (RuntimeException e) {
      carrier.log().warn(server.id() + ": retryIf threw; the attempt is not repeated", e);
      return false;
    }
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

  /** Whether it was given up, or a server gave an answer that is not retried. */
  boolean tellsLatency() {
    return givenUp || (status != 0 && !retryable);
  }

  /** The attempt that began before this one, if it is not the first. */
  @Nullable AttemptRecord previous() {
    return previous;
  }

  /** Whether it is the first of the call, in whatever way through the interceptor. */
  boolean isFirst() {
    return previous == null;
  }

  Server server() {
    return server;
  }

  /** What keeps the attempt in flight. */
  BalancedCall carrier() {
    return carrier;
  }

  /** The call on the network: the caller's, or one that was made for this attempt alone. */
  Call call() {
    return carrier.call();
  }

  /** What the attempt says of the server. */
  Outcome outcome() {
    return outcome;
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

  /** The kind of the exception; null if there was a response. */
  @Nullable FailureKind kind() {
    return kind;
  }

  /** Whether it is among what the policy retries. */
  boolean retryable() {
    return retryable;
  }

  /** Whether the server did nothing for the request, as far as the policy believes it. */
  boolean unprocessed(RetryPolicy policy) {
    return kind != null
        && kind.unprocessed()
        && (kind != FailureKind.REFUSED || policy.refusalsTrusted());
  }

  /** Whether the connection was to blame, so that the next attempt should have a fresh one. */
  boolean stale() {
    return kind != null && kind.stale();
  }

  /** Ends the attempt at the balancer. */
  void end() {
    carrier.inFlight().end(outcome, failure);
  }

  /** Leaves the attempt in flight until the call that carries it ends. */
  void keep() {
    carrier.keep(call(), outcome);
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
    return new CallAttempt(
        service,
        owner.call(),
        number(),
        server,
        reason,
        over ? outcome : Outcome.CANCELLED,
        over ? status : 0,
        over ? failure : null,
        startNanos - owner.startNanos(),
        tookNanos());
  }
}
