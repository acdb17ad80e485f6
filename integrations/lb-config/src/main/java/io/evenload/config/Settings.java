package io.evenload.config;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.BiConsumer;

/**
 * The keys of one builder, each named after the method that it is for: {@code maxAttempts} of the
 * part {@code retry} is {@code retry.max-attempts}.
 */
final class Settings<B> {

  private final String part;
  private final String type;
  private final List<Setting<B, ?>> all = new ArrayList<>();

  /**
   * Makes settings without any key.
   *
   * @param part what the names of keys begin with; empty for nothing
   * @param type the name of the builder's class
   */
  Settings(String part, String type) {
    this.part = part;
    this.type = type;
  }

  /** Adds a key of any form. */
  <V> Settings<B> with(String method, Form<V> form, String usual, BiConsumer<B, V> setter) {
    String name = (part.isEmpty() ? "" : part + ".") + Form.kebab(method);
    all.add(new Setting<>(new Key<>(name, form, usual, type + "." + method), setter));
    return this;
  }

  Settings<B> integer(String method, int usual, BiConsumer<B, Integer> setter) {
    return with(method, Form.INTEGER, Integer.toString(usual), setter);
  }

  Settings<B> number(String method, double usual, BiConsumer<B, Double> setter) {
    String text = usual == Math.rint(usual) ? Long.toString((long) usual) : Double.toString(usual);
    return with(method, Form.NUMBER, text.toLowerCase(Locale.ROOT), setter);
  }

  Settings<B> duration(String method, Duration usual, BiConsumer<B, Duration> setter) {
    return with(method, Form.DURATION, Form.text(usual), setter);
  }

  Settings<B> flag(String method, boolean usual, BiConsumer<B, Boolean> setter) {
    return with(method, Form.FLAG, Boolean.toString(usual), setter);
  }

  Settings<B> text(String method, String usual, BiConsumer<B, String> setter) {
    return with(method, Form.TEXT, usual, setter);
  }

  /** Returns a part of each key, for which setting the usual value is the same as having none. */
  List<Part<B>> parts() {
    List<Part<B>> parts = new ArrayList<>();
    all.forEach(setting -> parts.add(part(setting)));
    return parts;
  }

  private static <B, V> Part<B> part(Setting<B, V> setting) {
    Key<V> key = setting.key();
    return Part.of(
        key,
        setting.setter(),
        builder -> setting.setter().accept(builder, key.form().reader().apply(key.usual())));
  }

  List<Key<?>> keys() {
    List<Key<?>> keys = new ArrayList<>();
    all.forEach(setting -> keys.add(setting.key()));
    return keys;
  }

  /** Returns the key of a method. */
  Key<?> key(String method) {
    String sets = type + "." + method;
    return keys().stream().filter(key -> key.sets().equals(sets)).findFirst().orElseThrow();
  }

  /** Returns the keys after some others. */
  List<Key<?>> keysAfter(Key<?>... others) {
    List<Key<?>> keys = new ArrayList<>(List.of(others));
    keys.addAll(keys());
    return keys;
  }

  /** Sets what has a value, in the builder that is returned. */
  B on(B builder, Values values) {
    all.forEach(setting -> values.set(setting, builder));
    return builder;
  }
}
