package io.evenload.config;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.Locality;
import io.evenload.Subset;
import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import io.evenload.health.HealthProbes;
import io.evenload.health.OutlierDetection;
import io.evenload.health.SlowStart;
import io.evenload.limit.ConcurrencyLimits;
import io.evenload.okhttp.Affinity;
import io.evenload.okhttp.BackendHints;
import io.evenload.okhttp.CircuitBreaker;
import io.evenload.okhttp.ConnectionPolicy;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.OkHttpProbes;
import io.evenload.okhttp.RetryPolicy;
import io.evenload.okhttp.ServiceOptions;
import io.evenload.okhttp.Throttling;
import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** No option lacks a key, and no key lacks an effect. */
class EveryKeyConfigTest {

  /** Everything whose public methods are options. */
  private static final List<Class<?>> OPTIONS =
      List.of(
          LoadBalancer.Builder.class,
          Choosers.class,
          HealthCheck.Builder.class,
          HealthProbes.class,
          OkHttpProbes.class,
          OutlierDetection.Builder.class,
          SlowStart.Builder.class,
          Locality.Builder.class,
          Subset.Builder.class,
          ConcurrencyLimits.class,
          ConcurrencyLimits.Builder.class,
          LoadBalancingInterceptor.Builder.class,
          RetryPolicy.Builder.class,
          HedgePolicy.class,
          ServiceOptions.class,
          CircuitBreaker.Builder.class,
          Throttling.Builder.class,
          Affinity.class,
          BackendHints.Builder.class,
          ConnectionPolicy.Builder.class);

  /** The options that text cannot say, and why. */
  private static final Map<String, String> NO_TEXT =
      Map.ofEntries(
          Map.entry("LoadBalancer.Builder.listener", "code"),
          Map.entry("LoadBalancer.Builder.nanoTime", "code, for tests"),
          Map.entry("LoadBalancer.Builder.random", "code, for tests"),
          Map.entry("LoadBalancer.Builder.scheduler", "a resource"),
          Map.entry("LoadBalancingInterceptor.Builder.service", "which balancer"),
          Map.entry("LoadBalancingInterceptor.Builder.serviceOf", "code"),
          Map.entry("LoadBalancingInterceptor.Builder.pathPrefix", "code"),
          Map.entry("LoadBalancingInterceptor.Builder.listener", "code"),
          Map.entry("LoadBalancingInterceptor.Builder.separateCalls", "a system property"),
          Map.entry("RetryPolicy.Builder.retryIf", "code"),
          Map.entry("RetryPolicy.Builder.staleWithin", "nobody tunes it; a network may need it"),
          Map.entry("Affinity.by", "code"),
          Map.entry("ConcurrencyLimits.aimd", "short for a builder"),
          Map.entry("ConcurrencyLimits.gradient2", "short for a builder"),
          Map.entry("HealthCheck.Builder.jitter", "nobody tunes it; tests turn it off"),
          Map.entry("OutlierDetection.Builder.jitter", "nobody tunes it; tests turn it off"),
          Map.entry("OutlierDetection.Builder.successRateServers", "the algorithm's own"),
          Map.entry("OutlierDetection.Builder.successRateAttempts", "the algorithm's own"),
          Map.entry("OutlierDetection.Builder.failurePercentAttempts", "the algorithm's own"),
          Map.entry("SlowStart.Builder.minShare", "the algorithm's own"));

  private static final List<String> CHOOSER_WORDS =
      List.of(Reading.keys().get(0).form().words().split(", | or ", -1));

  @Test
  void keys_ofAllOptions_areThere() {
    Set<String> options = new TreeSet<>();
    for (Class<?> type : OPTIONS) {
      String name = type.getName().replaceAll(".*\\.", "").replace('$', '.');
      Arrays.stream(type.getDeclaredMethods())
          .filter(method -> Modifier.isPublic(method.getModifiers()) && !method.isSynthetic())
          .map(Method::getName)
          .filter(method -> !method.equals("build") && !method.equals("builder"))
          .filter(method -> !method.equals("toString"))
          .forEach(method -> options.add(name + "." + method));
    }
    Set<String> set =
        Reading.keys().stream()
            .flatMap(key -> methods(key).stream())
            .filter(method -> !method.endsWith(".builder"))
            .collect(Collectors.toCollection(TreeSet::new));
    // The words of the first key are the methods of Choosers.
    Stream.of(Choosers.class.getDeclaredMethods())
        .map(Method::getName)
        .filter(method -> CHOOSER_WORDS.contains(Form.kebab(method)))
        .forEach(method -> set.add("Choosers." + method));
    set.addAll(NO_TEXT.keySet());
    assertThat(set)
        .as("Add a key for a new option, or say in NO_TEXT why it has none")
        .isEqualTo(options);
  }

  @Test
  void keys_all_haveNamesOfTheirOwn() {
    assertThat(Reading.keys().stream().map(Key::name)).doesNotHaveDuplicates();
  }

  @Test
  void effects_areOfAllKeys() throws IOException {
    Set<String> tried = new TreeSet<>();
    for (String[] effect : effects()) {
      EvenloadConfigTest.lines(effect[0])
          .keySet()
          .forEach(key -> tried.add(key.substring("evenload.".length())));
    }
    assertThat(tried)
        .containsExactlyInAnyOrderElementsOf(
            Reading.keys().stream().<String>map(Key::name).toList());
  }

  @ParameterizedTest
  @MethodSource("effects")
  void key_set_hasItsEffect(String lines, String path, String effect) {
    Map<String, String> texts = new TreeMap<>();
    EvenloadConfigTest.lines(lines)
        .forEach((key, text) -> texts.put(key.replace("evenload.", "evenload.default."), text));
    EvenloadConfig config = EvenloadConfig.of(texts);
    Effects effects = new Effects(config.balancer("a"), options(config));
    assertThat(effects.at(path)).isEqualTo(effect);
    EvenloadConfig none = EvenloadConfig.of(Map.of());
    Effects usual = new Effects(none.balancer("a"), options(none));
    if (!lines.contains("enabled=false;") && !lines.endsWith("enabled=false")) {
      assertThat(usual.at(path)).as("without the key").isNotEqualTo(effect);
    }
  }

  private static ServiceOptions<?> options(EvenloadConfig config) {
    LoadBalancingInterceptor.Builder options = LoadBalancingInterceptor.builder();
    config.options("a").accept(options);
    return options;
  }

  /** Each line of the file: what is configured, where the effect is, and what it is. */
  static List<String[]> effects() throws IOException {
    try (InputStream file = EveryKeyConfigTest.class.getResourceAsStream("/effects.csv")) {
      return new String(file.readAllBytes(), UTF_8)
          .lines()
          .map(line -> line.split(" \\| ", 3))
          .toList();
    }
  }

  /** Returns the methods that a key sets, such as {@code Choosers.sticky}. */
  private static List<String> methods(Key<?> key) {
    int dot = key.sets().replaceAll(",.*", "").lastIndexOf('.');
    String type = key.sets().substring(0, dot + 1);
    return Arrays.stream(key.sets().substring(dot + 1).split(", ")).map(type::concat).toList();
  }
}
