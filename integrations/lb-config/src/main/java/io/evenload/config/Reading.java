package io.evenload.config;

import static java.util.Objects.requireNonNull;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.ServiceOptions;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Supplier;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** Reads a configuration, and all that is wrong with it. */
final class Reading {

  private static final String DEFAULT = EvenloadConfig.PREFIX + "default.";
  private static final String SERVICE = EvenloadConfig.PREFIX + "service.";
  private static final List<Part<LoadBalancer.Builder>> BALANCER = BalancerParts.all();
  private static final List<Part<ServiceOptions<?>>> INTERCEPTOR = InterceptorParts.all();
  private static final Set<String> NAMES = new TreeSet<>();

  static {
    keys().forEach(key -> NAMES.add(key.name()));
  }

  private final Values defaultValues;
  private final Map<String, Map<String, String>> ofServices = new TreeMap<>();
  private final Set<String> problems = new LinkedHashSet<>();

  /**
   * Reads some texts.
   *
   * @param probing the client of probes over HTTP
   */
  Reading(Map<String, String> texts, Supplier<OkHttpClient> probing) {
    defaultValues = new Values(DEFAULT, "default", probing);
    for (Map.Entry<String, String> entry : new TreeMap<>(texts).entrySet()) {
      String key = entry.getKey();
      if (key.startsWith(EvenloadConfig.PREFIX)) {
        read(key, requireNonNull(entry.getValue(), key).strip());
      }
    }
  }

  /** All keys, in the order of the documentation. */
  static List<Key<?>> keys() {
    List<Key<?>> keys = new ArrayList<>();
    Stream.concat(BALANCER.stream().map(Part::keys), INTERCEPTOR.stream().map(Part::keys))
        .forEach(keys::addAll);
    return keys;
  }

  /** Reads what holds by default, so that its problems are known. */
  void checkDefaults() {
    Section unused = section(defaultValues);
  }

  /** Returns what holds for those services that have keys of their own. */
  Map<String, Section> services() {
    Map<String, Section> services = new TreeMap<>();
    ofServices.keySet().forEach(service -> services.put(service, service(service)));
    return services;
  }

  /** Returns what holds for a service, whether it has keys of its own or not. */
  Section service(String service) {
    String prefix = SERVICE + service + ".";
    Values values = defaultValues.inherited(prefix, service);
    ofServices
        .getOrDefault(service, Map.of())
        .forEach((name, text) -> values.put(name, new Values.Value(prefix + name, text, false)));
    return section(values);
  }

  List<String> problems() {
    return List.copyOf(problems);
  }

  private Section section(Values values) {
    return new Section(
        Options.read(BALANCER, values, LoadBalancer.builder("scratch"), problems),
        Options.<ServiceOptions<?>>read(
            INTERCEPTOR, values, LoadBalancingInterceptor.builder(), problems));
  }

  private void read(String key, String text) {
    if (key.startsWith(DEFAULT)) {
      String name = key.substring(DEFAULT.length());
      if (NAMES.contains(name)) {
        defaultValues.put(name, new Values.Value(key, text, false));
      } else {
        unknown(key, "perhaps " + DEFAULT + Nearest.of(name, NAMES));
      }
    } else if (key.startsWith(SERVICE)) {
      String rest = key.substring(SERVICE.length());
      String name = nameAtEnd(rest);
      if (name != null) {
        String service = rest.substring(0, rest.length() - name.length() - 1);
        ofServices.computeIfAbsent(service, absent -> new TreeMap<>()).put(name, text);
      } else {
        unknown(key, "perhaps " + SERVICE + "<name>." + Nearest.of(rest, NAMES));
      }
    } else {
      unknown(key, DEFAULT + "<key> or " + SERVICE + "<name>.<key>");
    }
  }

  private void unknown(String key, String expected) {
    problems.add(key + ": unknown key (expected: " + expected + ")");
  }

  /** Returns the longest name that ends the text, since services may have dots in theirs. */
  private static @Nullable String nameAtEnd(String text) {
    for (int dot = text.indexOf('.', 1); dot >= 0; dot = text.indexOf('.', dot + 1)) {
      String name = text.substring(dot + 1);
      if (NAMES.contains(name)) {
        return name;
      }
    }
    return null;
  }
}
