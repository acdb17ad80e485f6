package io.evenload.benchmarks.sim;

import java.time.Duration;
import java.util.BitSet;
import java.util.random.RandomGenerator;

/** What happens to servers while clients call them; immutable. */
@FunctionalInterface
interface Trouble {

  /** Begins, at the beginning of the simulation. */
  void befall(World world);

  /** What trouble can do. */
  interface World {
    SimulatedTime time();

    RandomGenerator troubles();

    int servers();

    SimulatedServer server(int place);

    /** Sets a server's speed, relative to its own. */
    void speed(int place, double factor);

    /** Takes servers off the list, and puts all others on it. */
    void unlisted(BitSet places);
  }

  /** This and then that one as well. */
  default Trouble and(Trouble other) {
    return world -> {
      befall(world);
      other.befall(world);
    };
  }

  /** The first so many servers have another speed, all the time. */
  static Trouble slow(int servers, double factor) {
    return world -> {
      for (int i = 0; i < servers; i++) {
        world.speed(i, factor);
      }
    };
  }

  /**
   * Neighbours take the processor: each server is at a part of its speed for a while, and then at
   * its own; both last exponentially long.
   *
   * @param group how many servers have the same neighbours
   */
  static Trouble antagonists(double factor, Duration slow, Duration calm, int group) {
    return world -> {
      for (int i = 0; i < world.servers(); i += group) {
        antagonist(world, i, Math.min(world.servers(), i + group), factor, slow, calm);
      }
    };
  }

  private static void antagonist(
      World world, int from, int to, double factor, Duration slow, Duration calm) {
    long calmNanos = exponential(world.troubles(), calm);
    long slowNanos = exponential(world.troubles(), slow);
    world
        .time()
        .after(
            calmNanos,
            () -> {
              for (int i = from; i < to; i++) {
                world.speed(i, factor);
              }
              world
                  .time()
                  .after(
                      slowNanos,
                      () -> {
                        for (int i = from; i < to; i++) {
                          world.speed(i, 1);
                        }
                        antagonist(world, from, to, factor, slow, calm);
                      });
            });
  }

  /** Each server stands still for a while, as for its garbage, from time to time. */
  static Trouble pauses(Duration pause, Duration between) {
    return antagonists(0, pause, between, 1);
  }

  /**
   * One server after the other is replaced: it leaves the list for a second, returns at a fifth of
   * its speed, and is at full speed after the warm-up.
   */
  static Trouble restarts(Duration between, Duration warmUp) {
    return restarts(between, between, warmUp);
  }

  private static Trouble restarts(Duration first, Duration between, Duration warmUp) {
    return world -> restart(world, 0, first, between, warmUp);
  }

  private static void restart(
      World world, int place, Duration first, Duration between, Duration warmUp) {
    SimulatedTime time = world.time();
    long second = 1_000_000_000;
    time.after(
        first.toNanos(),
        () -> {
          BitSet gone = new BitSet();
          gone.set(place);
          world.unlisted(gone);
          restart(world, (place + 1) % world.servers(), between, between, warmUp);
        });
    time.after(
        first.toNanos() + second,
        () -> {
          world.unlisted(new BitSet());
          int steps = 20;
          for (int step = 0; step <= steps; step++) {
            double speed = 0.2 + 0.8 * step / steps;
            time.after(warmUp.toNanos() / steps * step, () -> world.speed(place, speed));
          }
        });
  }

  /**
   * One server after the other is replaced by a new version: it refuses what comes, at once, while
   * clients still have it on their lists; is gone for a second; and returns at a fifth of its
   * speed. What it had begun it ends.
   *
   * @param unknown how long it takes until clients know that it is gone
   */
  static Trouble deployment(Duration between, Duration unknown, Duration warmUp) {
    Trouble restarts = restarts(between.plus(unknown), between, warmUp);
    return restarts.and(world -> refuse(world, 0, between, unknown));
  }

  private static void refuse(World world, int place, Duration between, Duration unknown) {
    SimulatedTime time = world.time();
    time.after(
        between.toNanos(),
        () -> {
          world.server(place).failing(1);
          time.after(unknown.toNanos(), () -> world.server(place).failing(0));
          refuse(world, (place + 1) % world.servers(), between, unknown);
        });
  }

  /** All servers are at a part of their speed for a while, once. */
  static Trouble brownout(double factor, Duration after, Duration lasting) {
    return world -> {
      world.time().after(after.toNanos(), () -> all(world, factor));
      world.time().after(after.plus(lasting).toNanos(), () -> all(world, 1));
    };
  }

  private static void all(World world, double factor) {
    for (int i = 0; i < world.servers(); i++) {
      world.speed(i, factor);
    }
  }

  /** The first server takes everything and answers nothing, from then on. */
  static Trouble hole(Duration after) {
    return world -> world.time().after(after.toNanos(), () -> world.server(0).silent(true));
  }

  /** This part of what the first server is asked fails at once, from then on. */
  static Trouble failing(double part, Duration after) {
    return world -> world.time().after(after.toNanos(), () -> world.server(0).failing(part));
  }

  private static long exponential(RandomGenerator random, Duration mean) {
    return (long) (-StrictMath.log(1 - random.nextDouble()) * mean.toNanos());
  }
}
