package io.evenload.micrometer;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.EndpointState;
import io.evenload.okhttp.CallListener;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.Tag;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** That the page on metrics, the dashboard and the alerts speak of the meters that there are. */
final class DocumentedMetersTest {

  private static final Path DOCS = Path.of("../../docs");
  private static final Pattern ROW =
      Pattern.compile("\\| `(evenload[^`]*)` \\| (\\w+) \\| ?(\\w*) \\| ([\\w, ]+) \\| .* \\|");
  private static final Pattern EXPRESSION = Pattern.compile("\"expr\": \"((?:[^\"\\\\]|\\\\.)*)\"");
  private static final Pattern NAME = Pattern.compile("\\bevenload_\\w+");
  private static final Pattern LABELS = Pattern.compile("by \\(([\\w, ]+)\\)|(\\w+)=~?\\\\\"");
  private static final Pattern ALERT_LABEL = Pattern.compile("(\\w+)=~?\"([\\w|]+)\"");
  private static final Pattern SAMPLE_LABEL = Pattern.compile("(\\w+)=\"");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);

  @Test
  void page_namesEachMeterWithItsTypeUnitAndTags() throws Exception {
    List<String> documented =
        Files.readAllLines(DOCS.resolve("metrics.md")).stream()
            .map(ROW::matcher)
            .filter(Matcher::matches)
            .map(
                row ->
                    described(row.group(1), row.group(2), row.group(3), row.group(4).split(", ")))
            .toList();

    Set<String> registered = new TreeSet<>();
    try (EverythingOn everything = new EverythingOn(registry)) {
      everything.run();
      registry.getMeters().forEach(meter -> registered.add(described(meter.getId())));
    }

    assertThat(documented).containsExactlyInAnyOrderElementsOf(registered);
  }

  @Test
  void page_isShort() throws IOException {
    assertThat(Files.readAllLines(DOCS.resolve("metrics.md"))).hasSizeLessThanOrEqualTo(80);
  }

  @Test
  void dashboard_asksForWhatTheScrapeHas() throws Exception {
    Set<String> asked = new TreeSet<>();
    Set<String> askedLabels = new TreeSet<>();
    for (String expression : expressions()) {
      NAME.matcher(expression).results().forEach(name -> asked.add(name.group()));
      LABELS
          .matcher(expression)
          .results()
          .flatMap(match -> Stream.of(Objects.requireNonNullElse(match.group(1), match.group(2))))
          .flatMap(labels -> Stream.of(labels.split(", ")))
          .forEach(askedLabels::add);
    }

    List<String> samples = scrape();

    assertThat(asked).isNotEmpty();
    assertThat(names(samples)).containsAll(asked);
    assertThat(labels(samples)).containsAll(askedLabels);
  }

  @Test
  void dashboard_showsEachMeter() throws Exception {
    String all = String.join("\n", expressions());

    Set<String> meters = new TreeSet<>();
    try (EverythingOn everything = new EverythingOn(registry)) {
      everything.run();
      registry.getMeters().forEach(meter -> meters.add(meter.getId().getName()));
    }

    assertThat(meters).allSatisfy(meter -> assertThat(all).contains(meter.replace('.', '_')));
  }

  @Test
  void alerts_askForWhatTheScrapeHas() throws Exception {
    String alerts = Files.readString(DOCS.resolve("alerts.yml"));
    Set<String> asked =
        NAME.matcher(alerts).results().map(MatchResult::group).collect(Collectors.toSet());
    Set<String> values = new TreeSet<>();
    for (MatchResult label : ALERT_LABEL.matcher(alerts).results().toList()) {
      for (String value : label.group(2).split("\\|", -1)) {
        values.add(label.group(1) + " " + value);
      }
    }

    assertThat(names(scrape())).containsAll(asked);
    assertThat(values)
        .containsExactlyInAnyOrder(
            "outcome no_server",
            "refusal " + tag(CallListener.Refusal.BUDGET_EXHAUSTED),
            "state " + tag(EndpointState.BREAKER_OPEN),
            "state " + tag(EndpointState.EJECTED),
            "state " + tag(EndpointState.ELIGIBLE),
            "state " + tag(EndpointState.UNHEALTHY));
  }

  private static String tag(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  @Test
  void scrape_afterCalls_hasNoUri() throws Exception {
    assertThat(scrape()).noneMatch(line -> line.contains("/v1") || line.contains("secret"));
  }

  private List<String> scrape() throws Exception {
    try (EverythingOn everything = new EverythingOn(registry)) {
      everything.run();
      return Stream.of(registry.scrape().split("\n"))
          .filter(line -> !line.startsWith("#"))
          .toList();
    }
  }

  private static List<String> expressions() throws IOException {
    String dashboard = Files.readString(DOCS.resolve("grafana-dashboard.json"));
    return EXPRESSION.matcher(dashboard).results().map(match -> match.group(1)).toList();
  }

  private static Set<String> names(List<String> samples) {
    return samples.stream()
        .map(sample -> sample.substring(0, sample.indexOf('{')))
        .collect(Collectors.toSet());
  }

  private static Set<String> labels(List<String> samples) {
    return samples.stream()
        .flatMap(sample -> SAMPLE_LABEL.matcher(sample).results())
        .map(label -> label.group(1))
        .collect(Collectors.toSet());
  }

  private static String described(Meter.Id id) {
    String unit = id.getBaseUnit() == null ? "" : id.getBaseUnit();
    String[] tags = id.getTags().stream().map(Tag::getKey).toArray(String[]::new);
    return described(id.getName(), id.getType().name().toLowerCase(Locale.ROOT), unit, tags);
  }

  private static String described(String name, String type, String unit, String... tags) {
    return name + " " + type + " " + unit + " " + new TreeSet<>(List.of(tags));
  }
}
