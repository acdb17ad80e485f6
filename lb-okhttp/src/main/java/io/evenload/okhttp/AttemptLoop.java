package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Attempt;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.CallListener.Refusal;
import io.evenload.okhttp.Sessions.Session;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** The way of one call through one service: attempt after attempt, until one may be given out. */
final class AttemptLoop {

  /*
   * The attempts of a call follow one another on its thread. Each ends exactly once: a failed one when that is known, and
   * the one whose response the caller gets when the call ends (BalancedCall). The next server is chosen before the last
   * response is closed, so that it can still be returned if there is none, and after the wait, so that a waiting call
   * is in flight nowhere.
   *
   * As a rule the call itself makes its attempts. Only one that must be cut short alone, since it is hedged or has a
   * timeout of its own, gets a call of its own (NestedCall); all do where Separation says so. A hedge is started on another thread, but only while this
   * one is inside the Race, whose lock then orders what both write here.
   */

  private final BalancedService service;
  private final ServiceOptions options;
  private final Interceptor.Chain chain;
  private final Call call;
  private final BalancedCall state;
  private final RetryPolicy policy;
  private final RequestContext context;
  private final Session session;
  private final Request request;
  private final boolean separate;
  private int number;
  private @Nullable AttemptRecord last;

  /**
   * Begins a way.
   *
   * @param asked the chain's request, or what it was redirected to
   * @throws IOException if the interceptor was added in a way that is not safe
   */
  AttemptLoop(BalancedService service, Interceptor.Chain chain, Request asked, BalancedCall state)
      throws IOException {
    this.service = service;
    this.options = service.options();
    this.chain = chain;
    this.call = chain.call();
    this.state = state;
    RetryPolicy own = asked.tag(Tags.POLICY);
    this.separate = service.router.separates(chain, service.host);
    this.policy = own != null ? own : options.retries().policy();
    RequestContext given = asked.tag(Tags.CONTEXT);
    this.context = state.context(service, given, options.sessions().key(chain, asked, given));
    this.session = options.sessions().begin(chain, asked, context);
    this.request = options.retries().prepared(asked, policy, state);
  }

  /**
   * Makes the attempts, and returns the response that the caller gets.
   *
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response run() throws IOException {
    options.retries().request();
    boolean picky = request.tag(Tags.CONTEXT) != null;
    Attempt first = options.admission().first(call, state, context, picky);
    AttemptRecord tried = attempt(first, Reason.FIRST, false);
    while (true) {
      last = tried;
      long delay = options.retries().delayNanos(call, request, policy, state, tried, number);
      if (delay == Retries.NO) {
        return conclude(tried);
      }
      tried.end();
      Attempt next = nextAttempt(tried, delay);
      if (next == null) {
        return conclude(tried);
      }
      tried.closeResponse();
      tried = attempt(next, Reason.RETRY, tried.stale());
    }
  }

  /** The attempt that decided what {@link #run} came to; null if none did. */
  @Nullable CallAttempt last() {
    return last == null ? null : last.described();
  }

  /** Waits, and starts the next attempt; returns null if there is no server for it. */
  private @Nullable Attempt nextAttempt(AttemptRecord tried, long delay) throws IOException {
    try {
      if (delay > 0) {
        state.pause(call, delay, new CountDownLatch(1));
      }
      throwIfCanceled();
    } catch (IOException e) {
      tried.closeResponse();
      throw e;
    }
    try {
      return service.balancer.start(context);
    } catch (NoServerAvailableException e) {
      options.retries().refused(call, policy, tried, number, Refusal.NO_SERVER);
      return null;
    }
  }

  private AttemptRecord attempt(Attempt attempt, Reason reason, boolean freshConnection)
      throws IOException {
    number++;
    AttemptRecord record = state.begin(service.host, attempt, reason);
    boolean upgrade = request.header("Upgrade") != null;
    return separate || (policy.nests() && !upgrade)
        ? nestedAttempt(attempt, record, freshConnection)
        : plainAttempt(attempt, record, freshConnection);
  }

  /** The call itself makes the attempt. */
  private AttemptRecord plainAttempt(Attempt attempt, AttemptRecord record, boolean freshConnection)
      throws IOException {
    state.carry(service.host, attempt);
    try {
      Response response = service.router.send(chain, timed(), state, record, freshConnection);
      record.answered(response, policy, options.failures(), state.now());
      Response answer = record.response();
      if (answer != null && record.fromServer()) {
        options.hints().accept(record.server(), answer);
      }
    } catch (ServiceRedirect e) {
      record.redirected(e, state.now());
    } catch (IOException e) {
      record.failed(e, policy, state.now());
    } catch (RuntimeException | Error e) {
      record.carrier().inFlight().end(Outcome.CANCELLED, null);
      throw e;
    }
    return record;
  }

  /** A call of its own makes the attempt, and perhaps a second one beside it another. */
  private AttemptRecord nestedAttempt(
      Attempt attempt, AttemptRecord record, boolean freshConnection) throws IOException {
    NestedCall nested = nested(attempt, record, freshConnection);
    long delay = service.hedging.delayNanos(request, policy, number, state.remainingNanos(call));
    if (delay == Hedging.NO) {
      nested.run();
      service.hedging.learn(policy, record);
      return record;
    }
    Race race = new Race(nested, () -> hedge(record), service.timing);
    AttemptRecord winner = race.run(delay, refusal -> notHedged(record, refusal));
    service.hedging.learn(policy, record);
    return winner;
  }

  private NestedCall nested(Attempt attempt, AttemptRecord record, boolean freshConnection)
      throws IOException {
    try {
      NestedCall nested =
          service.router.nested(chain, timed(), state, record, attempt, freshConnection, policy);
      nested.judgedBy(options.failures(), options.hints());
      return nested;
    } catch (IOException | RuntimeException e) {
      attempt.cancel();
      throw e;
    }
  }

  /** Begins a second attempt elsewhere, if that may be; on a worker's thread. */
  private @Nullable NestedCall hedge(AttemptRecord first) throws IOException {
    if (!options.retries().tryRetry(policy)) {
      notHedged(first, Refusal.BUDGET_EXHAUSTED);
      return null;
    }
    Attempt second = elsewhere(first);
    if (second == null) {
      options.retries().giveBack(policy);
      notHedged(first, Refusal.NO_SERVER);
      return null;
    }
    number++;
    AttemptRecord record = state.begin(service.host, second, Reason.HEDGE);
    NestedCall nested = nested(second, record, false);
    service.hedging.hedged(call, first.server(), second.server());
    return nested;
  }

  private @Nullable Attempt elsewhere(AttemptRecord first) {
    try {
      Attempt second = service.balancer.start(context);
      if (!second.server().id().equals(first.server().id())) {
        return second;
      }
      second.cancel();
    } catch (NoServerAvailableException e) {
      return null;
    }
    return null;
  }

  private void notHedged(AttemptRecord first, Refusal refusal) {
    service.hedging.notHedged(call, first.server(), refusal);
  }

  /** Returns the request of the next attempt, which may tell how much time is left. */
  private Request timed() {
    String header = options.timeoutHeader();
    if (header == null || request.header(header) != null) {
      return request;
    }
    long attemptNanos = policy.attemptTimeout().toNanos();
    long left = state.remainingNanos(call);
    left = attemptNanos == 0 ? left : Math.min(left, attemptNanos);
    return left == Long.MAX_VALUE
        ? request
        : request.newBuilder().header(header, Long.toString(Math.max(1, left / 1_000_000))).build();
  }

  /** Gives the caller what came of the last attempt. */
  private Response conclude(AttemptRecord tried) throws IOException {
    Response response = tried.response();
    if (response != null) {
      tried.keep();
      session.answered(tried.server(), tried.outcome());
      return response;
    }
    ServiceRedirect redirect = tried.redirect();
    if (redirect != null) {
      tried.end();
      session.answered(tried.server(), tried.outcome());
      throw redirect;
    }
    if (tried.kind() == FailureKind.CANCELED && tried.call().isCanceled()) {
      tried.keep(); // the end of the call tells whether it timed out
    } else {
      tried.end();
    }
    throw requireNonNull(tried.failure());
  }

  private void throwIfCanceled() throws IOException {
    if (call.isCanceled()) {
      throw new IOException("Canceled");
    }
  }
}
