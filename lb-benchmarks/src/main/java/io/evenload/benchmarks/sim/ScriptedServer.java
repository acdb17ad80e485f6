package io.evenload.benchmarks.sim;

import java.time.Duration;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.random.RandomGenerator;

/**
 * A server of Dialogue's simulator: it has no cores, but answers after a time and with a status
 * that its script says, for all that it has at work.
 */
final class ScriptedServer {

  /** How long a request takes that makes it so many at work; in nanoseconds. */
  @FunctionalInterface
  interface Times {
    long nanos(int active);

    /** Always as long. */
    static Times of(Duration time) {
      return active -> time.toNanos();
    }

    /** So long when idle, twice that at the capacity, and five times that above it. */
    static Times linear(Duration idle, int capacity) {
      long nanos = idle.toNanos();
      return active -> active > capacity ? 5 * nanos : nanos + nanos * active / capacity;
    }
  }

  /** The status of the answer of a server that has so many at work. */
  @FunctionalInterface
  interface Statuses {
    int status(int active, int endpoint, RandomGenerator random);

    /** Always this one. */
    static Statuses of(int status) {
      return (active, endpoint, random) -> status;
    }

    /** 200 with as many as that at work, and this one with more. */
    static Statuses upTo(int capacity, int otherwise) {
      return (active, endpoint, random) -> active > capacity ? otherwise : 200;
    }

    /** 500 for one endpoint. */
    static Statuses broken(int which) {
      return (active, endpoint, random) -> endpoint == which ? 500 : 200;
    }

    /** 500 for this part of the requests. */
    static Statuses flaky(double part) {
      return (active, endpoint, random) -> random.nextDouble() <= part ? 500 : 200;
    }
  }

  /** What it does with requests that come before a time. */
  record Phase(Duration until, Statuses statuses, Times times) {}

  private final SimulatedTime time;
  private final RandomGenerator random;
  private final List<Phase> phases;
  private int active;

  ScriptedServer(SimulatedTime time, RandomGenerator random, List<Phase> phases) {
    this.time = time;
    this.random = random;
    this.phases = phases;
  }

  /** Takes a request, and tells the status of the answer when it is due. */
  void take(int endpoint, IntConsumer answer) {
    active++;
    Phase phase =
        phases.stream().filter(one -> time.now() < one.until.toNanos()).findFirst().orElseThrow();
    time.after(
        phase.times.nanos(active),
        () -> {
          int status = phase.statuses.status(active, endpoint, random);
          active--;
          answer.accept(status);
        });
  }
}
