package io.evenload.config;

import static java.util.stream.Collectors.toMap;

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

  /** Whether there is a value of the key with this name. */
  boolean has(String key) {
    return options.stream().anyMatch(option -> option.texts().containsKey(key));
  }

  /** Whether all texts are the same. */
  boolean same(Options<T> other) {
    return texts().equals(other.texts());
  }

  private Map<Part<T>, Map<String, String>> texts() {
    return options.stream().collect(toMap(Option::part, Option::texts));
  }

  /**
   * Sets what differs from former ones, and what they had and these have not to what holds without
   * a key; all else is left alone.
   */
  void applyTo(T builder, Options<T> former) {
    Map<Part<T>, Map<String, String>> texts = texts();
    Map<Part<T>, Map<String, String>> formerTexts = former.texts();
    for (Option<T> option : former.options) {
      if (!option.texts().equals(texts.get(option.part()))) {
        option.part().reset(builder);
      }
    }
    for (Option<T> option : options) {
      if (!option.texts().equals(formerTexts.get(option.part()))) {
        option.setter().accept(builder);
      }
    }
  }

  private record Option<T>(Part<T> part, Map<String, String> texts, Consumer<T> setter) {}
}
