package io.evenload.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import java.io.IOException;
import java.net.IDN;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Answers for the page; see {@link StatusPage#handler}. */
final class StatusHandler implements HttpHandler {

  private static final Logger LOG = LoggerFactory.getLogger(StatusPage.class);
  private static final Pattern LOOPBACK =
      Pattern.compile(
          "localhost|127(\\.\\d{1,3}){3}|\\[(::1|(0{1,4}:){7}0{0,3}1)]", Pattern.CASE_INSENSITIVE);
  private static final Pattern AUTHORITY = Pattern.compile("(\\[[^\\]]*]|[^:]*)(:\\d*)?");

  private final StatusPage page;
  private final Set<String> allowedHosts = new HashSet<>();

  StatusHandler(StatusPage page, List<String> allowedHosts) {
    this.page = page;
    for (String host : allowedHosts) {
      if (host.isBlank() || !host.equals(host(host))) {
        throw new IllegalArgumentException(
            "allowedHosts: '" + host + "' (expected: names without a port)");
      }
      this.allowedHosts.add(canonical(host));
    }
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      Answer answer;
      try {
        answer = answer(exchange);
      } catch (RuntimeException e) {
        LOG.warn("The status page could not be made", e);
        answer = Answer.error(500, "The status page could not be made");
      }
      send(exchange, answer);
    }
  }

  private Answer answer(HttpExchange exchange) {
    if (!mayAsk(exchange)) {
      return Answer.error(403, "Not a host that the status page is for");
    }
    String method = exchange.getRequestMethod();
    if (!method.equals("GET") && !method.equals("HEAD")) {
      exchange.getResponseHeaders().set("Allow", "GET, HEAD");
      return Answer.error(405, "Only GET and HEAD");
    }
    String context = exchange.getHttpContext().getPath();
    String path = exchange.getRequestURI().getPath();
    if (!path.equals(context) && !path.equals(context + "/")) {
      return Answer.error(404, "Nothing here");
    }
    String query = exchange.getRequestURI().getQuery();
    if (query == null || query.isEmpty()) {
      return new Answer(200, "text/html; charset=utf-8", page.html());
    }
    if (query.equals("format=json")) {
      return new Answer(200, "application/json", page.json());
    }
    return Answer.error(404, "Nothing here (expected: no query, or format=json)");
  }

  private boolean mayAsk(HttpExchange exchange) {
    List<String> hosts = exchange.getRequestHeaders().getOrDefault("Host", List.of());
    String host = hosts.size() == 1 ? host(requireNonNull(hosts.get(0))) : null;
    if (host == null) {
      return false;
    }
    if (allowedHosts.isEmpty() && !exchange.getRemoteAddress().getAddress().isLoopbackAddress()) {
      return false;
    }
    return LOOPBACK.matcher(host).matches() || allowedHosts.contains(canonical(host));
  }

  /** Returns the host as browsers send it, in lower case and ASCII. */
  private static String canonical(String host) {
    String ascii;
    try {
      ascii = IDN.toASCII(host);
    } catch (IllegalArgumentException e) {
      ascii = host; // no name that there is
    }
    return ascii.toLowerCase(Locale.ROOT);
  }

  /** Returns the host of an authority; null if it is none. */
  private static @Nullable String host(String authority) {
    var matcher = AUTHORITY.matcher(authority);
    return matcher.matches() ? matcher.group(1) : null;
  }

  private static void send(HttpExchange exchange, Answer answer) throws IOException {
    byte[] body = answer.body().getBytes(UTF_8);
    Headers headers = exchange.getResponseHeaders();
    headers.set("Content-Type", answer.type());
    headers.set("Content-Security-Policy", PageHtml.POLICY + "; frame-ancestors 'none'");
    headers.set("Cache-Control", "no-store");
    headers.set("X-Content-Type-Options", "nosniff");
    headers.set("Cross-Origin-Resource-Policy", "same-origin");
    headers.set("Referrer-Policy", "no-referrer");
    if (exchange.getRequestMethod().equals("HEAD")) {
      headers.set("Content-Length", Integer.toString(body.length));
      exchange.sendResponseHeaders(answer.status(), -1);
    } else {
      exchange.sendResponseHeaders(answer.status(), body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private record Answer(int status, String type, String body) {
    static Answer error(int status, String message) {
      return new Answer(status, "text/plain; charset=utf-8", message + "\n");
    }
  }
}
