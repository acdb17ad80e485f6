package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.Server;
import io.evenload.okhttp.internal.route.FollowUp;
import io.evenload.okhttp.internal.route.MisroutedException;
import io.evenload.okhttp.internal.route.NetworkHalf;
import io.evenload.okhttp.internal.route.ServerDns;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.IOException;
import java.net.UnknownHostException;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/** Sends one attempt to one server, and makes sure that it goes there. */
final class Router {

  /*
   * The URL stays as it is, so that Host, SNI, certificates, cookies, the cache and redirects see the logical name. The
   * chain gets a Dns that leads to the server, and a socket factory if the server's port is not the URL's. Only
   * the path may become another on the way, where servers have one before theirs.
   *
   * An attempt after the first has to get off the connection of the last one: see AttemptTrace.detach. If the call is still
   * attached after that, or if ever an attempt was seen to go astray, the OkHttp at hand does not do what was measured.
   * Then such attempts are made by calls of their own, which have no connection to keep: see NestedCall.
   */

  private final LoadBalancingInterceptor owner;
  private final NestedCall.Clients clients;
  private final Separation separation;
  private final PathPrefix pathPrefix;
  private final ServerRoutes routes;
  private final CallListener listener;
  private final RateLimitedLog log;
  private final boolean detaches;
  private final AtomicBoolean astray = new AtomicBoolean();

  Router(
      LoadBalancingInterceptor owner,
      NetworkHalf networkHalf,
      Separation separation,
      ServerRoutes routes,
      PathPrefix pathPrefix,
      CallListener listener,
      RateLimitedLog log,
      boolean detaches) {
    this.owner = owner;
    this.pathPrefix = pathPrefix;
    this.clients = new NestedCall.Clients(owner, networkHalf);
    this.separation = separation;
    this.routes = routes;
    this.listener = listener;
    this.log = log;
    this.detaches = detaches;
  }

  /**
   * Returns whether each attempt must be a call of its own.
   *
   * @throws IOException if the interceptor was added in a way that is not safe
   */
  boolean separates(Interceptor.Chain chain, String host) throws IOException {
    return separation.isNeeded(chain.call(), host);
  }

  /**
   * Makes the attempt.
   *
   * @param logical the request as the caller sees it
   * @param freshConnection whether a pooled connection will not do
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response send(
      Interceptor.Chain chain,
      Request logical,
      BalancedCall state,
      AttemptRecord attempt,
      boolean freshConnection)
      throws IOException {
    String host = logical.url().host();
    ServerDns dns = routes.to(host, attempt.server(), chain.getDns(), freshConnection);
    boolean nested = !detached(chain, state, attempt, dns);
    state.expect(dns);
    Request request = pathPrefix.added(logical, attempt.server());
    try {
      Response response = send(chain, request, state, host, attempt, dns, nested);
      return pathPrefix.removed(response, logical, request, attempt.server());
    } catch (Exception e) {
      throw told(e, attempt);
    } finally {
      tellOfMisroute(host, attempt);
    }
  }

  /** Makes an attempt by a call of its own, and returns the response as one to the request. */
  private Response answer(Request logical, Request request, AttemptRecord attempt, NestedCall call)
      throws IOException {
    try {
      return pathPrefix.removed(call.execute(), logical, request, attempt.server());
    } catch (Exception e) {
      throw told(e, attempt);
    } finally {
      tellOfMisroute(logical.url().host(), attempt);
    }
  }

  /** Returns what an attempt fails with for what was thrown. */
  private IOException told(Exception thrown, AttemptRecord attempt) {
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
    if (thrown instanceof UnknownHostException e) {
      FollowUp next = attempt.carrier().followUp();
      return next != null && owner.leadsTo(next.request().url().host())
          ? new ServiceRedirect(next.request(), next.redirect())
          : e;
    }
    if (thrown instanceof IOException e) {
      return e;
    }
    return BalancedCall.interrupted(thrown); // as OkHttp connected: Kotlin need not declare that
  }

  private void tellOfMisroute(String host, AttemptRecord attempt) {
    ServerDns actual = attempt.carrier().misroutedTo();
    if (actual != null) {
      wentAstray(host, attempt.server(), actual.authority());
    }
  }

  private Response send(
      Interceptor.Chain chain,
      Request request,
      BalancedCall state,
      String host,
      AttemptRecord attempt,
      ServerDns dns,
      boolean nested)
      throws IOException {
    try {
      return nested
          ? sendNested(chain, request, state, host, attempt, dns)
          : dns.routed(chain, request.url()).proceed(request);
    } catch (MisroutedException e) {
      wentAstray(host, attempt.server(), e.actual());
      if (nested) {
        throw e;
      }
      return sendNested(chain, request, state, host, attempt, dns);
    }
  }

  /**
   * Returns a call that is to make the attempt.
   *
   * @param logical the request as the caller sees it
   * @param freshConnection whether a pooled connection will not do
   */
  NestedCall nested(
      Interceptor.Chain chain,
      Request logical,
      BalancedCall state,
      AttemptRecord record,
      Attempt attempt,
      boolean freshConnection,
      RetryPolicy policy)
      throws IOException {
    String host = logical.url().host();
    ServerDns dns = routes.to(host, record.server(), chain.getDns(), freshConnection);
    Request request = pathPrefix.added(logical, record.server());
    NestedCall nested = NestedCall.of(clients, chain, request, state, record, dns, policy);
    nested.sentBy(call -> answer(logical, request, record, call));
    nested.state().carry(host, attempt);
    return nested;
  }

  private Response sendNested(
      Interceptor.Chain chain,
      Request request,
      BalancedCall state,
      String host,
      AttemptRecord record,
      ServerDns dns)
      throws IOException {
    NestedCall nested =
        NestedCall.of(clients, chain, request, state, record, dns, RetryPolicy.defaults());
    Attempt running = state.inFlight().take();
    if (running != null) {
      nested.state().carry(host, running);
    }
    return nested.execute();
  }

  /** Returns whether the call itself can make the attempt. */
  private boolean detached(
      Interceptor.Chain chain, BalancedCall state, AttemptRecord attempt, ServerDns dns) {
    if (astray.get() && !attempt.isFirst()) {
      return false;
    }
    return !detaches || state.detach(chain, dns);
  }

  private void wentAstray(String host, Server server, String actual) {
    listener.misrouted(host, server, actual);
    if (astray.compareAndSet(false, true)) {
      log.warn(
          host
              + ": an attempt at "
              + server.id()
              + " went to "
              + actual
              + "; from now on retries are made by calls of their own (please report this with the"
              + " version of OkHttp)",
          null);
    }
  }
}
