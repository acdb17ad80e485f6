package io.evenload.config;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a key means that is spelled in any way.
 *
 * @param key the whole key as {@link EvenloadConfig} knows it, or as it is written if it is unknown
 * @param piece the number of an element, or the name in a pair; null for the whole text
 * @param pair whether it is the name in a pair
 */
record Spelled(String key, @Nullable String piece, boolean pair) {

  /** What a container platform tells of a service that is called evenload, or evenload-shop. */
  private static final Pattern PLATFORM =
      Pattern.compile(
          "EVENLOAD_(\\w+_)?(SERVICE_HOST|SERVICE_PORT(_\\w+)?|PORT(_\\d+_(TCP|UDP|SCTP)(_\\w+)?)?)");

  private static final String VARIABLE = "EVENLOAD_";
  private static final Pattern PART = Pattern.compile("\\[([^\\]]*)\\]|[^.\\[]+");
  private static final Pattern NUMBER = Pattern.compile("\\d{1,4}");
  private static final Map<String, Key<?>> KEYS = new HashMap<>();

  static {
    Reading.keys().forEach(key -> KEYS.put(bare(key.name()), key));
  }

  /** Returns what a key means; null if it is not Evenload's. */
  static @Nullable Spelled of(String written, Set<String> services) {
    if (written.startsWith(EvenloadConfig.PREFIX)) {
      List<String> parts = parts(written);
      Found found = find(parts);
      return found == null
          ? new Spelled(written, null, false)
          : found.spelled(String.join(".", found.name()));
    }
    if (!written.startsWith(VARIABLE)) {
      return null;
    }
    List<String> words = Arrays.asList(lower(written).split("_", -1));
    Found found = find(words);
    if (found != null) {
      return found.spelled(found.name().isEmpty() ? "" : service(written, found.name(), services));
    }
    return PLATFORM.matcher(written).matches()
        ? null
        : new Spelled(String.join(".", words), null, false);
  }

  /** Returns the service that a key names, other than by a variable; empty if it names none. */
  static Set<String> servicesOf(String written) {
    Found found = written.startsWith(EvenloadConfig.PREFIX) ? find(parts(written)) : null;
    return found == null || found.name().isEmpty()
        ? Set.of()
        : Set.of(String.join(".", found.name()));
  }

  private static List<String> parts(String written) {
    List<String> parts = new ArrayList<>();
    Matcher part = PART.matcher(written);
    while (part.find()) {
      parts.add(part.group(1) == null ? part.group() : part.group(1));
    }
    return parts;
  }

  /** Finds the longest known key that ends the parts, but for the piece after it. */
  private static @Nullable Found find(List<String> parts) {
    String scope = parts.size() < 3 ? "" : parts.get(1);
    if (scope.equals("default")) {
      return find(parts, 2);
    }
    if (scope.equals("service")) {
      for (int begin = 3; begin < parts.size(); begin++) {
        Found found = find(parts, begin);
        if (found != null) {
          return found;
        }
      }
    }
    return null;
  }

  private static @Nullable Found find(List<String> parts, int begin) {
    for (int end = parts.size(); end > begin; end--) {
      Key<?> key = KEYS.get(bare(String.join("", parts.subList(begin, end))));
      String piece = String.join(".", parts.subList(end, parts.size()));
      if (key != null && (piece.isEmpty() || isPairs(key) || NUMBER.matcher(piece).matches())) {
        return new Found(parts.subList(2, begin), key, piece);
      }
    }
    return null;
  }

  private static boolean isPairs(Key<?> key) {
    return key.form().equals(Form.TEXTS) || key.form().equals(Form.NUMBERS);
  }

  /** Returns the one service whose name has these words. */
  private static String service(String written, List<String> words, Set<String> services) {
    String bare = bare(String.join("", words));
    List<String> meant = services.stream().filter(each -> bare(each).equals(bare)).toList();
    if (meant.size() > 1) {
      throw new IllegalArgumentException(
          written + ": for any of " + meant + " (expected: names that differ in letters)");
    }
    return meant.isEmpty() ? String.join("-", words) : meant.get(0);
  }

  private static String bare(String name) {
    return lower(name).replaceAll("[-_.]", "");
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /** A known key; the parts of the service's name, of which there are none for all services. */
  private record Found(List<String> name, Key<?> key, String piece) {
    Spelled spelled(String service) {
      String scope = service.isEmpty() ? "default." : "service." + service + ".";
      return new Spelled(
          EvenloadConfig.PREFIX + scope + key.name(), piece.isEmpty() ? null : piece, isPairs(key));
    }
  }
}
