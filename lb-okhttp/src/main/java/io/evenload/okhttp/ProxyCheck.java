package io.evenload.okhttp;

import java.io.IOException;
import java.net.Proxy;
import java.net.ProxySelector;
import java.util.List;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import org.jspecify.annotations.Nullable;

/** Refuses the calls of one host if the client would send them through a proxy. */
final class ProxyCheck {

  /*
   * A balanced call connects to its server, so a proxy would be passed by without a word. To ask a proxy selector for
   * every call would cost more than all else here, so its last answer is kept, and asked for again when the selector, or the
   * scheme, the host or the port of the URL is another: the host may be any where serviceOf tells the service.
   */

  private final String host;
  private volatile @Nullable Direct lastDirect;

  ProxyCheck(String host) {
    this.host = host;
  }

  /** Returns the handler with the check before it. */
  CallHandler before(CallHandler handler) {
    return (chain, request, balanced) -> {
      verify(chain, request.url());
      return handler.handle(chain, request, balanced);
    };
  }

  /**
   * Returns if the calls go directly.
   *
   * @throws IOException if there is a proxy
   */
  void verify(Interceptor.Chain chain, HttpUrl url) throws IOException {
    Proxy proxy = chain.getProxy();
    if (proxy == null) {
      verify(chain.getProxySelector(), url);
    } else if (proxy.type() != Proxy.Type.DIRECT) {
      throw refusal(proxy);
    }
  }

  private void verify(ProxySelector selector, HttpUrl url) throws IOException {
    Direct last = lastDirect;
    if (last != null
        && last.selector == selector
        && last.port == url.port()
        && last.https == url.isHttps()
        && last.host.equals(url.host())) {
      return;
    }
    Proxy proxy = select(selector, url);
    if (proxy != null) {
      throw refusal(proxy);
    }
    lastDirect = new Direct(selector, url.host(), url.port(), url.isHttps());
  }

  /** Returns the first proxy that OkHttp would use; null if it would connect directly. */
  private static @Nullable Proxy select(ProxySelector selector, HttpUrl url) {
    List<Proxy> proxies;
    try {
      proxies = url.uri().getHost() == null ? List.of() : selector.select(url.uri());
    } catch (IllegalArgumentException e) {
      return null; // as OkHttp does with a broken system setting
    }
    boolean direct =
        proxies == null || proxies.isEmpty() || proxies.get(0).type() == Proxy.Type.DIRECT;
    return direct ? null : proxies.get(0);
  }

  private IOException refusal(Proxy proxy) {
    return new IOException(
        host
            + ": the client uses a proxy ("
            + proxy
            + "), but balanced calls connect to their servers directly; set"
            + " OkHttpClient.Builder.proxy(Proxy.NO_PROXY), or make the proxy selector answer"
            + " DIRECT for this host (with system properties: http.nonProxyHosts)");
  }

  private record Direct(ProxySelector selector, String host, int port, boolean https) {}
}
