package io.evenload.okhttp.internal.route;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The addresses of servers at which connections broke in use: others are tried before them. */
final class BrokenAddresses {

  /*
   * A server that is given by name may have several addresses. Where connecting fails OkHttp tries the next one. Where a
   * connection breaks as soon as it is used, OkHttp sends the request again to the next one, which a balanced attempt does
   * not let it do; and for a new connection it goes last to an address that broke, but only over HTTP/1, and only if the
   * connection is of an equal Dns. So that the next attempt does not meet the same address, it is kept here.
   *
   * The one that broke last comes last, until a fresh connection there has answered. Once one broke, the others move behind it
   * also if they refuse, so that none is left out for good. OkHttp begins with IPv6 in whatever order it gets them; so
   * those of IPv6 that broke are left out where one of IPv4 is due.
   */

  private static final int MOST_SERVERS = 1_000;
  private static final int MOST_ADDRESSES = 64;

  private final ConcurrentHashMap<String, List<InetAddress>> byServer = new ConcurrentHashMap<>();

  /** A fresh connection to this address of a server broke before anything came back. */
  void broke(ServerDns server, InetSocketAddress at) {
    InetAddress address = address(server, at);
    if (address == null) {
      return;
    }
    if (byServer.size() >= MOST_SERVERS) {
      byServer.clear();
    }
    byServer.merge(server.key(), List.of(address), (known, one) -> without(known, address, one));
  }

  /** Nobody took a connection at this address. */
  void refused(ServerDns server, InetSocketAddress at) {
    InetAddress address = address(server, at);
    if (address != null) {
      byServer.computeIfPresent(
          server.key(), (key, known) -> without(known, address, List.of(address)));
    }
  }

  /** A fresh connection to this address brought an answer. */
  void answered(ServerDns server, InetSocketAddress at) {
    InetAddress address = address(server, at);
    if (address != null && byServer.containsKey(server.key())) {
      byServer.computeIfPresent(
          server.key(),
          (key, known) -> {
            List<InetAddress> left = without(known, address, List.of());
            return left.isEmpty() ? null : left;
          });
    }
  }

  /** The server is gone. */
  void forget(String key) {
    byServer.remove(key);
  }

  /** Returns all that was found for a server, in the order in which it is to be tried. */
  <T> List<T> last(ServerDns server, List<T> found, Function<T, InetAddress> address) {
    List<InetAddress> broken = byServer.get(server.key());
    if (broken == null || found.size() < 2) {
      return found;
    }
    List<T> sorted = new ArrayList<>(found);
    sorted.sort(Comparator.comparingInt(each -> broken.indexOf(address.apply(each))));
    if (address.apply(sorted.get(0)) instanceof Inet4Address) {
      sorted.removeIf(
          each -> address.apply(each) instanceof Inet6Address six && broken.contains(six));
    }
    return sorted;
  }

  /** Returns the address if it is one that the server's Dns gave; else null. */
  private static @Nullable InetAddress address(ServerDns server, InetSocketAddress at) {
    return server.names(at) ? at.getAddress() : null;
  }

  private static List<InetAddress> without(
      List<InetAddress> known, InetAddress address, List<InetAddress> added) {
    List<InetAddress> all = new ArrayList<>(known);
    all.remove(address);
    all.addAll(added);
    return List.copyOf(all.subList(Math.max(0, all.size() - MOST_ADDRESSES), all.size()));
  }
}
