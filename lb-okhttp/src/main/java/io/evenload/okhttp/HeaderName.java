package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.util.regex.Pattern;

/** The name of a header, as an option. */
final class HeaderName {

  /** A token of RFC 9110. */
  private static final Pattern TOKEN = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]+");

  private HeaderName() {}

  /**
   * Returns the name.
   *
   * @throws IllegalArgumentException if no header can have it
   */
  static String checked(String option, String name) {
    requireNonNull(name, option);
    if (!TOKEN.matcher(name).matches()) {
      throw new IllegalArgumentException(
          option + ": '" + name + "' (expected: the name of a header)");
    }
    return name;
  }
}
