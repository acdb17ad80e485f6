package io.evenload.examples.drill;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.evenload.LoadBalancer;
import io.evenload.examples.drill.Timeline.Source;
import io.evenload.status.StatusPage;
import io.evenload.status.StatusServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Looks ten times a second at what an operator would look at, and notes what changed: the status
 * page over HTTP, the meters as Prometheus scrapes them, and the log file.
 */
final class Witnesses implements AutoCloseable {

  private static final long LOOK_MILLIS = 100;

  private static final double TELLING_FAILURE_RATE = 0.05;

  private static final Pattern BALANCER =
      Pattern.compile("\\{\"name\":\"(\\w+)\",\"closed\":\\w+,\"panic\":(true|false),");
  private static final Pattern ENDPOINT =
      Pattern.compile(
          "\"id\":\"(\\w+)\",\"host\".*?\"state\":\"(\\w+)\",\"reason\":\"([^\"]*)\""
              + ".*?\"failureRate\":([^,]+),");
  private static final Pattern SERIES = Pattern.compile("(\\w+)\\{(.*)} (\\S+)");
  private static final Pattern LOG_LINE = Pattern.compile("(\\S+) (.*)");

  private static final Set<String> GAUGES = Set.of("evenload_servers", "evenload_panic");
  private static final Set<String> COUNTERS =
      Set.of(
          "evenload_retries_total",
          "evenload_retries_refused_total",
          "evenload_requests_seconds_count");

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Timeline timeline;
  private final StatusPage page = StatusPage.builder().build();
  private final StatusServer server = StatusServer.start(page, 0);
  private final OkHttpClient browser = new OkHttpClient();
  private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
  private final Map<String, String> shown = new HashMap<>();
  private final Map<String, String> metered = new TreeMap<>();
  private final Map<String, Counted> counted = new TreeMap<>();
  private final Map<String, Instant> firstCounted = new HashMap<>();
  private final Path log;
  private final long logStart;

  /** When a counter was seen to grow for the last time, and to which value. */
  private record Counted(Instant at, String value) {}

  Witnesses(Timeline timeline, Path log) throws IOException {
    this.timeline = timeline;
    this.log = log;
    logStart = Files.exists(log) ? Files.size(log) : 0;
  }

  PrometheusMeterRegistry registry() {
    return registry;
  }

  /** Shows the balancer on the page, too; before {@link #begin}. */
  void watch(LoadBalancer balancer) {
    page.add(balancer);
  }

  /** Looks from now on; what is so now is not noted. */
  void begin() throws IOException {
    look(false);
    Future<?> unused =
        clock.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, MILLISECONDS);
  }

  private void look() {
    try {
      look(true);
    } catch (IOException e) {
      timeline.add(Instant.now(), Source.PAGE, e.toString());
    }
  }

  private void look(boolean note) throws IOException {
    lookAtPage(note);
    lookAtMetrics(note);
  }

  private void lookAtPage(boolean note) throws IOException {
    HttpUrl url = HttpUrl.get(server.uri()).newBuilder().query("format=json").build();
    String json;
    try (Response response = browser.newCall(new Request.Builder().url(url).build()).execute()) {
      json = response.body().string();
    }
    List<Integer> starts = BALANCER.matcher(json).results().map(found -> found.start()).toList();
    for (int i = 0; i < starts.size(); i++) {
      int end = i + 1 < starts.size() ? starts.get(i + 1) : json.length();
      lookAtBalancer(json.substring(starts.get(i), end), note);
    }
  }

  private void lookAtBalancer(String json, boolean note) {
    Matcher balancer = BALANCER.matcher(json);
    if (!balancer.find()) {
      return;
    }
    String name = balancer.group(1);
    String panic = balancer.group(2).equals("true") ? "panic" : "no panic";
    show(name + " panic", panic, name + ": " + panic, note);
    ENDPOINT
        .matcher(json)
        .results()
        .forEach(
            endpoint -> {
              String id = endpoint.group(1);
              String reason = endpoint.group(3).isEmpty() ? "" : " (" + endpoint.group(3) + ")";
              String text = name + ": " + id + " " + endpoint.group(2) + reason;
              show(name + " " + id, endpoint.group(2), text, note);
              boolean failing = Double.parseDouble(endpoint.group(4)) >= TELLING_FAILURE_RATE;
              String rate = name + ": " + id + " failing " + (failing ? "above" : "below") + " 5 %";
              show(name + " " + id + " failing", rate, rate, note);
            });
  }

  private void show(String what, String state, String text, boolean note) {
    if (!state.equals(shown.put(what, state)) && note) {
      timeline.add(Instant.now(), Source.PAGE, text);
    }
  }

  private void lookAtMetrics(boolean note) {
    Instant now = Instant.now();
    registry
        .scrape()
        .lines()
        .forEach(
            line -> {
              Matcher series = SERIES.matcher(line);
              if (series.matches() && telling(series.group(1), series.group(2))) {
                String name = series.group(1) + "{" + series.group(2) + "}";
                meter(now, name, series.group(1), series.group(3), note);
              }
            });
  }

  private static boolean telling(String name, String labels) {
    return (GAUGES.contains(name) && !labels.contains("state=\"eligible\""))
        || (COUNTERS.contains(name)
            && !labels.contains("outcome=\"success\"")
            && !labels.contains("outcome=\"cancelled\""));
  }

  private void meter(Instant now, String series, String name, String value, boolean note) {
    String before = metered.put(series, value);
    if (!note || value.equals(before == null ? "0.0" : before)) {
      return;
    }
    if (GAUGES.contains(name)) {
      timeline.add(now, Source.METRICS, series + " " + value);
    } else if (counted.put(series, new Counted(now, value)) == null) {
      timeline.add(now, Source.METRICS, series + " " + value);
      firstCounted.put(series, now);
    }
  }

  /** Stops looking, and notes how far the counters came and what the log says. */
  void end() throws IOException {
    stop();
    lookAtMetrics(true);
    counted.forEach(
        (series, last) -> {
          if (!last.at().equals(firstCounted.get(series))) {
            timeline.add(last.at(), Source.METRICS, series + " " + last.value() + ", at last");
          }
        });
    byte[] all = Files.readAllBytes(log);
    new String(all, (int) logStart, all.length - (int) logStart, UTF_8)
        .lines()
        .forEach(this::noteLogLine);
  }

  private void noteLogLine(String line) {
    Matcher parts = LOG_LINE.matcher(line);
    if (!parts.matches()) {
      return;
    }
    try {
      timeline.add(OffsetDateTime.parse(parts.group(1)).toInstant(), Source.LOG, parts.group(2));
    } catch (DateTimeParseException e) {
      return; // a line of a stack trace
    }
  }

  private void stop() {
    clock.shutdown();
    try {
      if (!clock.awaitTermination(30, SECONDS)) {
        throw new UncheckedIOException(new IOException("the page does not answer"));
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() {
    clock.shutdownNow();
    server.close();
    page.close();
    browser.dispatcher().executorService().shutdown();
    browser.connectionPool().evictAll();
    registry.close();
  }
}
