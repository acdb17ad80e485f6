package io.evenload.benchmarks.sim;

import java.time.Duration;
import java.util.Arrays;

/** Servers, clients, the load and the trouble; immutable. */
final class Scenario {

  final String name;
  final SimulatedServer.Kind kind;
  final int[] cores;
  final double[] speeds;
  final int clients;
  final int subset;
  final double load;
  final ServiceTime serviceTime;
  final double meanMillis;
  final Trouble trouble;
  final Duration warmUp;
  final Duration measured;
  final Duration timeout;
  final Duration oneWay;
  final int mostPerCore;
  final int retries;
  final int zones;
  final Duration between;

  private Scenario(Builder builder) {
    name = builder.name;
    kind = builder.kind;
    cores = builder.cores;
    speeds = builder.speeds;
    clients = builder.clients;
    subset = builder.subset;
    load = builder.load;
    serviceTime = builder.serviceTime;
    meanMillis = builder.meanMillis;
    trouble = builder.trouble;
    warmUp = builder.warmUp;
    measured = builder.measured;
    timeout = builder.timeout;
    oneWay = builder.oneWay;
    mostPerCore = builder.mostPerCore;
    retries = builder.retries;
    zones = builder.zones;
    between = builder.between;
  }

  /** Ten servers of four cores that share their processors, at a load of 0.7, and one client. */
  static Builder of(String name) {
    return new Builder(name);
  }

  /** How many requests come in a second. */
  double perSecond() {
    double capacity = 0;
    for (int i = 0; i < cores.length; i++) {
      capacity += cores[i] * speeds[i];
    }
    return load * capacity / meanMillis * 1e3;
  }

  /** How many nanoseconds the network takes between a client and a server, in each direction. */
  long oneWayNanos(int client, int server) {
    int zone = (int) ((long) server * zones / cores.length);
    return client % zones == zone ? oneWay.toNanos() : between.toNanos();
  }

  /** The same, with so long a warm-up, measured for so long. */
  Scenario lasting(Duration warmUp, Duration measured) {
    return new Builder(this).measured(warmUp, measured).build();
  }

  @Override
  public String toString() {
    return name;
  }

  /** Collects what differs from the usual scenario. */
  static final class Builder {
    private final String name;
    private SimulatedServer.Kind kind = SimulatedServer.Kind.SHARING;
    private int[] cores = filled(10, 4);
    private double[] speeds = new double[0];
    private int clients = 1;
    private int subset;
    private double load = 0.7;
    private ServiceTime serviceTime = ServiceTime.lognormal(10, 1);
    private double meanMillis = 10;
    private Trouble trouble = world -> {};
    private Duration warmUp = Duration.ofSeconds(10);
    private Duration measured = Duration.ofSeconds(40);
    private Duration timeout = Duration.ofSeconds(1);
    private Duration oneWay = Duration.ofNanos(300_000);
    private int mostPerCore = 64;
    private int retries;
    private int zones = 1;
    private Duration between = oneWay;

    private Builder(String name) {
      this.name = name;
    }

    private Builder(Scenario scenario) {
      name = scenario.name;
      kind = scenario.kind;
      cores = scenario.cores;
      speeds = scenario.speeds;
      clients = scenario.clients;
      subset = scenario.subset;
      load = scenario.load;
      serviceTime = scenario.serviceTime;
      meanMillis = scenario.meanMillis;
      trouble = scenario.trouble;
      timeout = scenario.timeout;
      oneWay = scenario.oneWay;
      mostPerCore = scenario.mostPerCore;
      retries = scenario.retries;
      zones = scenario.zones;
      between = scenario.between;
    }

    Builder servers(int n, int coresOfEach) {
      cores = filled(n, coresOfEach);
      return this;
    }

    Builder cores(int... coresOfEach) {
      cores = coresOfEach.clone();
      return this;
    }

    Builder speeds(double... speeds) {
      this.speeds = speeds.clone();
      return this;
    }

    /** One worker for each core, instead of sharing. */
    Builder workers() {
      kind = SimulatedServer.Kind.WORKERS;
      return this;
    }

    Builder clients(int clients) {
      this.clients = clients;
      return this;
    }

    /** How many of the servers each client uses; 0 for all. */
    Builder subset(int size) {
      subset = size;
      return this;
    }

    /** The part of what all cores could do. */
    Builder load(double load) {
      this.load = load;
      return this;
    }

    Builder serviceTime(double meanMillis, ServiceTime serviceTime) {
      this.meanMillis = meanMillis;
      this.serviceTime = serviceTime;
      return this;
    }

    Builder trouble(Trouble trouble) {
      this.trouble = trouble;
      return this;
    }

    Builder measured(Duration warmUp, Duration measured) {
      this.warmUp = warmUp;
      this.measured = measured;
      return this;
    }

    /** How long a client waits for the answer to each attempt. */
    Builder timeout(Duration timeout) {
      this.timeout = timeout;
      return this;
    }

    /** How long the network takes in each direction. */
    Builder oneWay(Duration oneWay) {
      this.oneWay = oneWay;
      return this;
    }

    /** How many requests a server takes for each of its cores, beyond which it refuses. */
    Builder mostPerCore(int most) {
      mostPerCore = most;
      return this;
    }

    /**
     * How often a call is sent again, at once, when an attempt fails or is not answered in time.
     */
    Builder retries(int most) {
      retries = most;
      return this;
    }

    /**
     * Spreads servers and clients evenly over so many zones.
     *
     * @param between how long the network takes from one zone to another, in each direction
     */
    Builder zones(int zones, Duration between) {
      this.zones = zones;
      this.between = between;
      return this;
    }

    Scenario build() {
      if (speeds.length == 0) {
        speeds = new double[cores.length];
        Arrays.fill(speeds, 1);
      }
      if (speeds.length != cores.length) {
        throw new IllegalArgumentException(
            "speeds: " + speeds.length + " (expected: " + cores.length + ", as many as cores)");
      }
      return new Scenario(this);
    }

    private static int[] filled(int n, int value) {
      int[] all = new int[n];
      Arrays.fill(all, value);
      return all;
    }
  }
}
