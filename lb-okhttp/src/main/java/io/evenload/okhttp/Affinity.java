package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.RequestContext;
import java.time.Duration;
import java.util.function.Function;
import okhttp3.Cookie;
import okhttp3.CookieJar;
import okhttp3.Headers;
import okhttp3.HttpUrl;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * What keeps the calls of a session together: either a key, or a cookie that remembers the server.
 *
 * <p>A key ({@link #header}, {@link #cookie}, {@link #by}) says whom a call belongs to. Where a key
 * goes is the chooser's matter: {@code Choosers.maglev()}, {@code rendezvous()} and {@code
 * sticky(...)} go by it, the others ignore it. {@link #serverCookie()} needs no key and works with
 * every chooser, which then decides only where a session begins.
 *
 * <p>A call whose {@link RequestContext} tag has a key of its own goes by that key alone.
 *
 * <p>Immutable and thread-safe.
 */
public final class Affinity {

  /** 400 days, the longest that cookies may be asked to live (RFC 6265bis). */
  public static final Duration LONGEST_MAX_AGE = Duration.ofDays(400);

  private static final Duration SHORTEST_MAX_AGE = Duration.ofSeconds(1);

  private final Key key;
  private final boolean remembersServers;
  private final @Nullable Duration maxAge;

  private Affinity(Key key, boolean remembersServers, @Nullable Duration maxAge) {
    this.key = key;
    this.remembersServers = remembersServers;
    this.maxAge = maxAge;
  }

  /** Keys come from {@link RequestContext} tags alone. */
  static Affinity none() {
    return keyed((request, jar) -> null);
  }

  /**
   * Returns the affinity by the value of a request header, such as {@code X-User}. A request
   * without it, or with an empty one, has no key.
   */
  public static Affinity header(String name) {
    requireNonNull(name, "name");
    return keyed((request, jar) -> request.header(name));
  }

  /**
   * Returns the affinity by the value of a cookie that the servers set, such as {@code JSESSIONID}.
   * It is looked for among the cookies that the client's {@link CookieJar} has for the URL, then in
   * the request's {@code Cookie} header. A request without it has no key.
   */
  public static Affinity cookie(String name) {
    requireNonNull(name, "name");
    return keyed((request, jar) -> cookie(name, request, jar));
  }

  /**
   * Returns the affinity by a function of the request.
   *
   * @param key returns the key, or null or an empty string for none; called once for each call, on
   *     its thread, with the request as the interceptor gets it. If it throws, that is logged, and
   *     the call has no key
   */
  public static Affinity by(Function<Request, @Nullable String> key) {
    requireNonNull(key, "key");
    return keyed((request, jar) -> key.apply(request));
  }

  /**
   * Returns the affinity by a cookie that remembers the server of the first response, until the
   * program ends or the {@link CookieJar} drops it; see {@link #serverCookie(Duration)}.
   */
  public static Affinity serverCookie() {
    return new Affinity((request, jar) -> null, true, null);
  }

  /**
   * Returns the affinity by a cookie that remembers the server of the first response.
   *
   * <p>The cookie {@code EVENLOAD_<service>} is put into the client's {@link CookieJar}, for the
   * URL's host alone, HttpOnly, and secure on HTTPS. So a jar is a session: give each user's client
   * a jar of its own. A client without one is a session of its own, remembered in the interceptor:
   * all its calls go to one server.
   *
   * <p>The value is a hash of the server's id, so another client with the same jar, or the same
   * client after a restart, finds the same server. It tells no address, but whoever knows the ids
   * of the servers can tell them apart by it. A value that fits no server is ignored. Servers
   * cannot set such a cookie: it is taken off their responses.
   *
   * <p>A call goes to the remembered server while that is eligible, and its retries elsewhere. The
   * cookie is rewritten when another server answers without failing and the remembered one is not
   * eligible any more, so that a session moves once; a retry, a filter or a full server alone does
   * not move it. Of the calls that begin a session at once, the first to be answered decides.
   *
   * @param maxAge how long the server is remembered, counted from when it was
   * @throws IllegalArgumentException if it is not one second to {@link #LONGEST_MAX_AGE}
   */
  public static Affinity serverCookie(Duration maxAge) {
    requireNonNull(maxAge, "maxAge");
    if (maxAge.compareTo(SHORTEST_MAX_AGE) < 0 || maxAge.compareTo(LONGEST_MAX_AGE) > 0) {
      throw new IllegalArgumentException(
          "maxAge: " + maxAge + " (expected: " + SHORTEST_MAX_AGE + " to " + LONGEST_MAX_AGE + ")");
    }
    return new Affinity((request, jar) -> null, true, maxAge);
  }

  private static Affinity keyed(Key key) {
    return new Affinity(key, false, null);
  }

  /** The key of a request; null if it has none. */
  @Nullable String key(Request request, CookieJar jar) {
    String found = key.of(request, jar);
    return found == null || found.isEmpty() ? null : found;
  }

  boolean remembersServers() {
    return remembersServers;
  }

  /** How long a server is remembered; null if as long as the program runs. */
  @Nullable Duration maxAge() {
    return maxAge;
  }

  /** Returns the value of a cookie that goes along with the request; null if there is none. */
  static @Nullable String cookie(String name, Request request, CookieJar jar) {
    String kept = kept(name, request.url(), jar);
    return kept != null ? kept : sent(name, request.headers());
  }

  private static @Nullable String kept(String name, HttpUrl url, CookieJar jar) {
    for (Cookie cookie : jar.loadForRequest(url)) {
      if (cookie.name().equals(name)) {
        return cookie.value();
      }
    }
    return null;
  }

  private static @Nullable String sent(String name, Headers headers) {
    for (String header : headers.values("Cookie")) {
      for (String pair : header.split(";", -1)) {
        int equals = pair.indexOf('=');
        if (equals > 0 && pair.substring(0, equals).trim().equals(name)) {
          return pair.substring(equals + 1).trim();
        }
      }
    }
    return null;
  }

  /** Where a key comes from. */
  @FunctionalInterface
  private interface Key {
    @Nullable String of(Request request, CookieJar jar);
  }
}
