package io.evenload.config;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The keys of a configuration as environment variables, frameworks and YAML spell them.
 *
 * <pre>{@code
 * Map<String, String> texts = Spellings.merged(List.of(System.getenv(), fromFile), Set.of());
 * EvenloadConfig config = EvenloadConfig.of(texts);
 * }</pre>
 *
 * <p>All of these mean {@code evenload.service.orders.retry.max-attempts}:
 *
 * <ul>
 *   <li>{@code evenload.service.orders.retry.maxAttempts}, and with {@code max_attempts};
 *   <li>{@code evenload.service[orders].retry.max-attempts};
 *   <li>{@code EVENLOAD_SERVICE_ORDERS_RETRY_MAX_ATTEMPTS}, and with {@code MAXATTEMPTS}.
 * </ul>
 *
 * <p>A list may be given element by element, as {@code retry.statuses[0]} or {@code
 * RETRY_STATUSES_0}, and pairs one by one, as {@code locality.clients.eu-1a}. A variable cannot
 * tell what is between the words of a service's name: it is for the service of such a name that is
 * known from elsewhere, and if there is none, for the one with dashes, such as {@code orders-api}.
 */
public final class Spellings {

  private Spellings() {}

  /**
   * Returns the keys and values of several sources as one map, for {@link EvenloadConfig#of(Map)}.
   * Where several have a key, the first of them has its way, with all elements of a list and all
   * pairs. A key that is not known is passed on, to be refused there. What is not Evenload's is
   * left out, and so are variables such as {@code EVENLOAD_SERVICE_HOST} that container platforms
   * set for a service called evenload.
   *
   * @param sources keys and values, the source that counts most first
   * @param services the names of services that have no keys of their own in the sources
   * @throws IllegalArgumentException if an environment variable may be for several services
   */
  public static Map<String, String> merged(
      List<Map<String, String>> sources, Collection<String> services) {
    Set<String> known = new TreeSet<>(services);
    for (Map<String, String> source : sources) {
      for (String key : source.keySet()) {
        known.addAll(Spelled.servicesOf(key));
      }
    }
    Map<String, String> merged = new TreeMap<>();
    for (Map<String, String> source : sources) {
      texts(source, known).forEach(merged::putIfAbsent);
    }
    return merged;
  }

  private static Map<String, String> texts(Map<String, String> source, Set<String> services) {
    Map<String, Pieces> found = new TreeMap<>();
    new TreeMap<>(source)
        .forEach(
            (written, text) -> {
              Spelled spelled = Spelled.of(written, services);
              if (spelled != null) {
                found
                    .computeIfAbsent(spelled.key(), absent -> new Pieces())
                    .add(written, spelled, text.strip());
              }
            });
    Map<String, String> texts = new TreeMap<>();
    found.forEach((key, pieces) -> texts.put(key, pieces.text()));
    return texts;
  }
}
