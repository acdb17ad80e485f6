package io.evenload.spring;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.net.URI;
import java.util.function.Predicate;
import java.util.function.Supplier;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;
import org.springframework.beans.factory.DisposableBean;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpRequestFactory;

/** Makes the requests to services by one factory, and all others by another. Thread-safe. */
public final class BalancingRequestFactory implements ClientHttpRequestFactory, DisposableBean {

  private final ClientHttpRequestFactory others;
  private final Supplier<? extends ClientHttpRequestFactory> services;
  private final Predicate<String> balanced;
  private volatile @Nullable ClientHttpRequestFactory ofServices;

  /**
   * Creates a factory of both.
   *
   * @param others makes the requests to other hosts
   * @param services is asked for the other factory when it is needed, so that applications may have
   *     services whose clients need clients
   * @param balanced whether a host, in lower case and ASCII, is a service's
   */
  public BalancingRequestFactory(
      ClientHttpRequestFactory others,
      Supplier<? extends ClientHttpRequestFactory> services,
      Predicate<String> balanced) {
    this.others = requireNonNull(others, "others");
    this.services = requireNonNull(services, "services");
    this.balanced = requireNonNull(balanced, "balanced");
  }

  @Override
  public ClientHttpRequest createRequest(URI uri, HttpMethod method) throws IOException {
    HttpUrl url = HttpUrl.get(uri);
    boolean ofService = url != null && balanced.test(url.host());
    return (ofService ? ofServices() : others).createRequest(uri, method);
  }

  private ClientHttpRequestFactory ofServices() {
    ClientHttpRequestFactory known = ofServices;
    if (known == null) {
      known = services.get(); // another one is as good
      ofServices = known;
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
