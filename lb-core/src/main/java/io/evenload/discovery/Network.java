package io.evenload.discovery;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A block of addresses in CIDR notation, such as {@code 10.0.0.0/8} or {@code fd00::/8}. */
final class Network {

  private static final int IPV4_BYTES = 4;
  private static final int IPV6_BYTES = 16;
  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1?\\d?\\d)");
  private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:][0-9a-fA-F:.]*");
  private static final Pattern BITS = Pattern.compile("\\d{1,3}");

  private static final Network NAT64 = parse("64:ff9b::/96");
  private static final Network COMPATIBLE = parse("::/96");
  private static final Network SIX_TO_FOUR = parse("2002::/16");

  private final byte[] first;
  private final int bits;

  private Network(byte[] first, int bits) {
    this.first = first;
    this.bits = bits;
  }

  /**
   * Returns the network of a text.
   *
   * @throws IllegalArgumentException if it is not an address and, after a slash, the bits that all
   *     addresses share; or if bits after those are set
   */
  static Network parse(String cidr) {
    int slash = cidr.indexOf('/');
    InetAddress address = literal(slash < 0 ? cidr : cidr.substring(0, slash));
    String bits = cidr.substring(slash + 1);
    if (address == null
        || cidr.indexOf('%') >= 0
        || (slash >= 0 && !BITS.matcher(bits).matches())) {
      throw refused(cidr, "an address and bits, such as 10.0.0.0/8 or fd00::/8");
    }
    byte[] bytes = address.getAddress();
    int most = bytes.length * Byte.SIZE;
    int length = slash < 0 ? most : Integer.parseInt(bits);
    if (length > most) {
      throw refused(cidr, "at most " + most + " bits");
    }
    Network network = new Network(masked(bytes, length), length);
    if (!Arrays.equals(network.first, bytes)) {
      throw refused(cidr, network.toString());
    }
    return network;
  }

  private static IllegalArgumentException refused(String cidr, String expected) {
    return new IllegalArgumentException("network: " + cidr + " (expected: " + expected + ")");
  }

  /**
   * Returns the address that a text is, without asking anyone for a name; null if it is a name.
   * What stands after a percent sign, the interface of a link-local address, is left out.
   */
  static @Nullable InetAddress literal(String text) {
    int scope = text.indexOf('%');
    String plain = scope < 0 ? text : text.substring(0, scope);
    boolean six = plain.indexOf(':') >= 0;
    if (!(six ? IPV6 : IPV4).matcher(plain).matches()) {
      return null;
    }
    try {
      return InetAddress.getByName(plain);
    } catch (UnknownHostException e) {
      return null;
    }
  }

  boolean contains(InetAddress address) {
    return contains(address.getAddress());
  }

  private boolean contains(byte[] address) {
    return address.length == first.length && Arrays.equals(masked(address, bits), first);
  }

  /** Whether all addresses of the other one are in this. */
  boolean contains(Network other) {
    return other.bits >= bits && contains(other.first);
  }

  /**
   * Returns the IPv4 address that is reached through an IPv6 one, where gateways translate: NAT64
   * ({@code 64:ff9b::/96}), 6to4 ({@code 2002::/16}), and what looks like IPv4 ({@code ::/96});
   * null if it stands for none. Java itself makes IPv4 addresses of IPv4-mapped ones.
   */
  static @Nullable InetAddress embedded(InetAddress address) {
    byte[] bytes = address.getAddress();
    if (bytes.length != IPV6_BYTES) {
      return null;
    }
    int at;
    if (NAT64.contains(bytes) || COMPATIBLE.contains(bytes)) {
      at = IPV6_BYTES - IPV4_BYTES;
    } else if (SIX_TO_FOUR.contains(bytes)) {
      at = 2;
    } else {
      return null;
    }
    try {
      return InetAddress.getByAddress(Arrays.copyOfRange(bytes, at, at + IPV4_BYTES));
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // four bytes are an address
    }
  }

  private static byte[] masked(byte[] address, int bits) {
    byte[] masked = new byte[address.length];
    for (int i = 0; i < address.length; i++) {
      int kept = Math.max(0, Math.min(Byte.SIZE, bits - i * Byte.SIZE));
      masked[i] = (byte) (address[i] & (0xff << (Byte.SIZE - kept)));
    }
    return masked;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Network that && bits == that.bits && Arrays.equals(first, that.first);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(first) * 31 + bits;
  }

  @Override
  public String toString() {
    try {
      return InetAddress.getByAddress(first).getHostAddress() + "/" + bits;
    } catch (UnknownHostException e) {
      throw new IllegalStateException(e); // four or sixteen bytes are an address
    }
  }
}
