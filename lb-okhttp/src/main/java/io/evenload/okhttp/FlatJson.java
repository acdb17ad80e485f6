package io.evenload.okhttp;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Reads the numbers of a JSON object; what it holds besides is checked and passed over. */
final class FlatJson {

  /*
   * A strict reader of objects within objects, four deep, as load reports have them, and of nothing else: an array or
   * anything that is not JSON makes the whole unreadable. Numbers may be in quotes, as Protobuf writes 64-bit integers.
   */

  private static final int MAX_DEPTH = 4;

  private final String text;
  private int at;

  private FlatJson(String text) {
    this.text = text;
  }

  /** Returns the numbers of the outermost object by name; null if this is not such an object. */
  static @Nullable Map<String, Double> numbers(String text) {
    FlatJson json = new FlatJson(text);
    Map<String, Double> numbers = new HashMap<>();
    return json.object(numbers, 1) && json.skipBlanks() == text.length() ? numbers : null;
  }

  private boolean object(Map<String, Double> numbers, int depth) {
    if (depth > MAX_DEPTH || !take('{')) {
      return false;
    }
    if (take('}')) {
      return true;
    }
    do {
      String name = string();
      if (name == null || !take(':') || !value(name, numbers, depth)) {
        return false;
      }
    } while (take(','));
    return take('}');
  }

  private boolean value(String name, Map<String, Double> numbers, int depth) {
    skipBlanks();
    if (at == text.length()) {
      return false;
    }
    char first = text.charAt(at);
    if (first == '{') {
      return object(new HashMap<>(), depth + 1);
    }
    if (first == '"') {
      String quoted = string();
      double number = quoted == null ? Double.NaN : LoadReport.number(quoted);
      if (!Double.isNaN(number)) {
        numbers.put(name, number);
      }
      return quoted != null;
    }
    int begin = at;
    while (at < text.length() && ",} \t\r\n".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    String word = text.substring(begin, at);
    double number = LoadReport.number(word);
    if (!Double.isNaN(number)) {
      numbers.put(name, number);
      return true;
    }
    return word.equals("null") || word.equals("true") || word.equals("false");
  }

  /** Reads a string, in which escapes stand for nothing of interest; null if there is none. */
  private @Nullable String string() {
    if (!take('"')) {
      return null;
    }
    StringBuilder string = new StringBuilder();
    while (at < text.length()) {
      char next = text.charAt(at++);
      if (next == '"') {
        return string.toString();
      }
      if (next < ' ' || (next == '\\' && !escape())) {
        return null;
      }
      string.append(next);
    }
    return null;
  }

  private boolean escape() {
    if (at == text.length()) {
      return false;
    }
    char kind = text.charAt(at++);
    if (kind != 'u') {
      return "\"\\/bfnrt".indexOf(kind) >= 0;
    }
    for (int i = 0; i < 4; i++) {
      if (at == text.length() || Character.digit(text.charAt(at++), 16) < 0) {
        return false;
      }
    }
    return true;
  }

  private boolean take(char expected) {
    skipBlanks();
    boolean there = at < text.length() && text.charAt(at) == expected;
    at += there ? 1 : 0;
    return there;
  }

  private int skipBlanks() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
    return at;
  }
}
