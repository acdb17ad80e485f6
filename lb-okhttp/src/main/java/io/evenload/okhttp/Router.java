package io.evenload.okhttp;

import io.evenload.Server;
import java.io.IOException;
import java.net.Proxy;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/** Sends one attempt to one server, and makes sure that it goes there. */
final class Router {

  /*
   * The URL stays as it is, so that Host, SNI, certificates, cookies, the cache and redirects see the logical name. The
   * chain gets a Dns that leads to the server, and a socket factory if the server's port is not the URL's.
   *
   * An attempt after the first has to get off the connection of the last one: see Detachment. If the call is still
   * attached after that, or if ever an attempt was seen to go astray, the OkHttp at hand does not do what was measured.
   * Then such attempts are made by calls of their own, which have no connection to keep: see NestedCall.
   */

  private final LoadBalancingInterceptor owner;
  private final Connections connections;
  private final CallListener listener;
  private final RateLimitedLog log;
  private final boolean detaches;
  private final AtomicBoolean astray = new AtomicBoolean();

  Router(
      LoadBalancingInterceptor owner,
      Connections connections,
      CallListener listener,
      RateLimitedLog log,
      boolean detaches) {
    this.owner = owner;
    this.connections = connections;
    this.listener = listener;
    this.log = log;
    this.detaches = detaches;
  }

  /**
   * Makes the attempt.
   *
   * @param freshConnection whether a pooled connection will not do
   */
  Response send(
      Interceptor.Chain chain,
      BalancedCall state,
      String host,
      Server server,
      boolean freshConnection)
      throws IOException {
    ServerDns dns =
        new ServerDns(
            host, server.host(), server.port(), chain.getDns(), connections, freshConnection);
    boolean nested = !detached(chain, state, dns);
    state.expect(host, dns);
    Request request = chain.request();
    Response response;
    try {
      response =
          nested
              ? NestedCall.proceed(routed(chain, dns, request), state, owner)
              : routed(chain, dns, request).proceed(request);
    } catch (MisroutedException e) {
      wentAstray(host, server, e.actual());
      if (nested) {
        throw e;
      }
      state.expect(host, dns);
      return NestedCall.proceed(routed(chain, dns, request), state, owner);
    } finally {
      ServerDns actual = state.misroutedTo();
      if (actual != null) {
        wentAstray(host, server, actual.authority());
      }
    }
    return response;
  }

  /** Returns whether the call itself can make the attempt. */
  private boolean detached(Interceptor.Chain chain, BalancedCall state, ServerDns dns) {
    if (astray.get() && state.sentBefore()) {
      return false;
    }
    if (!detaches || !state.attachedElsewhere(dns)) {
      return true;
    }
    Detachment.detach(chain);
    return !state.attachedElsewhere(dns) || chain.call().isCanceled();
  }

  private static Interceptor.Chain routed(Interceptor.Chain chain, ServerDns dns, Request request) {
    Interceptor.Chain routed = chain.withDns(dns);
    if (chain.getRetryOnConnectionFailure()) {
      routed = routed.withRetryOnConnectionFailure(false);
    }
    if (chain.getProxy() == null) {
      routed = routed.withProxy(Proxy.NO_PROXY);
    }
    return dns.port() == request.url().port()
        ? routed
        : routed.withSocketFactory(new ServerSocketFactory(chain.getSocketFactory(), dns));
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
