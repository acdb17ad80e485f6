package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.okhttp.internal.route.ServerDns;
import okhttp3.HttpUrl;
import org.jspecify.annotations.Nullable;

/** The name by which URLs name a service. */
final class ServiceHost {

  private ServiceHost() {}

  /**
   * Returns the host as {@link HttpUrl#host()} spells it.
   *
   * @throws IllegalArgumentException if it is an address, or cannot be the host of a URL
   */
  static String canonical(String host) {
    requireNonNull(host, "host");
    String canonical = inUrls(host);
    if (canonical == null) {
      throw new IllegalArgumentException(
          "host: '" + shown(host) + "' (expected: a host name without scheme, port or path)");
    }
    if (isAddress(canonical)) {
      throw new IllegalArgumentException(
          "host: '"
              + host
              + "' (expected: a host name; OkHttp does not resolve an address, so it cannot be led"
              + " to a server)");
    }
    return canonical;
  }

  /** Returns a text that is no host, without what may be a password or a token of a URL. */
  static String shown(String text) {
    return text.replaceFirst("(?s)\\?[^=]*=.*", "?…").replaceFirst("(?s)^[^@]*:.*@", "…@");
  }

  /**
   * Returns the host as {@link HttpUrl#host()} spells it, in lower case and ASCII; null if it
   * cannot be the host of a URL.
   */
  static @Nullable String inUrls(String host) {
    try {
      return new HttpUrl.Builder().scheme("http").host(host).build().host();
    } catch (IllegalArgumentException e) {
      return null;
    }
  }

  /** Whether OkHttp takes the host of a URL for an address, and resolves nothing. */
  static boolean isAddress(String host) {
    return ServerDns.isBypassedBy(host);
  }
}
