package io.evenload.benchmarks.live;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** The trouble that the servers of a trial have. */
public enum Scene {

  /** Each server is at a quarter of its speed for about a second, about every four. */
  ANTAGONISTS("antagonists") {
    @Override
    void befall(int servers, double seconds, RandomGenerator random, List<Script.Change> changes) {
      for (int i = 0; i < servers; i++) {
        alternate(i, 0.25, 1, 3, seconds, random, changes);
      }
    }
  },

  /** Three servers are at half speed all the time. */
  THREE_AT_HALF_SPEED("three at half speed") {
    @Override
    void befall(int servers, double seconds, RandomGenerator random, List<Script.Change> changes) {
      for (int i = 0; i < 3; i++) {
        changes.add(new Script.Change(0, i, 0.5));
      }
    }
  },

  /** One server is at a tenth of its speed all the time. */
  ONE_TEN_TIMES_SLOWER("one 10 times slower") {
    @Override
    void befall(int servers, double seconds, RandomGenerator random, List<Script.Change> changes) {
      changes.add(new Script.Change(0, 0, 0.1));
    }
  },

  /** One server stands still for about half a second, about every two and a half. */
  ONE_PAUSING("one pausing") {
    @Override
    void befall(int servers, double seconds, RandomGenerator random, List<Script.Change> changes) {
      alternate(0, 0, 0.5, 2, seconds, random, changes);
    }
  };

  private final String title;

  Scene(String title) {
    this.title = title;
  }

  /** Adds what happens to the servers in so many seconds. */
  abstract void befall(
      int servers, double seconds, RandomGenerator random, List<Script.Change> changes);

  private static void alternate(
      int server,
      double speed,
      double slowSeconds,
      double calmSeconds,
      double seconds,
      RandomGenerator random,
      List<Script.Change> changes) {
    double at = Script.exponential(random, calmSeconds);
    while (at < seconds) {
      changes.add(new Script.Change((long) (at * 1e9), server, speed));
      at += Script.exponential(random, slowSeconds);
      changes.add(new Script.Change((long) (at * 1e9), server, 1));
      at += Script.exponential(random, calmSeconds);
    }
  }

  /** As it is called in tables. */
  @Override
  public String toString() {
    return title;
  }

  /** All changes, in the order of time. */
  List<Script.Change> changes(int servers, double seconds, RandomGenerator random) {
    List<Script.Change> changes = new ArrayList<>();
    befall(servers, seconds, random, changes);
    changes.sort((one, other) -> Long.compare(one.atNanos(), other.atNanos()));
    return changes;
  }
}
