package io.evenload.benchmarks.sim;

import io.evenload.Outcome;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A way to choose a server: ours, or the model of another's.
 *
 * @param name what it is called in tables
 * @param model whether it is a model, not the code that users run
 */
record Strategy(String name, boolean model, Kind kind) {

  /** Its name, which says whether it is a model. */
  String label() {
    return name + (model ? " (model)" : "");
  }

  /** Makes the clients. */
  @FunctionalInterface
  interface Kind {

    /** Makes a client that may use these servers. */
    Client client(Setting setting, int[] servers);
  }

  /** One process that sends requests. */
  interface Client {

    /** Chooses a server for a request; null if there is none. */
    @Nullable Sent send();

    /** Takes another list of servers. */
    void update(int[] servers);

    /** Ends it. */
    default void close() {}
  }

  /** A request on its way. */
  interface Sent {
    int server();

    void ended(Outcome outcome);

    /**
     * Chooses a server for the same request once more, when it has ended; null if there is none.
     */
    @Nullable Sent again();
  }

  /** What a client lives in. */
  interface Setting {
    SimulatedTime time();

    RandomGenerator random();

    /** The load report that a server made last, as those do that a client can ask for one. */
    Report report(int server);
  }

  /**
   * What a server says of itself, for the last second.
   *
   * @param perSecond the requests that it did
   * @param utilization how busy its cores were, 0 to 1
   */
  record Report(double perSecond, double utilization) {}
}
