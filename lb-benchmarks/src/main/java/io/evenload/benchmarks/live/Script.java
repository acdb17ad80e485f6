package io.evenload.benchmarks.live;

import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * What happens in a trial, the same for all contestants: when calls come, what each needs of a
 * server, and when servers change their speed; immutable.
 */
final class Script {

  static final int SERVERS = 10;
  static final int WORKERS = 4;
  static final double MEAN_SECONDS = 0.04;

  /** Of what the workers can do while the servers are well. */
  static final double LOAD = 0.6;

  private static final double SIGMA = 1; // of the lognormal

  private final long[] arrivals;
  private final long[] works;
  private final int warmUps;
  final List<Change> changes;

  /** Writes the same one for the same arguments. */
  Script(Scene scene, long seed, double warmUpSeconds, double measuredSeconds) {
    SplittableRandom random = new SplittableRandom(seed);
    double seconds = warmUpSeconds + measuredSeconds;
    changes = List.copyOf(scene.changes(SERVERS, seconds, random.split()));
    double perSecond = LOAD * SERVERS * WORKERS / MEAN_SECONDS;
    long[] times = new long[(int) (2 * seconds * perSecond) + 100];
    int calls = 0;
    int unmeasured = 0;
    for (double at = exponential(random, 1 / perSecond);
        at < seconds && calls < times.length;
        at += exponential(random, 1 / perSecond)) {
      unmeasured += at < warmUpSeconds ? 1 : 0;
      times[calls++] = (long) (at * 1e9);
    }
    arrivals = Arrays.copyOf(times, calls);
    warmUps = unmeasured;
    works = new long[calls];
    double mu = Math.log(MEAN_SECONDS) - SIGMA * SIGMA / 2;
    for (int i = 0; i < calls; i++) {
      works[i] = (long) (1e9 * Math.exp(mu + SIGMA * random.nextGaussian()));
    }
  }

  int calls() {
    return arrivals.length;
  }

  /** When a call is to come, after the beginning. */
  long arrivalNanos(int call) {
    return arrivals[call];
  }

  /** What a worker at full speed needs for it. */
  long workNanos(int call) {
    return works[call];
  }

  boolean measures(int call) {
    return call >= warmUps;
  }

  static double exponential(RandomGenerator random, double mean) {
    return -Math.log(1 - random.nextDouble()) * mean;
  }

  /**
   * A server changes its speed.
   *
   * @param atNanos when, after the beginning
   * @param server which of them
   * @param speed its speed from then on, relative to its own
   */
  record Change(long atNanos, int server, double speed) {}
}
