package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.Set;
import java.util.function.Predicate;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** What OkHttp did on the network in the current attempt of one call. */
public abstract class AttemptTrace extends EventListener {

  /*
   * Which connection will carry an exchange is known from the events: OkHttp announces when a call acquires a connection
   * and when it releases one, and says nothing when it keeps the one it has. So at the start of the headers the last
   * acquired connection is the carrier, and Destination tells where it leads. That is the guard against a misrouted attempt.
   *
   * Events come one after another on the thread of the call, except those of connecting, which fast fallback brings from
   * other threads. All fields are volatile, and each event writes what it knows, and of what was seen its own bits alone.
   * The connections that lost such a race fail as well, perhaps when the exchange has begun on the one that won: that is no
   * failure of the attempt.
   */

  /** Timeout and unavailable: what OkHttp would answer by sending the request again. */
  private static final Set<Integer> UNWANTED_RESENDS = Set.of(408, 503);

  /* What was seen of the attempt, a bit each. */

  /** OkHttp looked for a route, so that what failed from here on was on the way to a server. */
  private static final int ROUTING = 1 << 0;

  private static final int CONNECTING = 1 << 1;
  private static final int CONNECT_FAILED = 1 << 2;
  private static final int ACQUIRED = 1 << 3;
  private static final int HEADERS_STARTED = 1 << 4;
  private static final int RESPONSE_STARTED = 1 << 5;
  private static final int EXCHANGE_FAILED = 1 << 6;
  private static final int FOREIGN = 1 << 7;

  /** OkHttp follows up an answer by the same request, which is for a retry policy to do. */
  private static final int RESENDS = 1 << 8;

  /** A TLS handshake failed that may succeed with another connection spec. */
  private static final int HANDSHAKE_FAILED = 1 << 9;

  /** OkHttp would repeat what fails, since it has to try other connection specs. */
  private static final int RECOVERS = 1 << 10;

  private static final int BODY_STARTED = 1 << 11;

  /** The attempt's connection, which is from the pool, carried other calls when it was taken. */
  private static final int SHARED_CONNECTION = 1 << 12;

  /** Nothing may be sent on a connection that a look would have shown to be closed. */
  private static final int CAREFUL = 1 << 13;

  /** Such a look found the connection closed. */
  private static final int FOUND_CLOSED = 1 << 14;

  /** The attempt was given up before all of its time was over. */
  private static final int GIVEN_UP_EARLY = 1 << 15;

  /** OkHttp was stopped at a redirect that another service is to answer. */
  private static final int LEAVING = 1 << 16;

  /** Connections have to go to another port than that of their URL. */
  private static final int MAPPED = 1 << 17;

  private static final VarHandle SEEN;

  static {
    try {
      SEEN = MethodHandles.lookup().findVarHandle(AttemptTrace.class, "seen", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile int seen;

  /** What OkHttp follows by itself. */
  private volatile @Nullable FollowUp followUp;

  /** What OkHttp was shown in place of the last response, so that it does not resend. */
  private volatile @Nullable Disguise disguise;

  /** The connection that the call holds, across attempts. */
  private volatile @Nullable Connection carrier;

  /** What is known of it, if it leads to a server. */
  private volatile @Nullable OpenConnection held;

  /** What carried the request, or its last part, and when. */
  private volatile @Nullable OpenConnection sentOn;

  /** When that was, by the machine's clock. */
  private volatile long sentNanos;

  /** Whether a redirect within the host is for another service to answer; null if that is never. */
  private volatile @Nullable Predicate<Request> elsewhere;

  private volatile @Nullable ServerDns expected;
  private volatile @Nullable ServerDns actual;

  /** Forgets the last attempt and expects the next one at this server. */
  public final void expect(ServerDns server) {
    expected = server;
    actual = null;
    followUp = null;
    disguise = null;
    sentOn = null;
    SEEN.getAndBitwiseAnd(this, BODY_STARTED | CAREFUL); // these are of all attempts
  }

  private boolean is(int seen) {
    return (this.seen & seen) != 0;
  }

  private void put(int seen, boolean is) {
    if (is) {
      SEEN.getAndBitwiseOr(this, seen);
    } else {
      SEEN.getAndBitwiseAnd(this, ~seen);
    }
  }

  /**
   * Sets which redirects within the host OkHttp must not follow, since another service is to
   * answer.
   */
  public final void leavesFor(Predicate<Request> elsewhere) {
    this.elsewhere = elsewhere;
  }

  /** Whether OkHttp was stopped at a redirect that is for another service to answer. */
  public final boolean leaves() {
    return is(LEAVING);
  }

  /** Takes the call off its connection, and has nothing to do with what it does from now on. */
  public final void letGo(Interceptor.Chain chain) {
    if (carrier != null) {
      Detachment.detach(chain);
    }
    expected = null;
    elsewhere = null;
    put(LEAVING, false);
    put(RESENDS, false);
    put(FOREIGN, true);
  }

  /**
   * Nobody waits for an answer any more. If nothing at all has come over the connection since the
   * request was sent on it, it may be dead: the next attempt at the server takes another one.
   *
   * @param certainly whether the attempt has waited for all of its time; if not, the server may be
   *     slow, and it takes a second such attempt
   */
  public final void leaveIfSilent(boolean certainly) {
    OpenConnection connection = sentOn;
    ServerDns server = expected;
    boolean again =
        !certainly && is(GIVEN_UP_EARLY); // by who gave it up, and by who comes back too late
    if (!certainly) {
      put(GIVEN_UP_EARLY, true);
    }
    if (connection != null
        && server != null
        && !again
        && !is(RESPONSE_STARTED)
        && connection.isSilentSince(sentNanos)) {
      server.silentSince(sentNanos, certainly);
    }
  }

  /** Returns a request as it is sent now, which may tell how much time is left. */
  protected Request retimed(Request request) {
    return request;
  }

  /**
   * Sets whether the attempts to come look at a connection of the pool before they send anything.
   */
  public final void lookFirst(boolean careful) {
    put(CAREFUL, careful);
  }

  /** Whether the connection to a server failed: nothing was sent. */
  public final boolean failedBeforeSending() {
    return (is(ROUTING) || is(CONNECT_FAILED)) && !is(ACQUIRED) && !is(HEADERS_STARTED);
  }

  /** Whether the request, or a part of it, may have been sent. */
  public final boolean headersStarted() {
    return is(HEADERS_STARTED);
  }

  /** Whether the connection came from the pool. */
  public final boolean reusedConnection() {
    return !is(CONNECTING);
  }

  /** Whether other calls used the connection when it was taken from the pool. */
  public final boolean sharedConnection() {
    return is(SHARED_CONNECTION);
  }

  /** Whether any of the response was there. */
  public final boolean responseStarted() {
    return is(RESPONSE_STARTED);
  }

  /** The server sent what is no response, although OkHttp did not notice. */
  final void responseUnreadable() {
    put(EXCHANGE_FAILED, true);
  }

  /** Whether the way to the server failed, as opposed to code of the caller's. */
  public final boolean exchangeFailed() {
    return is(EXCHANGE_FAILED) || is(CONNECT_FAILED);
  }

  /** Whether OkHttp found the connection shut down before any of the headers was written. */
  public final boolean foundShutDown(IOException failure) {
    return is(FOUND_CLOSED) || (readsSigns() && FailureSigns.isShutDown(failure));
  }

  /**
   * Sends a request to a server; over a fresh connection if that of the pool turns out closed, or
   * left, before anything was sent on it, and with any of the client's connection specs. This is no
   * other attempt, since nothing was made of this one.
   *
   * @param server the expected one
   */
  public final Response proceed(Interceptor.Chain chain, Request request, ServerDns server)
      throws IOException {
    try {
      return proceedWithAnySpec(chain, request, server);
    } catch (IOException e) {
      if (!is(FOUND_CLOSED) || is(HEADERS_STARTED) || chain.call().isCanceled()) {
        throw server.withItsPort(e, request.url());
      }
    }
    ServerDns fresh = server.fresh();
    detach(chain, fresh); // over HTTP/2 the call may still have it
    expect(fresh);
    try {
      return proceedWithAnySpec(chain, request, fresh);
    } catch (IOException e) {
      throw fresh.withItsPort(e, request.url());
    }
  }

  /**
   * Proceeds with the client's first connection spec, and if its handshake fails with the others.
   */
  private Response proceedWithAnySpec(Interceptor.Chain chain, Request request, ServerDns server)
      throws IOException {
    put(MAPPED, server.maps(request.url()));
    Interceptor.Chain routed = server.routed(chain, request.url());
    try {
      return routed.proceed(request);
    } catch (IOException e) {
      if (!is(HANDSHAKE_FAILED)
          || is(ACQUIRED)
          || is(HEADERS_STARTED)
          || chain.call().isCanceled()
          || Thread.currentThread().isInterrupted()
          || !OtherSpecs.exist(chain)) {
        throw e;
      }
    }
    expect(server);
    put(MAPPED, server.maps(request.url()));
    put(RECOVERS, true);
    try {
      return routed.withRetryOnConnectionFailure(true).proceed(request);
    } catch (UnrepeatableException e) {
      throw e.failure();
    }
  }

  /**
   * Whether the connection that the attempt is about to use is closed, or was left, a moment after
   * the pool gave it; looks at it if it has to.
   */
  final boolean findsClosed(Connection connection) {
    if (!is(HEADERS_STARTED)) {
      OpenConnection known = held;
      put(
          FOUND_CLOSED,
          (known != null && (known.isClosed() || (known.isLeft() && !is(CONNECTING))))
              || (is(CAREFUL)
                  && !is(CONNECTING)
                  && PooledConnection.isHttp1(connection)
                  && isDueForLook(connection, known)
                  && PooledConnection.isClosed(connection)));
    }
    return is(FOUND_CLOSED);
  }

  private boolean isDueForLook(Connection connection, @Nullable OpenConnection known) {
    return !readsSigns()
        || !PooledConnection.isBusy(connection)
        || known == null
        || known.isFirstLook();
  }

  /** Whether the server refused an HTTP/2 stream before it processed any of the request. */
  public final boolean refusedByServer(IOException failure) {
    return readsSigns() && FailureSigns.isRefused(failure);
  }

  /** Whether the server reset an HTTP/2 stream, and did not just close the connection. */
  public final boolean resetByServer(IOException failure) {
    return readsSigns() && FailureSigns.isResetByServer(failure);
  }

  /** Whether more is read of an exception than what it is in public. */
  private boolean readsSigns() {
    ServerDns server = expected;
    return server == null || !server.publicApiOnly();
  }

  /**
   * Whether the request's body may be written, which it is if this returns true: not by an attempt
   * that was left, since the next one may be at it.
   */
  protected boolean mayWrite() {
    return true;
  }

  /** Whether a request body was begun in any attempt of the call. */
  public final boolean bodyStarted() {
    return is(BODY_STARTED);
  }

  /** Whether the last exchange was with another host, after a redirect. */
  public final boolean foreign() {
    return is(FOREIGN);
  }

  /**
   * Takes the call off a connection that would carry its next attempt to another server.
   *
   * @return whether nothing keeps the next attempt from this server; false if OkHttp does not do
   *     what was measured
   */
  public final boolean detach(Interceptor.Chain chain, ServerDns next) {
    if (!attachedElsewhere(next)) {
      return true;
    }
    Detachment.detach(chain);
    return !attachedElsewhere(next) || chain.call().isCanceled();
  }

  /** Whether the call holds a connection that would carry the next attempt to another server. */
  boolean attachedElsewhere(ServerDns next) {
    Connection connection = carrier;
    return connection != null && !dns(connection).equals(next);
  }

  /** Where the attempt went instead of the expected server; null if it went there. */
  public final @Nullable ServerDns misroutedTo() {
    return actual;
  }

  /**
   * Returns where a connection leads that is to carry a request for the logical host, if that is
   * not the expected server; null if there is nothing wrong with it.
   */
  final @Nullable ServerDns misroute(Connection connection) {
    ServerDns server = expected;
    if (server == null) {
      return null;
    }
    ServerDns reached = Destination.of(connection, server, is(MAPPED));
    return server.sameServer(reached) ? null : reached;
  }

  /** The redirect that OkHttp is following; null if there is none. */
  public final @Nullable FollowUp followUp() {
    return followUp;
  }

  final boolean resends() {
    return is(RESENDS);
  }

  final boolean recovers() {
    return is(RECOVERS);
  }

  /** Returns a response as OkHttp is to see it. */
  final Response disguised(Response response, Disguise disguise) {
    this.disguise = disguise;
    return disguise.put(response);
  }

  /** Returns a response as the server sent it, whatever OkHttp was shown. */
  public final Response restored(Response response) {
    Disguise worn = disguise;
    return worn == null ? response : worn.takenOff(response);
  }

  @Override
  public void followUpDecision(Call call, Response response, @Nullable Request next) {
    followUp = next == null ? null : new FollowUp(response, next);
    put(RESENDS, next != null && UNWANTED_RESENDS.contains(response.code()));
    Predicate<Request> asked = elsewhere;
    if (next != null
        && asked != null
        && response.isRedirect()
        && !leavesService(next.url())
        && asked.test(next)) {
      put(LEAVING, true);
      stop(new IOException(next.url().host() + ": redirected to another service"));
    }
  }

  /*
   * OkHttp would send the request that follows up to the same server, on the connection that the call has. It has just
   * closed the redirect, and does no more than tell, so that it loses nothing by an exception here. If ever it goes on all
   * the same, the network half stops it, which costs the connection.
   */
  @SuppressWarnings({
    "unchecked",
    "DoNotCallSuggester"
  }) // OkHttp's Kotlin has no checked exceptions
  static <E extends Exception> void stop(IOException reason) throws E {
    throw (E) reason;
  }

  @Override
  public void retryDecision(Call call, IOException failure, boolean retry) {
    put(RESENDS, retry);
  }

  @Override
  public void proxySelectStart(Call call, HttpUrl url) {
    put(ROUTING, true);
    put(FOREIGN, leavesService(url));
  }

  @Override
  public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
    put(CONNECTING, true);
  }

  @Override
  public void connectFailed(
      Call call,
      InetSocketAddress address,
      Proxy proxy,
      @Nullable Protocol protocol,
      IOException failure) {
    if (carrier == null) {
      put(CONNECT_FAILED, true);
      ServerDns server = expected;
      if (server != null) {
        server.broken().refused(server, address);
      }
    }
    if (OtherSpecs.mayHelp(failure)) {
      put(HANDSHAKE_FAILED, true);
    }
  }

  @Override
  public void connectionAcquired(Call call, Connection connection) {
    put(ACQUIRED, true);
    carrier = connection;
    put(FOREIGN, leavesService(connection.route().address().url()));
    hold(connection);
    put(
        SHARED_CONNECTION,
        !is(CONNECTING)
            && PooledConnection.isShared(connection, readsSigns())); // this call is among them
  }

  private void hold(Connection connection) {
    letGoOfHeld();
    if (dns(connection) instanceof ServerDns opener) {
      opener.share();
      ServerDns server = expected;
      OpenConnection known = opener.used(connection, server == null ? opener : server);
      known.acquired();
      held = known;
    }
  }

  private void letGoOfHeld() {
    OpenConnection last = held;
    if (last != null) {
      held = null;
      last.released();
    }
  }

  @Override
  public void connectionReleased(Call call, Connection connection) {
    carrier = null;
    letGoOfHeld();
  }

  @Override
  public void requestHeadersStart(Call call) {
    put(HEADERS_STARTED, true);
    put(CONNECT_FAILED, false);
    sentOn = held;
    sentNanos = System.nanoTime();
    Connection connection = carrier;
    if (connection != null && !leavesService(connection.route().address().url())) {
      actual = misroute(connection);
    }
  }

  @Override
  public void requestBodyStart(Call call) {
    put(BODY_STARTED, true);
  }

  @Override
  public void requestFailed(Call call, IOException failure) {
    broke();
  }

  @Override
  public void responseHeadersStart(Call call) {
    put(RESPONSE_STARTED, true);
    heard();
    Connection connection = carrier;
    if (is(CONNECTING) && connection != null && dns(connection) instanceof ServerDns server) {
      server.broken().answered(server, connection.route().socketAddress());
    }
  }

  @Override
  public void responseBodyEnd(Call call, long byteCount) {
    heard();
  }

  private void heard() {
    OpenConnection connection = sentOn;
    if (connection != null) {
      connection.heard();
    }
  }

  @Override
  public void responseFailed(Call call, IOException failure) {
    broke();
  }

  private void broke() {
    put(EXCHANGE_FAILED, true);
    Connection connection = carrier;
    if (is(CONNECTING)
        && !is(RESPONSE_STARTED)
        && connection != null
        && dns(connection) instanceof ServerDns server) {
      server.broken().broke(server, connection.route().socketAddress());
    }
  }

  /** Whether a request goes to another host than the attempt, after a redirect. */
  final boolean leavesService(HttpUrl url) {
    ServerDns server = expected;
    return server == null || !server.leadsFrom(url.host());
  }

  private static Dns dns(Connection connection) {
    return connection.route().address().dns();
  }
}
