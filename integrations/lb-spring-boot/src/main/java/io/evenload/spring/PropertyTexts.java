package io.evenload.spring;

import static java.util.stream.Collectors.toSet;

import io.evenload.config.Spellings;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.springframework.core.env.ConfigurableEnvironment;
import org.springframework.core.env.EnumerablePropertySource;
import org.springframework.core.env.PropertySource;

/** What the property sources of an environment say under {@code evenload}. */
final class PropertyTexts {

  /** What the keys of this module begin with, which {@code lb-config} does not know. */
  private static final String OWN = EvenloadSettings.PREFIX + ".";

  private PropertyTexts() {}

  /**
   * Returns the keys as {@code lb-config} spells them, with placeholders resolved.
   *
   * @param services the names of services that may have no keys of their own
   * @throws IllegalArgumentException if a placeholder cannot be resolved, or a variable may be for
   *     several services
   */
  static Map<String, String> of(ConfigurableEnvironment environment, Collection<String> services) {
    List<Map<String, String>> sources = new ArrayList<>();
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> enumerable) {
        sources.add(texts(enumerable, environment));
      }
    }
    return Spellings.merged(sources, services);
  }

  private static Map<String, String> texts(
      EnumerablePropertySource<?> source, ConfigurableEnvironment environment) {
    Map<String, String> texts = new TreeMap<>();
    for (String name : source.getPropertyNames()) {
      if (isForConfig(name)) {
        Object value = source.getProperty(name);
        if (value != null) {
          texts.put(name, environment.resolveRequiredPlaceholders(value.toString()));
        }
      }
    }
    return texts;
  }

  /** Whether a name is Evenload's in any spelling, but not this module's own. */
  private static boolean isForConfig(String name) {
    return dotted(name).startsWith("evenload.") && !isOwn(name);
  }

  private static boolean isOwn(String name) {
    return dotted(name).startsWith(OWN);
  }

  private static String dotted(String name) {
    return name.toLowerCase(Locale.ROOT).replace('_', '.');
  }

  /**
   * Refuses keys of this module that there are not, in any spelling.
   *
   * @param known the names of those that there are, without what comes before them
   * @throws IllegalArgumentException if there is one
   */
  static void checkOwn(ConfigurableEnvironment environment, List<String> known) {
    Set<String> bare = known.stream().map(PropertyTexts::bare).collect(toSet());
    for (PropertySource<?> source : environment.getPropertySources()) {
      if (source instanceof EnumerablePropertySource<?> enumerable) {
        for (String name : enumerable.getPropertyNames()) {
          if (isOwn(name) && !bare.contains(bare(name.substring(OWN.length())))) {
            throw new IllegalArgumentException(
                name + ": unknown key (expected: one of " + known + " after " + OWN + ")");
          }
        }
      }
    }
  }

  /** Returns a name without what spellings differ in, and without the number of an element. */
  private static String bare(String name) {
    return dotted(name).replaceAll("[\\[.]\\d+]?$", "").replaceAll("[-.]", "");
  }
}
