package io.evenload.okhttp;

import io.evenload.okhttp.internal.route.ClientView;
import io.evenload.okhttp.internal.route.NetworkHalf;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicBoolean;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** Decides whether each attempt of a call must be a call of its own, whatever its policy. */
final class Separation {

  /*
   * It must if the user said so, or if the client lacks the network half, because the interceptor was added without
   * install: calls of a derived client have it. Which interceptors a client has is looked at once, so that this is a
   * comparison for each call. Where OkHttp does not tell the client, as on the module path, only install gives certainty.
   */

  private final boolean always;
  private final NetworkHalf networkHalf;
  private final RateLimitedLog log;
  private final AtomicBoolean told = new AtomicBoolean();
  private volatile boolean installed;
  private volatile @Nullable Seen last;

  Separation(boolean always, NetworkHalf networkHalf, RateLimitedLog log) {
    this.always = always;
    this.networkHalf = networkHalf;
    this.log = log;
  }

  /** A client was given both halves. */
  void installed() {
    installed = true;
  }

  /**
   * Returns whether attempts of the call need calls of their own.
   *
   * @throws IOException if the client may lack the network half and cannot be looked at
   */
  boolean isNeeded(Call call, String host) throws IOException {
    return always || !isComplete(call, host);
  }

  private boolean isComplete(Call call, String host) throws IOException {
    OkHttpClient client = ClientView.find(call);
    if (client == null) {
      if (!installed) {
        throw new IOException(
            host
                + ": the interceptor was added without its network half (expected: "
                + "loadBalancingInterceptor.install(clientBuilder) in place of"
                + " clientBuilder.addInterceptor(loadBalancingInterceptor))");
      }
      return true;
    }
    Seen seen = last;
    if (seen == null || seen.client != client) {
      seen = new Seen(client, client.networkInterceptors().contains(networkHalf));
      last = seen;
      if (!seen.complete && told.compareAndSet(false, true)) {
        log.warn(
            host
                + ": the interceptor was added without its network half, so that each attempt is"
                + " made by a call of its own; loadBalancingInterceptor.install(clientBuilder) adds"
                + " both",
            null);
      }
    }
    return seen.complete;
  }

  private record Seen(OkHttpClient client, boolean complete) {}
}
