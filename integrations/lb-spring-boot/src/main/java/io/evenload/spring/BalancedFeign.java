package io.evenload.spring;

import static java.util.Objects.requireNonNull;

import feign.Capability;
import feign.Client;
import feign.Request;
import feign.Response;
import java.io.IOException;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/**
 * Sends the calls of Feign clients to services through OkHttp, and all others as without it. Spring
 * Cloud gives it to each Feign client that it builds; elsewhere {@code Feign.builder()} takes it by
 * {@code addCapability}. The timeouts are those of the Feign client. Thread-safe.
 */
public final class BalancedFeign implements Capability {

  private final LateCalls calls;

  /** Creates a capability of these calls. */
  public BalancedFeign(LateCalls calls) {
    this.calls = requireNonNull(calls, "calls");
  }

  @Override
  public Client enrich(Client others) {
    return new Balanced(others, calls);
  }

  /** Goes the one way or the other. */
  private static final class Balanced implements Client {
    private final Client others;
    private final LateCalls calls;
    private volatile @Nullable Client services;

    Balanced(Client others, LateCalls calls) {
      this.others = others;
      this.calls = calls;
    }

    @Override
    public Response execute(Request request, Request.Options options) throws IOException {
      HttpUrl url = HttpUrl.parse(request.url());
      Client client = url != null && calls.has(url.host()) ? services() : others;
      return client.execute(request, options);
    }

    private Client services() {
      Client known = services;
      if (known == null) {
        known = new feign.okhttp.OkHttpClient(calls.client());
        services = known; // another one is as good
      }
      return known;
    }
  }
}
