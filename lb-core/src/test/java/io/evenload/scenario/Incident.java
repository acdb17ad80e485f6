package io.evenload.scenario;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.LoadBalancerStatus;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/**
 * The report of one scenario, written while it runs: what was done, what the balancer said, and how
 * callers and servers fared.
 */
final class Incident implements LoadBalancerListener {

  private static final String HEAD =
      "   time     calls  failed  retries  p50 ms  p99 ms  busiest  eligible\n";

  /**
   * How callers and servers fared for a while.
   *
   * @param busiest the most attempts that any server got in one second, as a multiple of what it
   *     gets when all is well
   * @param panic whether the balancer panicked at the end of any second
   * @param attempts how many each server got
   */
  record Span(
      long calls,
      long failed,
      long retries,
      long p50Millis,
      long p99Millis,
      double busiest,
      boolean panic,
      Map<String, Long> attempts) {

    /** The part of all attempts that went to this server. */
    double share(String id) {
      double all = attempts.values().stream().mapToLong(Long::longValue).sum();
      return attempts.getOrDefault(id, 0L) / all;
    }

    Span plus(Span next) {
      return new Span(
          calls + next.calls,
          failed + next.failed,
          retries + next.retries,
          next.p50Millis,
          next.p99Millis,
          Math.max(busiest, next.busiest),
          panic || next.panic,
          sum(attempts, next.attempts));
    }

    private static Map<String, Long> sum(Map<String, Long> one, Map<String, Long> other) {
      Map<String, Long> sum = new TreeMap<>(one);
      other.forEach((id, count) -> sum.merge(id, count, Long::sum));
      return sum;
    }
  }

  private final Simulation simulation;
  private final LoadBalancer balancer;
  private final double normalPerSecond;
  private final StringBuilder text = new StringBuilder();
  private final Map<String, List<String>> changes = new LinkedHashMap<>();
  private long changesSecond;
  private boolean panic;
  private boolean muted;
  private double most;
  private boolean panicked;
  private final Map<String, Long> attempts = new TreeMap<>();
  private Span total = new Span(0, 0, 0, 0, 0, 0, false, Map.of());

  /**
   * Begins a report.
   *
   * @param balancer the one whose words are reported
   * @param normalPerSecond what a server gets when all is well
   */
  Incident(Simulation simulation, LoadBalancer balancer, double normalPerSecond) {
    this.simulation = simulation;
    this.balancer = balancer;
    this.normalPerSecond = normalPerSecond;
    balancer.wiring().addListener(this);
    text.append(HEAD);
  }

  /** Notes what the scenario does. */
  void note(String what) {
    flushChanges();
    line("> " + what);
  }

  /** Notes what was measured. */
  void found(String what) {
    flushChanges();
    line("= " + what);
  }

  /** Leaves what the balancer says from now on out of the report, or no longer does so. */
  void mute(boolean muted) {
    flushChanges();
    this.muted = muted;
  }

  /** Lets time pass without a row: the next one stands for this time too. */
  void pass(Duration duration) {
    for (long second = 0; second < duration.toSeconds(); second++) {
      simulation.time.advance(Duration.ofSeconds(1));
      for (SimulatedServer server : simulation.servers.values()) {
        int arrivals = server.takeArrivals();
        most = Math.max(most, arrivals / normalPerSecond);
        attempts.merge(server.id(), (long) arrivals, Long::sum);
      }
      watchPanic();
      panicked |= panic;
    }
  }

  /** Lets time pass, and writes a row. */
  Span run(Duration duration) {
    pass(duration);
    flushChanges();
    Span span = row(simulation.takeMeasurements());
    most = 0;
    panicked = false;
    attempts.clear();
    return span;
  }

  /** The same, so many times; the percentiles are those of the last. */
  Span run(int times, Duration duration) {
    Span all = run(duration);
    for (int i = 1; i < times; i++) {
      all = all.plus(run(duration));
    }
    return all;
  }

  /** How it went so far; the percentiles are those of the last row. */
  Span total() {
    return total;
  }

  String text() {
    String sum =
        String.format(
            Locale.ROOT,
            "in all  %,9d %,7d %,8d %24s\n",
            total.calls,
            total.failed,
            total.retries,
            times(total.busiest));
    return text + sum;
  }

  private Span row(Measurements measured) {
    Span span =
        new Span(
            measured.calls,
            measured.failed,
            measured.retries,
            measured.percentileMillis(0.5),
            measured.percentileMillis(0.99),
            most,
            panicked,
            Map.copyOf(attempts));
    total = total.plus(span);
    text.append(
        String.format(
            Locale.ROOT,
            "%7s %,9d %,7d %,8d %7d %7d %8s %9s\n",
            clock(),
            span.calls,
            span.failed,
            span.retries,
            span.p50Millis,
            span.p99Millis,
            times(most),
            eligible()));
    return span;
  }

  private void watchPanic() {
    if (balancer.status().panic() != panic) {
      panic = !panic;
      flushChanges();
      line(panic ? "! panic: health is ignored" : "! panic is over");
    }
  }

  @Override
  public void stateChanged(StateChanged event) {
    if (muted) {
      return;
    }
    long second = simulation.elapsed().toSeconds();
    if (second != changesSecond) {
      flushChanges();
      changesSecond = second;
    }
    String words =
        event.to()
            + (event.reason().isEmpty() || event.reason().equals(event.to().toString())
                ? ""
                : " (" + event.reason() + ")");
    changes.computeIfAbsent(words, unused -> new ArrayList<>()).add(event.server().id());
  }

  private void flushChanges() {
    changes.forEach(
        (words, ids) -> {
          String who = ids.size() > 3 ? ids.size() + " servers" : String.join(", ", ids);
          String time = clock(Duration.ofSeconds(changesSecond));
          text.append(String.format(Locale.ROOT, "%7s    %s: %s\n", time, who, words));
        });
    changes.clear();
  }

  private void line(String what) {
    text.append(String.format(Locale.ROOT, "%7s  %s\n", clock(), what));
  }

  private String eligible() {
    LoadBalancerStatus status = balancer.status();
    long eligible =
        status.endpoints().stream().filter(e -> e.state() == EndpointState.ELIGIBLE).count();
    return eligible + "/" + status.endpoints().size();
  }

  private String clock() {
    return clock(simulation.elapsed());
  }

  private static String clock(Duration elapsed) {
    return String.format(Locale.ROOT, "%d:%02d", elapsed.toMinutes(), elapsed.toSecondsPart());
  }

  private static String times(double factor) {
    return String.format(Locale.ROOT, "%.1fx", factor);
  }
}
