package io.evenload.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** The values that hold for one service, or for all: its own, and those that it has by default. */
final class Values {

  private final String prefix;
  private final String service;
  private final Supplier<OkHttpClient> probing;
  private final Map<String, Value> byName = new HashMap<>();

  /**
   * Makes values of which there is none yet.
   *
   * @param prefix what their keys begin with
   * @param service the name of the service
   * @param probing the client of probes over HTTP
   */
  Values(String prefix, String service, Supplier<OkHttpClient> probing) {
    this.prefix = prefix;
    this.service = service;
    this.probing = probing;
  }

  /** Returns values of which there is none. */
  static Values none() {
    return new Values("", "", OkHttpClient::new);
  }

  String service() {
    return service;
  }

  OkHttpClient probing() {
    return probing.get();
  }

  /** What the keys of the values begin with. */
  String prefix() {
    return prefix;
  }

  /** Takes a value, in place of one that holds by default. */
  void put(String name, Value value) {
    byName.put(name, value);
  }

  /** Returns these values as those that hold by default for a service, with another prefix. */
  Values inherited(String prefix, String service) {
    Values copy = new Values(prefix, service, probing);
    byName.forEach((name, value) -> copy.put(name, new Value(value.key(), value.text(), true)));
    return copy;
  }

  /** Returns the texts of some keys, by their names. */
  Map<String, String> texts(Iterable<Key<?>> keys) {
    Map<String, String> texts = new TreeMap<>();
    for (Key<?> key : keys) {
      Value value = byName.get(key.name());
      if (value != null) {
        texts.put(key.name(), value.text());
      }
    }
    return texts;
  }

  boolean has(Key<?> key) {
    return byName.containsKey(key.name());
  }

  /** Reads a value; null if there is none. */
  <V> @Nullable V get(Key<V> key) {
    Value value = byName.get(key.name());
    if (value == null) {
      return null;
    }
    try {
      return key.form().reader().apply(value.text());
    } catch (IllegalArgumentException e) {
      throw value.refused(key.form().words());
    }
  }

  <V> V get(Key<V> key, V otherwise) {
    V value = get(key);
    return value == null ? otherwise : value;
  }

  /** Reads a value that must be there. */
  <V> V need(Key<V> key) {
    V value = get(key);
    if (value == null) {
      throw new Value(prefix + key.name(), "none", false).refused(key.form().words());
    }
    return value;
  }

  /** Sets the value in the builder, if there is one. */
  <B, V> void set(Setting<B, V> setting, B builder) {
    Value value = byName.get(setting.key().name());
    if (value != null) {
      V read = need(setting.key());
      try {
        setting.setter().accept(builder, read);
      } catch (IllegalArgumentException e) {
        throw value.refused(expected(e));
      }
    }
  }

  /**
   * Reads a value that goes with some choices; null if there is none. One that goes with another
   * choice is refused, unless it holds by default and the service chose otherwise.
   */
  <V> @Nullable V get(Key<V> key, Key<String> choice, List<String> choices) {
    Value value = byName.get(key.name());
    if (value == null || choices.contains(get(choice, choice.usual()))) {
      return get(key);
    }
    Value chosen = byName.get(choice.name());
    if (value.inherited() && chosen != null && !chosen.inherited()) {
      return null;
    }
    throw value.refused("only with " + choice.name() + "=" + String.join(" or ", choices));
  }

  /** Whether the first of two keys that exclude each other counts. */
  boolean prefers(Key<?> key, Key<?> other) {
    Value value = byName.get(key.name());
    Value excluded = byName.get(other.name());
    if (value == null || excluded == null) {
      return value != null;
    }
    if (value.inherited() == excluded.inherited()) {
      throw value.refused("not together with " + other.name());
    }
    return !value.inherited();
  }

  /** What a builder says that it expected, which ends its messages. */
  private static String expected(IllegalArgumentException e) {
    String message = String.valueOf(e.getMessage());
    int begin = message.lastIndexOf("(expected: ");
    return begin < 0 || !message.endsWith(")")
        ? message
        : message.substring(begin + "(expected: ".length(), message.length() - 1);
  }

  /**
   * One value.
   *
   * @param key the whole key
   * @param inherited whether it is not the service's own
   */
  record Value(String key, String text, boolean inherited) {
    IllegalArgumentException refused(String expected) {
      return new IllegalArgumentException(
          key + ": " + Secrets.hidden(key, text) + " (expected: " + expected + ")");
    }
  }
}
