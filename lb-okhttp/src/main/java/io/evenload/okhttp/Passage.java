package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.RequestContext;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.Sessions.Session;
import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * One passage of a call through one service: what it began with, and how many attempts it has made.
 * A call has more than one if it is redirected to another service, or if an outer interceptor
 * proceeds again.
 */
final class Passage {

  final BalancedService service;
  final ServiceParts options;
  final Interceptor.Chain chain;
  final BalancedCall balanced;
  final RetryPolicy policy;
  final Session session;

  /** What all attempts send, as the caller sees it; it leads back to them. */
  final Request request;

  private final boolean separate;
  private int number;
  private boolean repeatsRefusal;

  /**
   * Begins a passage.
   *
   * @param asked the chain's request, or what it was redirected to
   * @throws IOException if the interceptor was added in a way that is not safe
   */
  Passage(BalancedService service, Interceptor.Chain chain, Request asked, BalancedCall balanced)
      throws IOException {
    this.service = service;
    this.options = service.options();
    this.chain = chain;
    this.balanced = balanced;
    this.separate = service.separation.isNeeded(chain.call(), service.host);
    RetryPolicy own = asked.tag(Tags.POLICY);
    this.policy = own != null ? own : options.retries().policy();
    RequestContext given = asked.tag(Tags.CONTEXT);
    RequestContext context =
        balanced.context(service, given, options.sessions().key(chain, asked, given));
    this.session = options.sessions().begin(chain, asked, context);
    this.request = options.retries().prepared(asked, policy, balanced);
  }

  /** Begins an attempt, which the call itself carries unless another one takes it over. */
  AttemptRecord begin(Attempt attempt, Reason reason, boolean freshConnection) {
    number++;
    return balanced.begin(service, attempt, reason, freshConnection);
  }

  /** Forgets the attempt that was begun last, since it could not be sent. */
  void takeBack(AttemptRecord last) {
    number--;
    balanced.takeBack(last);
  }

  /** The attempts begun so far. */
  int number() {
    return number;
  }

  /** Whether the attempt that was made last repeats one that the service refused for load. */
  boolean repeatsRefusal() {
    return repeatsRefusal;
  }

  /** Says of the next attempt whether the one before it was refused for load. */
  void repeatsRefusal(boolean refused) {
    repeatsRefusal = refused;
  }

  /** Whether the request has conditions of its own on servers. */
  boolean isPicky() {
    return request.tag(Tags.CONTEXT) != null;
  }

  /** What the balancer knows the call by. */
  RequestContext context() {
    return balanced.context();
  }

  /**
   * Whether the attempt that begins cannot be made again should its connection turn out closed: a
   * POST, since it may have been done, and the last attempt that the policy allows.
   */
  boolean countsOnConnection() {
    return number >= policy.maxAttempts()
        || policy.retryIf() != null
        || !Repeatability.atOnce(request, policy);
  }

  /** Whether each attempt has to be a call of its own. */
  boolean nests() {
    return separate || (policy.nests() && request.header("Upgrade") == null);
  }

  /** Returns the request as an attempt sends it now, which may tell how much time is left. */
  Request timed() {
    String header = timeHeader();
    return header == null ? request : timed(request, header, 0);
  }

  /**
   * Returns what an attempt sends when OkHttp follows up on its answer, which tells how much time
   * is left then.
   *
   * @param attemptNanos how long the attempt has taken so far
   */
  Request retimed(Request followUp, String header, long attemptNanos) {
    return followUp.header(header) == null ? followUp : timed(followUp, header, attemptNanos);
  }

  /** Returns a redirect's request to another service without what was told to this one. */
  Request untimed(Request followUp) {
    String header = timeHeader();
    return header == null ? followUp : followUp.newBuilder().removeHeader(header).build();
  }

  /** The header that tells the time; null if there is none, or the caller gave it himself. */
  @Nullable String timeHeader() {
    String header = options.timeoutHeader();
    return header == null || request.header(header) != null ? null : header;
  }

  private Request timed(Request sent, String header, long attemptNanos) {
    long attemptTimeout = policy.attemptTimeout().toNanos();
    long left = balanced.remainingNanos();
    left = attemptTimeout == 0 ? left : Math.min(left, attemptTimeout - attemptNanos);
    return left == Long.MAX_VALUE
        ? sent
        : sent.newBuilder().header(header, Long.toString(Math.max(1, left / 1_000_000))).build();
  }
}
