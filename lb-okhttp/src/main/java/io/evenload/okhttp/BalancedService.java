package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.CallListener.Refusal;
import io.evenload.okhttp.Sessions.Session;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.function.BiConsumer;
import kotlin.jvm.functions.Function0;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Runs the calls of one host: attempt after attempt, until one may be given to the caller. */
final class BalancedService {

  /*
   * The attempts of a call follow one another on its thread. Each ends exactly once: a failed one when that is known, and
   * the one whose response the caller gets when the call ends (BalancedCall). The next server is chosen before the last
   * response is closed, so that it can still be returned if there is none, and after the wait, so that a waiting call
   * is in flight nowhere.
   */

  private final String host;
  private final LoadBalancer balancer;
  private final Admission admission;
  private final Retries retries;
  private final Router router;
  private final Sessions sessions;
  private final ServerFailures failures;
  private final BiConsumer<Server, Response> hints;
  private final SizingAdvice sizing;
  private final Function0<BalancedCall> states;
  private final ProxyCheck proxyCheck;

  BalancedService(
      String host,
      LoadBalancer balancer,
      Retries retries,
      Router router,
      Admission admission,
      Sessions sessions,
      ServerFailures failures,
      BiConsumer<Server, Response> hints,
      SizingAdvice sizing,
      Timing timing,
      RateLimitedLog log) {
    this.host = host;
    this.balancer = balancer;
    this.retries = retries;
    this.router = router;
    this.admission = admission;
    this.sessions = sessions;
    this.failures = failures;
    this.hints = hints;
    this.sizing = sizing;
    this.states = () -> new BalancedCall(timing, log);
    this.proxyCheck = new ProxyCheck(host);
  }

  /**
   * Runs one call.
   *
   * @param request the chain's, or what it was redirected to
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response intercept(Interceptor.Chain chain, Request request) throws IOException {
    OkHttpCheck.verify();
    proxyCheck.verify(chain, request.url());
    sizing.check(host, chain, balancer);
    Call call = chain.call();
    BalancedCall state = BalancedCall.of(call, states);
    if (!state.enter()) {
      return chain.proceed(request);
    }
    try {
      return attempts(chain, request, call, state);
    } catch (ServiceRedirect e) {
      throw e;
    } catch (IOException e) {
      state.explain(e, host);
      throw e;
    } finally {
      state.leave();
    }
  }

  private Response attempts(Interceptor.Chain chain, Request request, Call call, BalancedCall state)
      throws IOException {
    RequestContext given = request.tag(RequestContext.class);
    RequestContext context = state.context(this, given, sessions.key(chain, request, given));
    state.session(sessions.begin(chain, request, context));
    request = request.newBuilder().tag(AttemptHistory.class, state).build();
    retries.request();
    Attempt first = admission.first(call, state, context, given != null);
    AttemptRecord tried = send(chain, request, state, first, Reason.FIRST, false);
    for (int number = 1; ; number++) {
      long delay = retries.delayNanos(call, request, state, tried, number);
      if (delay == Retries.NO) {
        return conclude(state.session(), tried);
      }
      tried.end();
      Attempt next = nextAttempt(call, state, context, tried, delay, number);
      if (next == null) {
        return conclude(state.session(), tried);
      }
      tried.closeResponse();
      tried = send(chain, request, state, next, Reason.RETRY, tried.stale());
    }
  }

  /** Waits, and starts the next attempt; returns null if there is no server for it. */
  private @Nullable Attempt nextAttempt(
      Call call,
      BalancedCall state,
      RequestContext context,
      AttemptRecord tried,
      long delay,
      int number)
      throws IOException {
    try {
      if (delay > 0) {
        state.pause(call, delay, new CountDownLatch(1));
      }
      throwIfCanceled(call);
    } catch (IOException e) {
      tried.closeResponse();
      throw e;
    }
    try {
      return balancer.start(context);
    } catch (NoServerAvailableException e) {
      retries.refused(call, tried, number, Refusal.NO_SERVER);
      return null;
    }
  }

  private AttemptRecord send(
      Interceptor.Chain chain,
      Request request,
      BalancedCall state,
      Attempt attempt,
      Reason reason,
      boolean freshConnection)
      throws IOException {
    AttemptRecord record = state.begin(chain.call(), host, attempt, reason);
    try {
      Response response = router.send(chain, request, state, record, freshConnection);
      Response restored = restored(response, record.carrier());
      record.answered(restored, retries.policy(), failures, state.now());
      if (record.fromServer()) {
        hints.accept(record.server(), restored);
      }
    } catch (ServiceRedirect e) {
      record.redirected(e.status(), state.now());
      record.end();
      state.session().answered(record.server(), record.outcome());
      throw e;
    } catch (IOException e) {
      record.failed(e, FailureKind.of(e, record.call(), record.carrier()), state.now());
    } catch (RuntimeException | Error e) {
      record.carrier().inFlight().end(Outcome.CANCELLED, null);
      throw e;
    }
    return record;
  }

  /** Gives the caller what came of the last attempt. */
  private static Response conclude(Session session, AttemptRecord tried) throws IOException {
    Response response = tried.response();
    if (response != null) {
      tried.keep();
      session.answered(tried.server(), tried.outcome());
      return response;
    }
    if (tried.kind() == FailureKind.CANCELED && tried.call().isCanceled()) {
      tried.keep(); // the end of the call tells whether it timed out
    } else {
      tried.end();
    }
    throw requireNonNull(tried.failure());
  }

  /** Puts the header back that the network half took away. */
  private static Response restored(Response response, BalancedCall state) {
    String hidden = state.hiddenRetryAfter();
    return hidden == null || response.header(RetryAfter.NAME) != null || response.code() != 503
        ? response
        : response.newBuilder().header(RetryAfter.NAME, hidden).build();
  }

  private static void throwIfCanceled(Call call) throws IOException {
    if (call.isCanceled()) {
      throw new IOException("Canceled");
    }
  }
}
