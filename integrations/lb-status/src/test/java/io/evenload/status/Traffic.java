package io.evenload.status;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.PriorityQueue;

/** Calls balancers on virtual time. */
final class Traffic {

  static final Instant START = Instant.parse("2026-01-31T12:00:00Z");

  final VirtualTime time = new VirtualTime();

  /** The latency of each server in milliseconds, by id; 20 by default. */
  final Map<String, Integer> millis = new HashMap<>();

  /** The part of the attempts at each server that fail, by id; 0 by default. */
  final Map<String, Double> failing = new HashMap<>();

  private final SeededRandom random = new SeededRandom(7);
  private final PriorityQueue<Running> running =
      new PriorityQueue<>(Comparator.comparingLong(Running::endNanos));
  private final long startNanos = time.getAsLong();

  InstantSource clock() {
    return () -> START.plusNanos(time.getAsLong() - startNanos);
  }

  LoadBalancer.Builder balancer(String name, ServerList servers) {
    return LoadBalancer.builder(name)
        .servers(servers)
        .nanoTime(time)
        .scheduler(time)
        .random(new SeededRandom(42));
  }

  StatusPage.Builder page() {
    return StatusPage.builder().scheduler(time).time(clock());
  }

  /** Makes so many calls a second to each of the balancers, for so long. */
  void run(Duration duration, int callsPerSecond, LoadBalancer... balancers) {
    long end = time.getAsLong() + duration.toNanos();
    long pause = Duration.ofSeconds(1).toNanos() / callsPerSecond;
    while (time.getAsLong() < end) {
      for (LoadBalancer balancer : balancers) {
        start(balancer);
      }
      time.advance(Duration.ofNanos(pause));
      endDue();
    }
  }

  private void start(LoadBalancer balancer) {
    try {
      Attempt attempt = balancer.start();
      double millisNow =
          millis.getOrDefault(attempt.server().id(), 20) * (0.5 + random.nextDouble());
      running.add(new Running(attempt, time.getAsLong() + (long) (millisNow * 1e6)));
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }
  }

  private void endDue() {
    while (!running.isEmpty() && running.peek().endNanos <= time.getAsLong()) {
      Attempt attempt = running.remove().attempt;
      if (random.nextDouble() < failing.getOrDefault(attempt.server().id(), 0.0)) {
        attempt.fail(null);
      } else {
        attempt.succeed();
      }
    }
  }

  private record Running(Attempt attempt, long endNanos) {}
}
