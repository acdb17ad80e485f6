package io.evenload.health;

import static java.util.Objects.requireNonNull;

import java.util.regex.Pattern;

/** What the options of probes may be. */
final class Checks {

  private static final Pattern PATH = Pattern.compile("/[!-\"$-~]*"); // visible ASCII, no fragment
  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
  private static final Pattern VALUE = Pattern.compile("[\\t -~]*");
  private static final Pattern HOST =
      Pattern.compile("([A-Za-z0-9._-]+|\\[[0-9A-Fa-f:.]+])(:\\d{1,5})?");

  private Checks() {}

  static int port(int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
    }
    return port;
  }

  static String path(String path) {
    return matching(
        PATH, "path", path, "a slash, and then what a URL may have in its path and query");
  }

  static String host(String host) {
    return matching(HOST, "host", host, "a host name, with a port if need be");
  }

  static String headerName(String name) {
    return matching(TOKEN, "name", name, "the name of a header");
  }

  static String headerValue(String value) {
    return matching(VALUE, "value", value, "printable ASCII");
  }

  static int status(String name, int status) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException(name + ": " + status + " (expected: 200 to 599)");
    }
    return status;
  }

  private static String matching(Pattern pattern, String name, String value, String expected) {
    if (!pattern.matcher(requireNonNull(value, name)).matches()) {
      throw new IllegalArgumentException(name + ": '" + value + "' (expected: " + expected + ")");
    }
    return value;
  }
}
