package io.evenload.okhttp.internal.route;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import javax.net.SocketFactory;
import okhttp3.Connection;
import okhttp3.Dns;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import org.jspecify.annotations.Nullable;

/** Resolves one logical host to one server, and every other host as the client itself would. */
public class ServerDns implements Dns {

  /*
   * OkHttp pools connections by their Address, which holds this object, so equality decides what is reused: two are equal
   * if they lead one logical host to one server. The port counts, since Address holds the URL's port only, and so does
   * the user's Dns, since it resolves host names.
   *
   * An exclusive one equals nothing but itself. No pooled connection matches it, so that the call gets a fresh one; as
   * soon as that connection is there, share() lets others use it too. The hash does not depend on it. OkHttp compares the
   * addresses of pooled connections one by one each time, so it is harmless that equality changes once.
   *
   * The address carries a label such as "orders@10.0.0.1:8080". It is never resolved: it tells the socket factory which
   * addresses are the server's, and makes OkHttp's messages name the server and its port.
   */

  /** What OkHttp takes for an address and does not resolve. */
  private static final Pattern UNRESOLVED = Pattern.compile("[\\d.]+|.*:.*");

  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1?\\d?\\d)");

  private final String logicalHost;
  private final String serverHost;
  private final int port;
  private final Dns delegate;
  private final String label;
  private final Connections connections;
  private volatile boolean exclusive;
  private volatile @Nullable ServerSocketFactory socketFactory;
  private volatile Dns resolver; // of the server's name
  private Predicate<String> forbidden = host -> false;
  private boolean publicApiOnly;

  ServerDns(
      String logicalHost,
      String serverHost,
      int port,
      Dns delegate,
      Connections connections,
      boolean exclusive) {
    this.logicalHost = logicalHost;
    this.serverHost = serverHost;
    this.port = port;
    this.delegate = delegate;
    this.resolver = delegate;
    this.label = label(logicalHost, serverHost, port);
    this.connections = connections;
    this.exclusive = exclusive;
  }

  /**
   * Makes the lookup of these other hosts fail, so that OkHttp does not follow a redirect there,
   * and returns this.
   */
  ServerDns keepFrom(Predicate<String> hosts) {
    forbidden = hosts;
    return this;
  }

  /**
   * Has the server's name looked up by this, which finds the same addresses as the delegate does,
   * and returns this.
   */
  public final ServerDns lookUpBy(Dns resolver) {
    this.resolver = resolver;
    return this;
  }

  /** Uses nothing of OkHttp but what is public, and returns this. */
  final ServerDns withPublicApiOnly(boolean publicApiOnly) {
    this.publicApiOnly = publicApiOnly;
    return this;
  }

  final boolean publicApiOnly() {
    return publicApiOnly;
  }

  /** Whether OkHttp takes the host of a URL for an address, so that no Dns is asked for it. */
  public static boolean isBypassedBy(String host) {
    return UNRESOLVED.matcher(host).matches();
  }

  /** Returns the chain on the way to the server. */
  public Interceptor.Chain routed(Interceptor.Chain chain, HttpUrl url) {
    Proxy proxy = chain.getProxy();
    SocketFactory sockets = chain.getSocketFactory();
    Proxy direct = proxy == null ? Proxy.NO_PROXY : proxy;
    SocketFactory mapped = port == url.port() ? sockets : socketFactory(sockets);
    return publicApiOnly
        ? ChainCopy.inSteps(chain, this, direct, mapped)
        : ChainCopy.of(chain, this, direct, mapped);
  }

  /** Returns the factory of sockets to the server; the last one is kept. */
  SocketFactory socketFactory(SocketFactory delegate) {
    ServerSocketFactory known = socketFactory;
    if (known == null || known.delegate() != delegate) {
      known = new ServerSocketFactory(delegate, this);
      socketFactory = known;
    }
    return known;
  }

  /** Whether it leads the host to this server, with the same Dns for all other hosts. */
  @SuppressWarnings("ReferenceEquality") // another Dns costs no more than another object
  boolean leads(String logicalHost, String serverHost, int port, Dns delegate) {
    return this.delegate == delegate
        && this.port == port
        && this.serverHost.equals(serverHost)
        && this.logicalHost.equals(logicalHost);
  }

  /** Whether this is the host that it leads to the server. */
  boolean leadsFrom(String host) {
    return host.equals(logicalHost);
  }

  final String serverHost() {
    return serverHost;
  }

  int port() {
    return port;
  }

  /** Lets other calls use the connection that was made for this one. */
  void share() {
    if (exclusive) {
      exclusive = false;
    }
  }

  /** This connection was made for the server. */
  void opened(Connection connection) {
    connections.opened(this, connection);
  }

  /** The addresses of this server and others where connections broke. */
  final BrokenAddresses broken() {
    return connections.broken();
  }

  /** Whether nobody has looked at this connection to the server yet. */
  final boolean isFirstLook(Connection connection) {
    return connections.isFirstLook(this, connection);
  }

  /** Returns the way to the same server by a connection that is not from the pool. */
  final ServerDns fresh() {
    return DnsCalls.serverDns(logicalHost, serverHost, port, delegate, connections, true)
        .keepFrom(forbidden)
        .withPublicApiOnly(publicApiOnly)
        .lookUpBy(resolver);
  }

  /** The server as {@code host:port}. */
  public String authority() {
    return authority(serverHost, port);
  }

  /** The host name that marks the server's addresses. */
  String label() {
    return label;
  }

  /** Returns where a connection really leads that OkHttp made for this server. */
  ServerDns reachedBy(InetSocketAddress address) {
    return address.getHostString().equals(label)
        ? this
        : new ServerDns(
            logicalHost, address.getHostString(), address.getPort(), delegate, connections, false);
  }

  static String label(String logicalHost, String serverHost, int port) {
    return logicalHost + "@" + authority(serverHost, port);
  }

  private static String authority(String serverHost, int port) {
    return (serverHost.indexOf(':') >= 0 ? "[" + serverHost + "]" : serverHost) + ":" + port;
  }

  @Override
  public List<InetAddress> lookup(String hostname) throws UnknownHostException {
    if (!leadsFrom(hostname)) {
      if (forbidden.test(hostname)) {
        throw new UnknownHostException(hostname + " is balanced, and not to be resolved");
      }
      return delegate.lookup(hostname);
    }
    if (isAddress(serverHost)) {
      return List.of(labelled(label, InetAddress.getByName(serverHost)));
    }
    List<InetAddress> addresses = new ArrayList<>();
    for (InetAddress address : resolver.lookup(serverHost)) {
      addresses.add(labelled(label, address));
    }
    return broken().last(this, addresses, address -> address);
  }

  /** Whether this resolves the host by itself, or not at all. */
  final boolean answersFor(String host) {
    return leadsFrom(host) || forbidden.test(host);
  }

  /** Whether the server's name is looked up by another one than the delegate. */
  @SuppressWarnings("ReferenceEquality") // this very one
  final boolean looksUpByAnother() {
    return resolver != delegate;
  }

  final Dns delegate() {
    return delegate;
  }

  /** Whether both lead to the same server, be they exclusive or not. */
  boolean sameServer(Dns other) {
    return other instanceof ServerDns that
        && port == that.port
        && serverHost.equals(that.serverHost)
        && logicalHost.equals(that.logicalHost)
        && delegate.equals(that.delegate);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof ServerDns that && !exclusive && !that.exclusive && sameServer(that));
  }

  @Override
  public int hashCode() {
    return (logicalHost.hashCode() * 31 + serverHost.hashCode()) * 31 + port;
  }

  @Override
  public String toString() {
    return label();
  }

  /** Whether the host is an IPv4 or IPv6 address, which needs no resolving. */
  static boolean isAddress(String host) {
    return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
  }

  static InetAddress labelled(String label, InetAddress address) throws UnknownHostException {
    return address instanceof Inet6Address scoped && scoped.getScopeId() != 0
        ? Inet6Address.getByAddress(label, scoped.getAddress(), scoped.getScopeId())
        : InetAddress.getByAddress(label, address.getAddress());
  }
}
