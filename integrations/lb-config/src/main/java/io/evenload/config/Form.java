package io.evenload.config;

import static java.util.stream.Collectors.joining;

import io.evenload.discovery.Networks;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How the text of a value is written.
 *
 * @param words what a value looks like, for people
 * @param reader reads it; what it throws says that the text is not of this form
 */
record Form<V>(String words, Function<String, V> reader) {

  private static final Pattern SHORT_DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");
  private static final Pattern DECIMAL = Pattern.compile("-?\\d+(\\.\\d+)?([eE]-?\\d+)?");
  private static final Pattern STATUSES = Pattern.compile("(\\d{3})(?:-(\\d{3}))?");

  private static final Duration LONGEST = Duration.ofDays(36_500);

  static final Form<String> TEXT = new Form<>("text", Function.identity());
  static final Form<Boolean> FLAG = new Form<>("true or false", Form::flag);
  static final Form<Integer> INTEGER = new Form<>("integer", Integer::valueOf);
  static final Form<Double> NUMBER = new Form<>("number", Form::number);
  static final Form<Duration> DURATION =
      new Form<>("duration, such as 250ms, 2s or PT1M", Form::duration);
  static final Form<NavigableSet<Integer>> STATUS_SET =
      new Form<>("statuses, such as 429,500-599", Form::statuses);
  static final Form<Map<String, String>> TEXTS =
      new Form<>("pairs, such as a=1,b=2", text -> pairs(text, Function.identity()));
  static final Form<Map<String, Double>> NUMBERS =
      new Form<>("pairs, such as a=1,b=2", text -> pairs(text, Form::number));

  static final Form<Networks> NETWORKS =
      new Form<>("networks, such as 10.0.0.0/8,fd00::/8, or all", Form::networks);

  static final Form<String> SOURCE = new Form<>(Schemes.WORDS, Function.identity());

  /** One of these words. */
  static Form<String> oneOf(String... words) {
    String all = String.join(", ", Arrays.copyOf(words, words.length - 1));
    return new Form<>(
        all + " or " + words[words.length - 1],
        text -> {
          if (!Arrays.asList(words).contains(text)) {
            throw new IllegalArgumentException(text);
          }
          return text;
        });
  }

  /** The text of a duration, as it is read. */
  static String text(Duration duration) {
    long millis = duration.toMillis();
    if (millis % 1_000 != 0) {
      return millis + "ms";
    }
    long seconds = millis / 1_000;
    return seconds == 0 || seconds % 60 != 0 ? seconds + "s" : seconds / 60 + "m";
  }

  /** The text of some statuses, as it is read. */
  static String text(NavigableSet<Integer> statuses) {
    return statuses.stream().map(String::valueOf).collect(joining(","));
  }

  private static boolean flag(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default -> throw new IllegalArgumentException(text);
    };
  }

  /** Reads a decimal number; not NaN, nor what else Java takes for one. */
  private static double number(String text) {
    if (!DECIMAL.matcher(text).matches()) {
      throw new IllegalArgumentException(text);
    }
    return Double.parseDouble(text);
  }

  private static Duration duration(String text) {
    Duration duration = anyDuration(text);
    if (duration.abs().compareTo(LONGEST) > 0) {
      throw new IllegalArgumentException(text); // it might overflow
    }
    return duration;
  }

  private static Duration anyDuration(String text) {
    Matcher parts = SHORT_DURATION.matcher(text);
    if (!parts.matches()) {
      try {
        return Duration.parse(text);
      } catch (DateTimeParseException e) {
        throw new IllegalArgumentException(e);
      }
    }
    long amount = Long.parseLong(parts.group(1));
    return switch (parts.group(2)) {
      case "ms" -> Duration.ofMillis(amount);
      case "s" -> Duration.ofSeconds(amount);
      case "m" -> Duration.ofMinutes(amount);
      case "h" -> Duration.ofHours(amount);
      default -> Duration.ofDays(amount);
    };
  }

  private static Networks networks(String text) {
    return text.equals("all") ? Networks.all() : Networks.of(split(text));
  }

  private static NavigableSet<Integer> statuses(String text) {
    NavigableSet<Integer> statuses = new TreeSet<>();
    for (String part : split(text)) {
      Matcher range = STATUSES.matcher(part);
      if (!range.matches()) {
        throw new IllegalArgumentException(part);
      }
      int first = Integer.parseInt(range.group(1));
      int last = range.group(2) == null ? first : Integer.parseInt(range.group(2));
      if (last < first) {
        throw new IllegalArgumentException(part);
      }
      for (int status = first; status <= last; status++) {
        statuses.add(status);
      }
    }
    return statuses;
  }

  private static <V> Map<String, V> pairs(String text, Function<String, V> reader) {
    Map<String, V> pairs = new LinkedHashMap<>();
    for (String part : split(text)) {
      int equals = part.indexOf('=');
      String name = part.substring(0, Math.max(0, equals)).strip();
      if (name.isEmpty()
          || pairs.put(name, reader.apply(part.substring(equals + 1).strip())) != null) {
        throw new IllegalArgumentException(part);
      }
    }
    return pairs;
  }

  /** Splits at commas; an empty text has no part. */
  private static String[] split(String text) {
    return text.isEmpty() ? new String[0] : text.strip().split("\\s*,\\s*", -1);
  }

  /** The name of an option in the style of keys, such as {@code base-backoff}. */
  static String kebab(String camelCase) {
    return camelCase
        .chars()
        .mapToObj(c -> (Character.isUpperCase(c) ? "-" : "") + (char) c)
        .collect(joining())
        .toLowerCase(Locale.ROOT);
  }
}
