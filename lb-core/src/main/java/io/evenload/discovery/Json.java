package io.evenload.discovery;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads JSON as far as files of servers need it: objects, arrays, strings, whole numbers and null,
 * as {@link Map}, {@link List}, {@link String} and {@link Long}. Strict: no comment, no trailing
 * comma, no doubled name, nothing after the end. What it complains of names the line and never
 * repeats what stands there, which may be a secret.
 */
final class Json {

  /*
   * Recursive descent over the text, one character ahead. Every text that is cut off is an error, as the outermost bracket
   * is closed by the last character alone. The depth is bounded, so that no text can overflow the stack.
   */

  private static final int DEEPEST = 16;
  private static final int LONGEST_NUMBER = 18;

  private final String text;
  private int at;
  private int depth;

  private Json(String text) {
    this.text = text;
  }

  /**
   * Returns what the text says.
   *
   * @throws IllegalArgumentException if it is not of that form
   */
  static @Nullable Object parse(String text) {
    Json json = new Json(text);
    Object value = json.value();
    json.skipSpace();
    if (json.at < text.length()) {
      throw json.expected("the end");
    }
    return value;
  }

  /** Appends the text as JSON. */
  static void quote(String value, StringBuilder to) {
    to.append('"');
    for (int i = 0; i < value.length(); i++) {
      char c = value.charAt(i);
      if (c == '"' || c == '\\') {
        to.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 || Character.isSurrogate(c)) {
        to.append(String.format("\\u%04x", (int) c));
      } else {
        to.append(c);
      }
    }
    to.append('"');
  }

  private @Nullable Object value() {
    skipSpace();
    return switch (peek()) {
      case '{' -> nested(this::object);
      case '[' -> nested(this::array);
      case '"' -> string();
      case 'n' -> nothing();
      default -> number();
    };
  }

  private @Nullable Object nothing() {
    if (!text.startsWith("null", at)) {
      throw expected("a value");
    }
    at += "null".length();
    return null;
  }

  private <T> T nested(Supplier<T> what) {
    if (++depth > DEEPEST) {
      throw expected("no more than " + DEEPEST + " levels");
    }
    at++;
    T value = what.get();
    depth--;
    return value;
  }

  private Map<String, @Nullable Object> object() {
    Map<String, @Nullable Object> object = new LinkedHashMap<>();
    if (ends('}')) {
      return object;
    }
    do {
      skipSpace();
      if (peek() != '"') {
        throw expected("a name");
      }
      String name = string();
      if (object.containsKey(name)) {
        throw expected("each name once");
      }
      skipSpace();
      if (peek() != ':') {
        throw expected("':'");
      }
      at++;
      object.put(name, value());
    } while (goesOn('}'));
    return object;
  }

  private List<@Nullable Object> array() {
    List<@Nullable Object> array = new ArrayList<>();
    if (ends(']')) {
      return array;
    }
    do {
      array.add(value());
    } while (goesOn(']'));
    return array;
  }

  private boolean ends(char end) {
    skipSpace();
    boolean ends = peek() == end;
    at += ends ? 1 : 0;
    return ends;
  }

  private boolean goesOn(char end) {
    if (ends(end)) {
      return false;
    }
    if (peek() != ',') {
      throw expected("',' or '" + end + "'");
    }
    at++;
    return true;
  }

  private Long number() {
    int start = at;
    at += peek() == '-' ? 1 : 0;
    int digits = at;
    while (at < text.length() && text.charAt(at) >= '0' && text.charAt(at) <= '9') {
      at++;
    }
    int length = at - digits;
    if (length == 0 || length > LONGEST_NUMBER || (length > 1 && text.charAt(digits) == '0')) {
      throw expected("a string, a whole number, '{', '[' or null");
    }
    return Long.valueOf(text.substring(start, at));
  }

  private String string() {
    StringBuilder string = new StringBuilder();
    at++;
    for (char c = peek(); c != '"'; c = peek()) {
      if (c < ' ') {
        throw expected("no control character in a string");
      }
      at++;
      string.append(c == '\\' ? escaped() : c);
    }
    at++;
    return string.toString();
  }

  private char escaped() {
    char c = peek();
    at++;
    return switch (c) {
      case '"', '\\', '/' -> c;
      case 'b' -> '\b';
      case 'f' -> '\f';
      case 'n' -> '\n';
      case 'r' -> '\r';
      case 't' -> '\t';
      case 'u' -> unicode();
      default -> throw expected("an escape of JSON");
    };
  }

  private char unicode() {
    int code = 0;
    for (int i = 0; i < 4; i++) {
      int digit = Character.digit(peek(), 16);
      if (digit < 0) {
        throw expected("four hexadecimal digits");
      }
      code = 16 * code + digit;
      at++;
    }
    return (char) code;
  }

  private char peek() {
    if (at >= text.length()) {
      throw new IllegalArgumentException("ends too early, in line " + line());
    }
    return text.charAt(at);
  }

  private void skipSpace() {
    while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) {
      at++;
    }
  }

  private IllegalArgumentException expected(String what) {
    return new IllegalArgumentException("line " + line() + ": expected " + what);
  }

  private long line() {
    return 1 + text.chars().limit(at).filter(c -> c == '\n').count();
  }
}
