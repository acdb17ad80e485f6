package io.evenload.config;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** The options of one builder that are configured; immutable. */
final class Options<T> {

  private final List<Option<T>> options;

  private Options(List<Option<T>> options) {
    this.options = options;
  }

  /**
   * Reads the values of some parts.
   *
   * @param scratch a builder on which to try them
   * @param problems takes what is wrong with them
   */
  static <T> Options<T> read(
      List<Part<T>> parts, Values values, T scratch, Collection<String> problems) {
    List<Option<T>> options = new ArrayList<>();
    for (Part<T> part : parts) {
      Map<String, String> texts = values.texts(part.keys());
      if (texts.isEmpty()) {
        continue;
      }
      try {
        Consumer<T> setter = part.read(values);
        setter.accept(scratch);
        options.add(new Option<>(part, texts, setter));
      } catch (IllegalArgumentException e) {
        problems.add(String.valueOf(e.getMessage()));
      }
    }
    return new Options<>(options);
  }

  /** Sets them. */
  void applyTo(T builder) {
    options.forEach(option -> option.setter().accept(builder));
  }

  private record Option<T>(Part<T> part, Map<String, String> texts, Consumer<T> setter) {}
}
