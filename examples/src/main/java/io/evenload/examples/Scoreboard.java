package io.evenload.examples;

import io.evenload.LoadBalancerListener;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.CallListener;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Counts what the client sees and prints it beside what the servers saw. */
final class Scoreboard implements LoadBalancerListener, CallListener {

  private final List<DemoServer> servers;
  private final PrintStream out;
  private final Tally calls = new Tally();
  private final Map<String, Tally> attempts = new ConcurrentHashMap<>(); // by the server's id
  private final AtomicInteger retries = new AtomicInteger();
  private int[] requestsBefore = {};
  private int retriesBefore;
  private int failedBefore;

  Scoreboard(List<DemoServer> servers, PrintStream out) {
    this.servers = servers;
    this.out = out;
  }

  /** The balancer tells that an attempt ended. A call that is retried has several. */
  @Override
  public void attemptEnded(
      Server server, Outcome outcome, long latencyNanos, @Nullable Throwable cause) {
    attemptsAt(server.id()).add(outcome == Outcome.SUCCESS, latencyNanos);
  }

  /** The interceptor tells that an attempt failed and that it makes another one. */
  @Override
  public void retried(Retried event) {
    retries.incrementAndGet();
  }

  /** A call ended, as its caller sees it. */
  void callEnded(boolean successful, long latencyNanos) {
    calls.add(successful, latencyNanos);
  }

  int failedCalls() {
    return calls.failures.get();
  }

  void printHeader() {
    servers.forEach(server -> print("%10s", server.name()));
    print("%12s%14s%n", "retries", "failed calls");
  }

  /** Notes where things stand, to tell a phase by. */
  void phaseBegins() {
    requestsBefore = requests();
    retriesBefore = retries.get();
    failedBefore = failedCalls();
  }

  /** Prints which share of the phase's requests each server received. */
  void phaseEnds() {
    int[] requests = requests();
    double all = IntStream.of(requests).sum() - IntStream.of(requestsBefore).sum();
    for (int i = 0; i < requests.length; i++) {
      print("%9.0f%%", 100 * (requests[i] - requestsBefore[i]) / all);
    }
    print("%12d%14d%n", retries.get() - retriesBefore, failedCalls() - failedBefore);
  }

  void printTotals() {
    print("%n%36s%40s%n", "seen by the servers", "seen by the client");
    print("%-8s%10s%9s%9s", "", "requests", "share", "failed");
    print("%13s%9s%9s%9s%n", "attempts", "p50 ms", "p99 ms", "failed");
    int all = IntStream.of(requests()).sum();
    for (DemoServer server : servers) {
      double share = 100.0 * server.requests() / all;
      print("%-8s%,10d%8.1f%%%,9d", server.name(), server.requests(), share, server.failures());
      printTally(attemptsAt(server.name()));
    }
    print("%n%-36s", "calls, with %d retries in all".formatted(retries.get()));
    printTally(calls);
  }

  private void printTally(Tally tally) {
    long[] sorted = tally.latencies.stream().mapToLong(Long::longValue).sorted().toArray();
    double median = sorted[sorted.length / 2] / 1e6;
    double slowest = sorted[sorted.length * 99 / 100] / 1e6;
    print("%,13d%9.1f%9.1f%,9d%n", sorted.length, median, slowest, tally.failures.get());
  }

  private int[] requests() {
    return servers.stream().mapToInt(DemoServer::requests).toArray();
  }

  private void print(String format, Object... values) {
    out.print(String.format(Locale.ROOT, format, values));
  }

  private Tally attemptsAt(String id) {
    return attempts.computeIfAbsent(id, key -> new Tally());
  }

  private static final class Tally {
    final Queue<Long> latencies = new ConcurrentLinkedQueue<>();
    final AtomicInteger failures = new AtomicInteger();

    void add(boolean successful, long latencyNanos) {
      latencies.add(latencyNanos);
      if (!successful) {
        failures.incrementAndGet();
      }
    }
  }
}
