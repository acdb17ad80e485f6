package io.evenload.okhttp;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.okhttp.internal.route.NetworkHalf;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** Remembers the server of each session in a cookie, for one service. */
final class ServerCookie {

  /*
   * The cookie names the server, not the session: so it means the same to every client that has it, and nothing has to be
   * remembered here. It is a preference and never more, so a forged or outdated value is one that nothing matches. A
   * server knows its own, and that is as good as a forged one that matches: so none may set it, see NetworkHalf.
   *
   * Calls that begin a session together all see no cookie and go to different servers. The first answer is to win, so a
   * cookie is written only if the jar still says what the call saw when it began. The lock makes that one step; it is
   * taken only when a session begins or moves. Whether the remembered server is still eligible is asked of the balancer's
   * status, which is slow, but only when another server answered.
   */

  static final String PREFIX = NetworkHalf.RESERVED_COOKIES;

  private static final int TOKEN_BYTES = 12; // 96 bits: no two servers share one
  private static final int MAX_TOKENS = 10_000;
  private static final int MAX_HOSTS = 1_000;

  private final String service;
  private final LoadBalancer balancer;
  private final @Nullable Duration maxAge;
  private final Timing timing;
  private final Map<String, String> tokens = new ConcurrentHashMap<>();
  private final CookieJar ownJar = new HostCookies();
  private final ReentrantLock writing = new ReentrantLock();

  ServerCookie(String service, LoadBalancer balancer, @Nullable Duration maxAge, Timing timing) {
    this.service = service;
    this.balancer = balancer;
    this.maxAge = maxAge;
    this.timing = timing;
  }

  /** Makes the call prefer the server that its jar remembers. */
  Sessions.Session begin(Request request, CookieJar clientJar, RequestContext context) {
    CookieJar jar = clientJar == CookieJar.NO_COOKIES ? ownJar : clientJar;
    String token = read(request, jar);
    if (token != null) {
      context.prefer(server -> token(server).equals(token));
    }
    return new Visit(request, jar, token);
  }

  private @Nullable String read(Request request, CookieJar jar) {
    return Affinity.cookie(PREFIX + service, request, jar);
  }

  /** The server's id, hashed together with the service. */
  private String token(Server server) {
    String known = tokens.get(server.id());
    if (known != null) {
      return known;
    }
    String token = hash(service + '\n' + server.id());
    if (tokens.size() >= MAX_TOKENS) {
      tokens.clear();
    }
    tokens.put(server.id(), token);
    return token;
  }

  private static String hash(String text) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(UTF_8));
      return Base64.getUrlEncoder()
          .withoutPadding()
          .encodeToString(Arrays.copyOf(digest, TOKEN_BYTES));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256 is missing, which every JDK has", e);
    }
  }

  private boolean eligible(String token) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
        .anyMatch(endpoint -> token(endpoint.server()).equals(token));
  }

  private Cookie cookie(HttpUrl url, String token) {
    Cookie.Builder cookie =
        new Cookie.Builder()
            .name(PREFIX + service)
            .value(token)
            .hostOnlyDomain(url.host())
            .path("/")
            .httpOnly();
    if (url.isHttps()) {
      cookie.secure();
    }
    if (maxAge != null) {
      cookie.expiresAt(timing.epochMillis().getAsLong() + maxAge.toMillis());
    }
    return cookie.build();
  }

  /** One call of a session. */
  final class Visit implements Sessions.Session {

    private final Request request;
    private final CookieJar jar;
    private final @Nullable String token;

    /**
     * A call.
     *
     * @param token what the jar remembered when the call began; null if nothing
     */
    private Visit(Request request, CookieJar jar, @Nullable String token) {
      this.request = request;
      this.jar = jar;
      this.token = token;
    }

    /** Remembers the server that answered, if the session begins or has to move. */
    @Override
    public void answered(Server server, Outcome outcome) {
      if (outcome != Outcome.SUCCESS) {
        return;
      }
      String answering = token(server);
      if (answering.equals(token) || (token != null && eligible(token))) {
        return;
      }
      writing.lock();
      try {
        if (Objects.equals(read(request, jar), token)) {
          jar.saveFromResponse(request.url(), List.of(cookie(request.url(), answering)));
        }
      } finally {
        writing.unlock();
      }
    }
  }

  /** The jar of clients that have none: the last cookie of each of the hosts used last. */
  private final class HostCookies implements CookieJar {

    private final Map<String, Cookie> cookies =
        new LinkedHashMap<>(16, 0.75f, /* accessOrder= */ true) {
          @Override
          protected boolean removeEldestEntry(Map.Entry<String, Cookie> eldest) {
            return size() > MAX_HOSTS;
          }
        };

    @Override
    public synchronized void saveFromResponse(HttpUrl url, List<Cookie> received) {
      received.forEach(cookie -> cookies.put(url.host(), cookie));
    }

    @Override
    public synchronized List<Cookie> loadForRequest(HttpUrl url) {
      Cookie cookie = cookies.get(url.host());
      boolean valid = cookie != null && cookie.expiresAt() > timing.epochMillis().getAsLong();
      return valid ? List.of(cookie) : List.of();
    }
  }
}
