package io.evenload.dns;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import java.net.IDN;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.xbill.DNS.Address;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.TextParseException;

/** Reads and checks the options of a {@link DnsLookup}. */
final class Checks {

  private Checks() {}

  /** Reads a name; one that is not ASCII in its ASCII form (IDNA). */
  static Name name(String option, String text) {
    requireNonNull(text, option);
    if (!Address.isDottedQuad(text) && text.indexOf(':') < 0) {
      try {
        return Name.fromString(IDN.toASCII(Server.of(text, 1).host()));
      } catch (IllegalArgumentException | TextParseException e) {
        // Said below.
      }
    }
    throw new IllegalArgumentException(
        option + ": '" + text + "' (expected: a name, such as orders.prod.internal)");
  }

  /** Reads the name of a domain. */
  static Name domain(String option, String text) {
    Name name = name(option, text);
    try {
      return name.isAbsolute() ? name : Name.concatenate(name, Name.root);
    } catch (NameTooLongException e) {
      throw new IllegalArgumentException(option + ": " + text + " (expected: a shorter name)", e);
    }
  }

  /** Reads the address of a name server. */
  static InetSocketAddress server(String text) {
    requireNonNull(text, "nameServers");
    boolean plain = text.indexOf('.') >= 0 ? text.indexOf(':') < 0 : !text.startsWith("[");
    try {
      Server server = plain ? Server.of(text, SimpleResolver.DEFAULT_PORT) : Server.parse(text);
      InetAddress address = Address.getByAddress(server.host());
      return new InetSocketAddress(address, server.port());
    } catch (IllegalArgumentException | UnknownHostException e) {
      throw new IllegalArgumentException(
          "nameServers: "
              + text
              + " (expected: an address, such as 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:53)",
          e);
    }
  }

  static <T> List<T> some(String option, Stream<T> values) {
    List<T> all = values.toList();
    if (all.isEmpty()) {
      throw new IllegalArgumentException(option + ": none (expected: at least one)");
    }
    return all;
  }

  static Duration interval(String option, Duration value) {
    return duration(option, value, Duration.ofMillis(100), Duration.ofDays(1));
  }

  static Duration duration(String option, Duration value, Duration least, Duration most) {
    requireNonNull(value, option);
    if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
      throw new IllegalArgumentException(
          option + ": " + value + " (expected: " + least + " to " + most + ")");
    }
    return value;
  }

  static int number(String option, int value, int least, int most) {
    if (value < least || value > most) {
      throw new IllegalArgumentException(
          option + ": " + value + " (expected: " + least + " to " + most + ")");
    }
    return value;
  }
}
