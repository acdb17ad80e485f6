package io.evenload.okhttp.internal.route;

import io.evenload.discovery.Networks;
import java.io.IOException;
import java.net.ConnectException;
import java.net.IDN;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
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
   * addresses of pooled connections one by one each time, so it is harmless that equality changes. In the same way one
   * that is left equals nothing but itself from then on, so that no call is given the connections that were made with it.
   *
   * The server's addresses are named by the logical host, as those of a name that is really resolved would be: trust
   * managers, socket factories and listeners see that name. It also tells our socket factory which addresses are the
   * server's, so that they get its port.
   */

  /** What OkHttp takes for an address and does not resolve. */
  private static final Pattern UNRESOLVED = Pattern.compile("[\\d.]+|.*:.*");

  /** Far more than a name has at a time. */
  private static final int MOST_FOUND = 1_000;

  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1?\\d?\\d)");

  private final String logicalHost;
  private final String serverHost;
  private final int port;
  private final Dns delegate;
  private final String key;
  private final Connections connections;
  private volatile boolean exclusive;
  private volatile boolean left;
  private volatile @Nullable ServerSocketFactory socketFactory;
  private volatile Dns resolver; // of the server's name
  private volatile Networks networks = Networks.all(); // in which that name may be
  private Set<InetAddress> found = ConcurrentHashMap.newKeySet(); // so far, of that name
  private Predicate<String> forbidden = host -> false;
  private boolean publicApiOnly;
  private volatile long maxAgeNanos; // of connections; 0 is no limit

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
    this.key = key(logicalHost, serverHost, port);
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

  /**
   * Leaves out those addresses of the server's name that are not in these networks, and returns
   * this. It is asked just before a connection is made, to no other address than those it finds; so
   * a name that leads elsewhere by then is found out.
   */
  @SuppressWarnings("ReferenceEquality") // spares a write where nothing has changed
  public final ServerDns within(Networks networks) {
    if (this.networks != networks) {
      this.networks = networks;
    }
    return this;
  }

  /**
   * Limits the age of the connections that its calls use from now on, and returns this.
   *
   * @param nanos 0 for no limit
   */
  public final ServerDns connectionsUpTo(long nanos) {
    if (maxAgeNanos != nanos) {
      maxAgeNanos = nanos;
    }
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
    SocketFactory mapped = maps(url) ? socketFactory(sockets) : sockets;
    return publicApiOnly
        ? ChainCopy.inSteps(chain, this, direct, mapped)
        : ChainCopy.of(chain, this, direct, mapped);
  }

  /** Whether connections for the URL have to go to another port than its own. */
  final boolean maps(HttpUrl url) {
    return port != url.port();
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

  /** No call is to be given the connections that were made with this one any more. */
  final void leave() {
    left = true;
  }

  /** Whether another way to the server is to be taken by the calls to come. */
  final boolean isLeft() {
    return left;
  }

  /**
   * Returns what is known of a connection that was made with this one.
   *
   * @param user the way of the call that uses it, which may be another interceptor's
   */
  @SuppressWarnings("ReferenceEquality") // the very same interceptor's
  final OpenConnection used(Connection connection, ServerDns user) {
    OpenConnection known = connections.of(this, connection);
    if (user.connections != connections && key.equals(user.key)) {
      user.connections.note(key, known);
    }
    user.limitAge(known);
    return known;
  }

  /** A connection is used on this way, as which it does not grow older than it may. */
  private void limitAge(OpenConnection connection) {
    long most = maxAgeNanos;
    if (most != 0) {
      connections.limitAge(key, connection, most);
    }
  }

  /** An attempt here that was sent then was given up, and nothing had come over its connection. */
  final void silentSince(long sentNanos, boolean certainly) {
    connections.silentSince(key, sentNanos, certainly);
  }

  /** The addresses of this server and others where connections broke. */
  final BrokenAddresses broken() {
    return connections.broken();
  }

  /** Returns the way to the same server by a connection that is not from the pool. */
  final ServerDns fresh() {
    ServerDns fresh =
        DnsCalls.serverDns(logicalHost, serverHost, port, delegate, connections, true)
            .keepFrom(forbidden)
            .withPublicApiOnly(publicApiOnly)
            .lookUpBy(resolver)
            .within(networks)
            .connectionsUpTo(maxAgeNanos);
    fresh.found = found;
    return fresh;
  }

  /** The server as {@code host:port}. */
  public String authority() {
    return authority(serverHost, port);
  }

  /** What this server of this service is kept by. */
  final String key() {
    return key;
  }

  /** What a server of a service is kept by, such as {@code orders@10.0.0.1:8080}. */
  static String key(String logicalHost, String serverHost, int port) {
    return logicalHost + "@" + authority(serverHost, port);
  }

  /** Whether an address is named as those are that this found for the server. */
  final boolean names(InetSocketAddress address) {
    return address.getHostString().equals(logicalHost);
  }

  /** Whether the server is known to have this address, under whatever name. */
  final boolean has(InetSocketAddress at) {
    InetAddress address = at.getAddress();
    try {
      return address != null
          && (found.contains(address) || (isAddress(serverHost) && address.equals(literal())));
    } catch (UnknownHostException e) {
      return false;
    }
  }

  /**
   * Returns the failure, with the server's port in its message where OkHttp took the URL's to be
   * that of a connection that could not be made.
   */
  final IOException withItsPort(IOException failure, HttpUrl url) {
    String message = failure.getMessage();
    String ofUrl = ":" + url.port();
    if (!maps(url)
        || failure.getClass() != ConnectException.class
        || message == null
        || !message.contains(logicalHost + "/")
        || !message.endsWith(ofUrl)) {
      return failure;
    }
    String address = message.substring(0, message.length() - ofUrl.length());
    ConnectException named = new ConnectException(address + ":" + port);
    named.setStackTrace(failure.getStackTrace());
    var unused = named.initCause(failure.getCause());
    for (Throwable each : failure.getSuppressed()) {
      named.addSuppressed(each);
    }
    return named;
  }

  /** Returns the server at this host and port, which is this one if they are its own. */
  final ServerDns reached(String host, int port) {
    return port == this.port && host.equals(serverHost)
        ? this
        : new ServerDns(logicalHost, host, port, delegate, connections, false);
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
      return List.of(named(literal()));
    }
    List<InetAddress> addresses = new ArrayList<>();
    List<InetAddress> looked = resolver.lookup(nameToLookUp());
    for (InetAddress address : looked) {
      if (permits(address)) {
        addresses.add(named(address));
      }
    }
    if (addresses.isEmpty() && !looked.isEmpty()) {
      throw refused(looked.get(0));
    }
    return broken().last(this, addresses, address -> address);
  }

  /** Whether an address that was found for the server's name may be called. */
  final boolean permits(InetAddress address) {
    return networks.contains(address);
  }

  /** Returns what a lookup fails with of whose addresses none may be called. */
  final UnknownHostException refused(InetAddress one) {
    return new UnknownHostException(
        serverHost
            + ": refused, as it leads to "
            + one.getHostAddress()
            + ", which is not in the networks of its service");
  }

  /** Returns an address of the server under the logical name, and keeps it in mind. */
  final InetAddress named(InetAddress address) throws UnknownHostException {
    InetAddress named =
        address instanceof Inet6Address scoped && scoped.getScopeId() != 0
            ? Inet6Address.getByAddress(logicalHost, scoped.getAddress(), scoped.getScopeId())
            : InetAddress.getByAddress(logicalHost, address.getAddress());
    if (found.size() >= MOST_FOUND) {
      found.clear(); // what is asked for again is found again
    }
    found.add(named);
    return named;
  }

  private InetAddress literal() throws UnknownHostException {
    return InetAddress.getByName(serverHost);
  }

  /**
   * Returns the server's name as a resolver knows it, which of one that is not in ASCII is another.
   */
  final String nameToLookUp() throws UnknownHostException {
    try {
      return IDN.toASCII(serverHost);
    } catch (IllegalArgumentException e) {
      throw new UnknownHostException(serverHost + ": " + e.getMessage());
    }
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

  private boolean isShared() {
    return !exclusive && !left;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return this == other
        || (other instanceof ServerDns that && isShared() && that.isShared() && sameServer(that));
  }

  @Override
  public int hashCode() {
    return (logicalHost.hashCode() * 31 + serverHost.hashCode()) * 31 + port;
  }

  @Override
  public String toString() {
    return key;
  }

  /** Whether the host is an IPv4 or IPv6 address, which needs no resolving. */
  static boolean isAddress(String host) {
    return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
  }
}
