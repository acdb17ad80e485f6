package io.evenload.okhttp;

import io.evenload.LoadBalancer;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import okhttp3.Interceptor;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/** Applies the {@link Affinity} to the calls of one service. */
final class Sessions {

  static final Session UNREMEMBERED = (server, outcome) -> {};

  private final String host;
  private final Affinity affinity;
  private final @Nullable ServerCookie cookie;
  private final RateLimitedLog log;

  Sessions(
      String host, LoadBalancer balancer, Affinity affinity, Timing timing, RateLimitedLog log) {
    this.host = host;
    this.affinity = affinity;
    this.log = log;
    this.cookie =
        affinity.remembersServers()
            ? new ServerCookie(host, balancer, affinity.maxAge(), timing)
            : null;
  }

  /**
   * Returns the key of the call's session; null if it has none, or a context with a key already.
   */
  @Nullable String key(Interceptor.Chain chain, Request request, @Nullable RequestContext given) {
    if (given != null && given.key() != null) {
      return null;
    }
    try {
      return affinity.key(request, chain.getCookieJar());
    } catch (RuntimeException e) {
      log.warn(host + ": the key of a call's session could not be told", e);
      return null;
    }
  }

  /** Begins a call: it prefers its session's server, if that is remembered. */
  Session begin(Interceptor.Chain chain, Request request, RequestContext context) {
    ServerCookie cookie = this.cookie;
    if (cookie == null || context.key() != null) {
      return UNREMEMBERED;
    }
    try {
      Session session = cookie.begin(request, chain.getCookieJar(), context);
      return (server, outcome) -> answered(session, server, outcome);
    } catch (RuntimeException e) {
      log.warn(host + ": the cookie jar threw; the call has no session", e);
      return UNREMEMBERED;
    }
  }

  private void answered(Session session, Server server, Outcome outcome) {
    try {
      session.answered(server, outcome);
    } catch (RuntimeException e) {
      log.warn(host + ": the cookie jar threw; the session's server is not remembered", e);
    }
  }

  /** One call, as part of a session. */
  @FunctionalInterface
  interface Session {

    /** Takes note of the server whose response the caller gets. */
    void answered(Server server, Outcome outcome);
  }
}
