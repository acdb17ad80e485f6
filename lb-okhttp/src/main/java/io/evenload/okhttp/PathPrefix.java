package io.evenload.okhttp;

import io.evenload.Server;
import java.io.IOException;
import java.util.function.Function;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;

/** The path that a server has before the paths of its service. */
final class PathPrefix {

  private final Function<Server, String> prefixOf;

  PathPrefix(Function<Server, String> prefixOf) {
    this.prefixOf = prefixOf;
  }

  /**
   * Returns the request with the server's prefix before its path.
   *
   * @throws IOException if the function for prefixes fails
   */
  Request added(Request request, Server server) throws IOException {
    String prefix = prefix(request.url().host(), server);
    if (prefix.isEmpty()) {
      return request;
    }
    HttpUrl url = request.url();
    return request
        .newBuilder()
        .url(url.newBuilder().encodedPath(prefix + url.encodedPath()).build())
        .build();
  }

  /** Returns the response as one to the logical request, or where it was redirected within. */
  @SuppressWarnings("ReferenceEquality") // the very request that was sent
  Response removed(Response response, Request logical, Request sent, Server server)
      throws IOException {
    if (sent == logical) {
      return response;
    }
    Request answered = response.request();
    if (answered == sent) {
      return response.newBuilder().request(logical).build();
    }
    Request within = removed(answered, logical.url().host(), server);
    return within == answered ? response : response.newBuilder().request(within).build();
  }

  /**
   * Returns a request that a server was redirected to, as one to its service; the very same if it
   * is elsewhere.
   *
   * @param host the service's
   */
  Request removed(Request followUp, String host, Server server) throws IOException {
    HttpUrl url = followUp.url();
    String prefix = url.host().equals(host) ? encoded(prefix(host, server)) : "";
    if (prefix.isEmpty() || !url.encodedPath().startsWith(prefix + "/")) {
      return followUp;
    }
    String path = url.encodedPath().substring(prefix.length());
    return followUp.newBuilder().url(url.newBuilder().encodedPath(path).build()).build();
  }

  /** Returns the prefix as a URL has it, where a blank is another. */
  private static String encoded(String prefix) {
    HttpUrl url =
        new HttpUrl.Builder().scheme("http").host("any").encodedPath(prefix + "/").build();
    return url.encodedPath().substring(0, url.encodedPath().length() - 1);
  }

  private String prefix(String host, Server server) throws IOException {
    String prefix;
    try {
      prefix = prefixOf.apply(server);
    } catch (RuntimeException e) {
      throw new IOException(host + ": the path prefix of " + server.id() + " is not known", e);
    }
    if (prefix.isEmpty() || prefix.equals("/")) {
      return "";
    }
    if (prefix.charAt(0) != '/' || prefix.indexOf('?') >= 0 || prefix.indexOf('#') >= 0) {
      throw new IOException(
          host
              + ": path prefix of "
              + server.id()
              + ": '"
              + prefix
              + "' (expected: empty, or beginning with / and without ? and #)");
    }
    return prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
  }
}
