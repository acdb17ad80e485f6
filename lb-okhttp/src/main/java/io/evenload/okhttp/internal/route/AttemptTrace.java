package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.Set;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.Route;
import org.jspecify.annotations.Nullable;

/** What OkHttp did on the network in the current attempt of one call. */
public abstract class AttemptTrace extends EventListener {

  /*
   * Which connection will carry an exchange is known from the events: OkHttp announces when a call acquires a connection
   * and when it releases one, and says nothing when it keeps the one it has. So at the start of the headers the last
   * acquired connection is the carrier, and its Dns tells the server, as long as its address has the label that this Dns
   * gave it. That is the guard against a misrouted attempt.
   *
   * Events come one after another on the thread of the call, except those of connecting, which fast fallback brings from
   * other threads. All fields are volatile, each event writes what it knows, and nothing is read before write.
   */

  /** Timeout and unavailable: what OkHttp would answer by sending the request again. */
  private static final Set<Integer> UNWANTED_RESENDS = Set.of(408, 503);

  /** OkHttp looked for a route, so that what failed from here on was on the way to a server. */
  private volatile boolean routing;

  private volatile boolean connecting;
  private volatile boolean connectFailed;
  private volatile boolean acquired;
  private volatile boolean headersStarted;
  private volatile boolean responseStarted;
  private volatile boolean exchangeFailed;
  private volatile boolean foreign;

  /** What OkHttp follows by itself. */
  private volatile @Nullable FollowUp followUp;

  /** Whether OkHttp follows up an answer by the same request, which is for a retry policy to do. */
  private volatile boolean resends;

  /** What was kept from OkHttp, so that it does not resend. */
  private volatile @Nullable String hiddenRetryAfter;

  private volatile boolean bodyStarted;

  /**
   * Whether the attempt's connection, which is from the pool, carried other calls when it was
   * taken.
   */
  private volatile boolean sharedConnection;

  /** Whether nothing may be sent on a connection that a look would have shown to be closed. */
  private volatile boolean careful;

  /** Whether such a look found the connection closed. */
  private volatile boolean foundClosed;

  /** The connection that the call holds, across attempts. */
  private volatile @Nullable Connection carrier;

  private volatile @Nullable ServerDns expected;
  private volatile @Nullable ServerDns actual;

  /** Forgets the last attempt and expects the next one at this server. */
  public final void expect(ServerDns server) {
    expected = server;
    actual = null;
    routing = false;
    connecting = false;
    connectFailed = false;
    acquired = false;
    headersStarted = false;
    responseStarted = false;
    exchangeFailed = false;
    foreign = false;
    followUp = null;
    resends = false;
    hiddenRetryAfter = null;
    sharedConnection = false;
    foundClosed = false;
  }

  /**
   * Sets whether the attempts to come look at a connection of the pool before they send anything.
   */
  public final void lookFirst(boolean careful) {
    this.careful = careful;
  }

  /** Whether the connection to a server failed: nothing was sent. */
  public final boolean failedBeforeSending() {
    return (routing || connectFailed) && !acquired && !headersStarted;
  }

  /** Whether the request, or a part of it, may have been sent. */
  public final boolean headersStarted() {
    return headersStarted;
  }

  /** Whether the connection came from the pool. */
  public final boolean reusedConnection() {
    return !connecting;
  }

  /** Whether other calls used the connection when it was taken from the pool. */
  public final boolean sharedConnection() {
    return sharedConnection;
  }

  /** Whether any of the response was there. */
  public final boolean responseStarted() {
    return responseStarted;
  }

  /** The server sent what is no response, although OkHttp did not notice. */
  final void responseUnreadable() {
    exchangeFailed = true;
  }

  /** Whether the way to the server failed, as opposed to code of the caller's. */
  public final boolean exchangeFailed() {
    return exchangeFailed || connectFailed;
  }

  /** Whether OkHttp found the connection shut down before any of the headers was written. */
  public final boolean foundShutDown(IOException failure) {
    return foundClosed || (readsSigns() && FailureSigns.isShutDown(failure));
  }

  /**
   * Sends a request to a server; over a fresh connection if that of the pool turns out closed
   * before anything was sent on it. This is no other attempt, since nothing was made of this one.
   *
   * @param server the expected one
   */
  public final Response proceed(Interceptor.Chain chain, Request request, ServerDns server)
      throws IOException {
    try {
      return server.routed(chain, request.url()).proceed(request);
    } catch (IOException e) {
      if (!foundClosed || headersStarted || chain.call().isCanceled()) {
        throw e;
      }
    }
    ServerDns fresh = server.fresh();
    expect(fresh);
    return fresh.routed(chain, request.url()).proceed(request);
  }

  /**
   * Looks at the connection that the attempt is about to use, if it has to; tells whether it is
   * closed.
   */
  final boolean findsClosed(Connection connection) {
    if (careful
        && !connecting
        && !headersStarted
        && PooledConnection.isHttp1(connection)
        && isDueForLook(connection)) {
      foundClosed = PooledConnection.isClosed(connection);
    }
    return foundClosed;
  }

  private boolean isDueForLook(Connection connection) {
    return !readsSigns()
        || !PooledConnection.isBusy(connection)
        || !(dns(connection) instanceof ServerDns server)
        || server.isFirstLook(connection);
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
    return bodyStarted;
  }

  /** Whether the last exchange was with another host, after a redirect. */
  public final boolean foreign() {
    return foreign;
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
   * Returns the server of a connection that leads to the logical host, but not to the expected
   * server; null if there is nothing wrong with it.
   */
  final @Nullable ServerDns misroute(Connection connection) {
    ServerDns server = expected;
    Route route = connection.route();
    if (server == null
        || !server.leadsFrom(route.address().url().host())
        || !(route.address().dns() instanceof ServerDns taken)) {
      return null;
    }
    ServerDns reached = taken.reachedBy(route.socketAddress());
    return server.sameServer(reached) ? null : reached;
  }

  /** The redirect that OkHttp is following; null if there is none. */
  public final @Nullable FollowUp followUp() {
    return followUp;
  }

  final boolean resends() {
    return resends;
  }

  final void hideRetryAfter(String value) {
    hiddenRetryAfter = value;
  }

  /** The header that the network half took from the last response; null if it took none. */
  public final @Nullable String hiddenRetryAfter() {
    return hiddenRetryAfter;
  }

  @Override
  public void followUpDecision(Call call, Response response, @Nullable Request next) {
    followUp = next == null ? null : new FollowUp(response, next);
    resends = next != null && UNWANTED_RESENDS.contains(response.code());
  }

  @Override
  public void proxySelectStart(Call call, HttpUrl url) {
    routing = true;
    foreign = leavesService(url);
  }

  @Override
  public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
    connecting = true;
  }

  @Override
  public void connectFailed(
      Call call,
      InetSocketAddress address,
      Proxy proxy,
      @Nullable Protocol protocol,
      IOException failure) {
    connectFailed = true;
  }

  @Override
  public void connectionAcquired(Call call, Connection connection) {
    acquired = true;
    carrier = connection;
    foreign = leavesService(connection.route().address().url());
    if (dns(connection) instanceof ServerDns server) {
      server.share();
      if (connecting) {
        server.opened(connection);
      }
    }
    sharedConnection =
        !connecting
            && PooledConnection.isShared(connection, readsSigns()); // this call is among them
  }

  @Override
  public void connectionReleased(Call call, Connection connection) {
    carrier = null;
  }

  @Override
  public void requestHeadersStart(Call call) {
    headersStarted = true;
    connectFailed = false;
    Connection connection = carrier;
    if (connection != null) {
      actual = misroute(connection);
    }
  }

  @Override
  public void requestBodyStart(Call call) {
    bodyStarted = true;
  }

  @Override
  public void requestFailed(Call call, IOException failure) {
    exchangeFailed = true;
  }

  @Override
  public void responseHeadersStart(Call call) {
    responseStarted = true;
  }

  @Override
  public void responseFailed(Call call, IOException failure) {
    exchangeFailed = true;
  }

  private boolean leavesService(HttpUrl url) {
    ServerDns server = expected;
    return server == null || !server.leadsFrom(url.host());
  }

  private static Dns dns(Connection connection) {
    return connection.route().address().dns();
  }
}
