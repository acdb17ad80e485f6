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

  private Part(List<Key<?>> keys, Function<Values, Consumer<T>> reader) {
    this.keys = List.copyOf(keys);
    this.reader = reader;
  }

  /**
   * Returns the part of some keys.
   *
   * @param reader makes the option of the values, of which there is one or more; null turns it off
   * @param setter sets it
   * @param off turns it off
   */
  static <T, O> Part<T> of(
      List<Key<?>> keys,
      Function<Values, @Nullable O> reader,
      BiConsumer<T, O> setter,
      Consumer<T> off) {
    return new Part<>(
        keys,
        values -> {
          O option = reader.apply(values);
          return option == null ? off : builder -> setter.accept(builder, option);
        });
  }

  /** Returns the parts of a builder's own settings, each of one key. */
  static <T> List<Part<T>> each(Settings<T> settings) {
    return settings.all().stream().map(Part::of).toList();
  }

  private static <T, V> Part<T> of(Setting<T, V> setting) {
    return new Part<>(List.of(setting.key()), values -> builder -> values.set(setting, builder));
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
