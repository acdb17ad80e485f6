package io.evenload.config;

import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * An option of a builder, which one or more keys make together.
 *
 * @param <T> the builder
 */
final class Part<T> {

  private final List<Key<?>> keys;
  private final Function<Values, Consumer<T>> reader;
  private final Consumer<T> reset;

  private Part(List<Key<?>> keys, Function<Values, Consumer<T>> reader, Consumer<T> reset) {
    this.keys = List.copyOf(keys);
    this.reader = reader;
    this.reset = reset;
  }

  /**
   * Returns the part of some keys.
   *
   * @param reader makes the option of the values, of which there is one or more; null turns it off
   * @param setter sets it
   * @param off turns it off
   * @param reset sets what holds without any of the keys
   */
  static <T, O> Part<T> of(
      List<Key<?>> keys,
      Function<Values, @Nullable O> reader,
      BiConsumer<T, O> setter,
      Consumer<T> off,
      Consumer<T> reset) {
    return new Part<>(
        keys,
        values -> {
          O option = reader.apply(values);
          return option == null ? off : builder -> setter.accept(builder, option);
        },
        reset);
  }

  /**
   * Returns the part of a single key.
   *
   * @param setter sets its value
   * @param reset as above
   */
  static <T, V> Part<T> of(Key<V> key, BiConsumer<T, V> setter, Consumer<T> reset) {
    Setting<T, V> setting = new Setting<>(key, setter);
    return new Part<>(List.of(key), values -> builder -> values.set(setting, builder), reset);
  }

  List<Key<?>> keys() {
    return keys;
  }

  /**
   * Reads the values; returns what sets the option.
   *
   * @throws IllegalArgumentException if one is not valid, or they do not go together
   */
  Consumer<T> read(Values values) {
    try {
      return reader.apply(values);
    } catch (IllegalArgumentException e) {
      throw named(e, values);
    }
  }

  /** Sets what holds without any of the keys. */
  void reset(T builder) {
    reset.accept(builder);
  }

  /** Puts the key in place of an option's name, of which a builder says that it does not fit. */
  private IllegalArgumentException named(IllegalArgumentException e, Values values) {
    String message = String.valueOf(e.getMessage());
    if (message.startsWith(EvenloadConfig.PREFIX)) {
      return e;
    }
    int colon = Math.max(0, message.indexOf(':'));
    String option = "." + Form.kebab(message.substring(0, colon));
    for (Key<?> key : keys) {
      if (key.name().endsWith(option)) {
        String named = values.prefix() + key.name() + message.substring(colon);
        return new IllegalArgumentException(named, e);
      }
    }
    return new IllegalArgumentException(values.prefix() + keys.get(0).name() + ": " + message, e);
  }
}
