package io.evenload.testing;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.Queue;

/**
 * A service under a chooser: servers that take as many calls at once as they have weight, and queue
 * the rest. Calls take 5 to 15 ms at a server of the usual speed.
 */
final class ServiceBench {

  private static final double MEAN_NANOS = Duration.ofMillis(10).toNanos();
  private static final double SECOND = 1e9;
  private static final double LATENCY_DECAY_SECONDS = 10; // the engine's, as is the next one
  private static final double MIN_SAMPLE_WEIGHT = 0.05;

  private final SeededRandom random;
  private final Chooser bound;
  private final List<Station> stations = new ArrayList<>();
  private final Queue<Call> running = new PriorityQueue<>(Comparator.comparingDouble(Call::end));
  private List<Endpoint> list = List.of();
  private Chooser prepared;
  private double now;
  private double nextTick = SECOND;

  /** Servers of these weights; that with the index {@code odd} has another speed. */
  ServiceBench(Chooser recipe, long seed, List<Server> servers, int odd, double speed) {
    random = new SeededRandom(seed);
    bound = recipe.bind(new FakeEnvironment(() -> (long) now, new SeededRandom(~seed)));
    int lightest = servers.stream().mapToInt(Server::weight).min().orElseThrow();
    for (Server server : servers) {
      FakeEndpoint endpoint = new FakeEndpoint(server, server.weight());
      int capacity = Math.max(1, server.weight() / lightest);
      double ownSpeed = stations.size() == odd ? speed : 1;
      stations.add(new Station(endpoint.tracker(bound.track(endpoint)), capacity, ownSpeed));
    }
    prepared = bound;
    prepare();
  }

  /** Sets an effective weight, as slow start does. */
  void weight(int index, double weight) {
    stations.get(index).endpoint.weight(weight);
    prepare();
  }

  private void prepare() {
    list = List.copyOf(stations.stream().map(station -> station.endpoint).toList());
    prepared = bound.prepare(list);
  }

  /**
   * The numbers of so many calls that each server gets, if each call begins when the last one
   * ended.
   */
  int[] oneAtATime(int calls) {
    int[] counts = new int[stations.size()];
    for (int i = 0; i < calls; i++) {
      begin(counts);
      finishUntil(Double.POSITIVE_INFINITY);
    }
    return counts;
  }

  /**
   * The numbers of so many calls that each server gets, if they come at random times.
   *
   * @param load the part of what all servers of the usual speed could do, below 1
   */
  int[] atLoad(double load, int calls) {
    int capacity = stations.stream().mapToInt(station -> station.capacity).sum();
    int[] counts = new int[stations.size()];
    for (int i = 0; i < calls; i++) {
      double next = now - Math.log(1 - random.nextDouble()) * MEAN_NANOS / (load * capacity);
      finishUntil(next);
      now = next;
      begin(counts);
    }
    finishUntil(Double.POSITIVE_INFINITY);
    return counts;
  }

  private void begin(int[] counts) {
    for (; nextTick <= now; nextTick += SECOND) {
      stations.forEach(Station::tick);
    }
    Endpoint chosen = prepared.choose(list, RequestContext.create());
    int index = list.indexOf(chosen);
    counts[index]++;
    Station station = stations.get(index);
    station.endpoint.inFlight(station.endpoint.inFlight() + 1);
    Chooser.Tracker tracker = station.endpoint.tracker();
    if (tracker != null) {
      tracker.arriving();
      tracker.started((long) now);
    }
    station.waiting.add(now);
    serve(station);
  }

  private void serve(Station station) {
    Double began = station.busy < station.capacity ? station.waiting.poll() : null;
    if (began != null) {
      station.busy++;
      double takes = MEAN_NANOS * (0.5 + random.nextDouble()) / station.speed;
      running.add(new Call(station, began, now + takes));
    }
  }

  private void finishUntil(double time) {
    while (!running.isEmpty() && running.element().end <= time) {
      Call call = running.remove();
      Station station = call.station;
      now = call.end;
      station.busy--;
      station.answered(now - call.began, now);
      station.endpoint.inFlight(station.endpoint.inFlight() - 1);
      Chooser.Tracker tracker = station.endpoint.tracker();
      if (tracker != null) {
        tracker.ended(Outcome.SUCCESS, (long) (now - call.began), (long) now);
        tracker.left();
      }
      serve(station);
    }
  }

  private record Call(Station station, double began, double end) {}

  private static final class Station {
    final FakeEndpoint endpoint;
    final int capacity;
    final double speed;
    final Queue<Double> waiting = new ArrayDeque<>();
    int busy;
    double lastAnswer;
    boolean answeredSinceTick;

    Station(FakeEndpoint endpoint, int capacity, double speed) {
      this.endpoint = endpoint;
      this.capacity = capacity;
      this.speed = speed;
    }

    /** Averages the latency, as the engine does. */
    void answered(double latencyNanos, double now) {
      double seconds = (now - lastAnswer) / SECOND;
      double weight = Math.max(MIN_SAMPLE_WEIGHT, -Math.expm1(-seconds / LATENCY_DECAY_SECONDS));
      double mean = endpoint.latencyNanos();
      endpoint.latencyNanos(
          Double.isNaN(mean) ? latencyNanos : mean + (latencyNanos - mean) * weight);
      lastAnswer = now;
      answeredSinceTick = true;
    }

    /** Lets a second pass: while nothing is in flight the average fades, as the engine's does. */
    void tick() {
      if (endpoint.inFlight() == 0 && !answeredSinceTick) {
        endpoint.latencyNanos(endpoint.latencyNanos() * Math.exp(-1 / LATENCY_DECAY_SECONDS));
      }
      answeredSinceTick = false;
    }
  }
}
