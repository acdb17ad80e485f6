package io.evenload.benchmarks.sim;

import java.util.Arrays;

/** As much JSON as the report needs. */
final class Json {

  private Json() {}

  /** A string that may stand in a script of an HTML page, too. */
  static String string(String text) {
    StringBuilder json = new StringBuilder("\"");
    text.chars()
        .forEach(
            c -> {
              if (c < ' ' || c == '"' || c == '\\' || c == '<') {
                json.append(String.format("\\u%04x", c));
              } else {
                json.append((char) c);
              }
            });
    return json.append('"').toString();
  }

  static String numbers(int... numbers) {
    return Arrays.toString(numbers).replace(" ", "");
  }

  static String numbers(double... numbers) {
    return Arrays.toString(numbers).replace(" ", "").replace(".0,", ",").replace(".0]", "]");
  }
}
