package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.LoadBalancer;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The networks that servers may be in, so that a source of servers that is wrong, or in the wrong
 * hands, cannot lead calls anywhere; see {@link LoadBalancer.Builder#networks}.
 *
 * <pre>{@code
 * Networks ours = Networks.of("10.0.0.0/8", "fd00::/8");
 * }</pre>
 *
 * <p>Link-local addresses ({@code 169.254.0.0/16}, {@code fe80::/10}) and those at which clouds
 * hand out their machines' credentials are in none of them, even if a network given has them
 * inside, unless one given is all of that kind: {@code Networks.of("10.0.0.0/8",
 * "169.254.20.10/32")} has that very address. An IPv6 address that leads to such an IPv4 address by
 * a gateway is refused as that one is; an IPv4-mapped one is the IPv4 address.
 *
 * <p>Immutable and thread-safe.
 */
public final class Networks {

  /*
   * 169.254.169.254, at which most clouds have their metadata, is link-local. The others: AWS over IPv6, Google over
   * IPv6, Alibaba, Oracle's older one, and the host of an Azure machine.
   */
  private static final List<Network> REFUSED =
      parsed(
          "169.254.0.0/16",
          "fe80::/10",
          "fd00:ec2::/32",
          "fd20:ce::254/128",
          "100.100.100.200/32",
          "192.0.0.192/32",
          "168.63.129.16/32");

  private static final Networks DEFAULTS = new Networks(parsed("0.0.0.0/0", "::/0"), false);
  private static final Networks ALL = new Networks(parsed("0.0.0.0/0", "::/0"), true);

  private final List<Network> given;
  private final boolean all;

  private Networks(List<Network> given, boolean all) {
    this.given = given;
    this.all = all;
  }

  /**
   * Returns all but link-local addresses and those of the clouds' metadata, which is the default.
   */
  public static Networks defaults() {
    return DEFAULTS;
  }

  /** Returns all there are, link-local addresses and those of the clouds' metadata too. */
  public static Networks all() {
    return ALL;
  }

  /**
   * Returns these networks.
   *
   * @param cidrs each an address and the number of bits that all its addresses begin with, such as
   *     {@code 10.0.0.0/8} or {@code fd00::/8}; a single address needs no bits
   * @throws IllegalArgumentException if there is none, one is not of that form, or has more bits
   *     set than it says
   */
  public static Networks of(String... cidrs) {
    return of(Arrays.asList(requireNonNull(cidrs, "cidrs")));
  }

  /**
   * Returns these networks, as {@link #of(String...)} does.
   *
   * @throws IllegalArgumentException as there
   */
  public static Networks of(Collection<String> cidrs) {
    if (requireNonNull(cidrs, "cidrs").isEmpty()) {
      throw new IllegalArgumentException("networks: none (expected: at least one)");
    }
    return new Networks(parsed(cidrs.toArray(new String[0])), false);
  }

  private static List<Network> parsed(String... cidrs) {
    return Arrays.stream(cidrs).map(Network::parse).toList();
  }

  /** Returns whether the address is in one of the networks. */
  public boolean contains(InetAddress address) {
    requireNonNull(address, "address");
    if (all) {
      return true;
    }
    InetAddress reached = Network.embedded(address);
    return given.stream().anyMatch(network -> network.contains(address))
        && accepts(address)
        && (reached == null || accepts(reached));
  }

  /** Whether the address is none of those that are refused, or one given is that narrow. */
  private boolean accepts(InetAddress address) {
    for (Network refused : REFUSED) {
      if (refused.contains(address)
          && given.stream().noneMatch(one -> refused.contains(one) && one.contains(address))) {
        return false;
      }
    }
    return true;
  }

  /**
   * Returns whether the host of a server may be called, as far as it says: an address must be in
   * one of the networks. A name is let pass, since nobody is asked for its addresses here: they are
   * to be checked by {@link #contains(InetAddress)} when they are known, as {@code lb-okhttp} does
   * each time that it is about to connect.
   *
   * @param host a name, or an IPv4 or IPv6 address
   */
  public boolean permits(String host) {
    InetAddress address = Network.literal(requireNonNull(host, "host"));
    return address == null || contains(address);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Networks that && all == that.all && given.equals(that.given);
  }

  @Override
  public int hashCode() {
    return given.hashCode() * 31 + Boolean.hashCode(all);
  }

  /** The networks in CIDR notation. */
  @Override
  public String toString() {
    return all ? "all" : given.toString();
  }
}
