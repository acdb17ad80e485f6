package io.evenload.spring;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.URI;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpRequestFactory;

/** Makes the requests to services through OkHttp, and all others by a factory. Thread-safe. */
public final class BalancingRequestFactory implements ClientHttpRequestFactory, DisposableBean {

  private final ClientHttpRequestFactory others;
  private final LateCalls calls;
  private final ClientDefaults settings;
  private volatile @Nullable ClientHttpRequestFactory services;

  /**
   * Creates a factory of both.
   *
   * @param others makes the requests to other hosts
   * @param calls tells which are services
   * @param settings what the client for services has besides
   */
  public BalancingRequestFactory(
      ClientHttpRequestFactory others, LateCalls calls, ClientDefaults settings) {
    this.others = requireNonNull(others, "others");
    this.calls = requireNonNull(calls, "calls");
    this.settings = requireNonNull(settings, "settings");
  }

  @Override
  public ClientHttpRequest createRequest(URI uri, HttpMethod method) throws IOException {
    HttpUrl url = HttpUrl.get(uri);
    boolean ofService = url != null && calls.has(url.host());
    return (ofService ? services() : others).createRequest(uri, method);
  }

  private ClientHttpRequestFactory services() {
    ClientHttpRequestFactory known = services;
    if (known == null) {
      known = new OkHttpRequestFactory(settings.with(calls.client()));
      services = known; // another one is as good
    }
    return known;
  }

  /** Ends the factory for other hosts, if it holds anything. */
  @Override
  public void destroy() throws Exception {
    if (others instanceof DisposableBean disposable) {
      disposable.destroy();
    } else if (others instanceof AutoCloseable closeable) {
      closeable.close();
    }
  }
}
