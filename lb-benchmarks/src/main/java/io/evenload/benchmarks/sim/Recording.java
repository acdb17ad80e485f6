package io.evenload.benchmarks.sim;

import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.TimeUnit;

/** What one strategy did in a scenario, picture by picture; made by witnessing a simulation. */
final class Recording implements Simulation.Witness {

  /** The time between two pictures. */
  static final long FRAME_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  /** A number in a picture is a byte without a sign. */
  private static final int MOST = 255;

  /* How a server is, where it is not its speed in percent of its own. */
  private static final int UNLISTED = 201;
  private static final int FAILING = 202;
  private static final int SILENT = 203;

  private static final long WINDOW_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final double SLOWEST = 0.99;

  private final int servers;
  private final int frames;
  private final long from;
  private final long slowNanos;
  private final byte[] loads;
  private final byte[] sent;
  private final byte[] conditions;
  private final int[] p99;
  private final int[] slow;
  private final int[] failed;
  private final int[] sentNow;
  private long[] times = new long[1024];
  private long[] took = new long[1024];
  private int ended;
  private int slowNow;
  private int failedNow;

  /**
   * Makes one that is empty.
   *
   * @param slowMillis how long a call takes at most that does not count as slow
   */
  Recording(Scenario scenario, long slowMillis) {
    slowNanos = TimeUnit.MILLISECONDS.toNanos(slowMillis);
    servers = scenario.cores.length;
    frames = (int) (scenario.measured.toNanos() / FRAME_NANOS);
    from = scenario.warmUp.toNanos();
    loads = new byte[frames * servers];
    sent = new byte[frames * servers];
    conditions = new byte[frames * servers];
    p99 = new int[frames];
    slow = new int[frames];
    failed = new int[frames];
    sentNow = new int[servers];
  }

  @Override
  public void begins(Simulation simulation) {
    SimulatedTime time = simulation.time();
    time.at(from - FRAME_NANOS, () -> Arrays.fill(sentNow, 0));
    for (int frame = 0; frame < frames; frame++) {
      int next = frame;
      time.at(from + frame * FRAME_NANOS, () -> look(simulation, next));
    }
  }

  @Override
  public void sent(int server) {
    sentNow[server]++;
  }

  @Override
  public void ended(long now, long nanos, boolean success) {
    if (ended == times.length) {
      times = Arrays.copyOf(times, 2 * ended);
      took = Arrays.copyOf(took, 2 * ended);
    }
    times[ended] = now;
    took[ended++] = nanos;
    if (now >= from) {
      slowNow += success && nanos > slowNanos ? 1 : 0;
      failedNow += success ? 0 : 1;
    }
  }

  private void look(Simulation simulation, int frame) {
    for (int i = 0; i < servers; i++) {
      int at = frame * servers + i;
      loads[at] = (byte) Math.min(MOST, simulation.server(i).load());
      sent[at] = (byte) Math.min(MOST, sentNow[i]);
      conditions[at] = (byte) condition(simulation, i);
    }
    Arrays.fill(sentNow, 0);
    p99[frame] = slowest(simulation.time().now());
    slow[frame] = slowNow;
    failed[frame] = failedNow;
  }

  private static int condition(Simulation simulation, int server) {
    if (simulation.server(server).silent()) {
      return SILENT;
    }
    if (simulation.server(server).failing() > 0) {
      return FAILING;
    }
    return simulation.listed(server) ? (int) Math.round(100 * simulation.factor(server)) : UNLISTED;
  }

  /** The milliseconds that 99 of 100 calls took at most that ended within the last second. */
  private int slowest(long now) {
    int since = ended;
    while (since > 0 && times[since - 1] > now - WINDOW_NANOS) {
      since--;
    }
    long[] window = Arrays.copyOfRange(took, since, ended);
    Arrays.sort(window);
    return window.length == 0
        ? 0
        : (int) TimeUnit.NANOSECONDS.toMillis(window[(int) (SLOWEST * window.length)]);
  }

  /** How servers were: the same for all strategies. */
  String conditions() {
    return Base64.getEncoder().encodeToString(conditions);
  }

  /** All but {@link #conditions()}, as JSON. */
  String json() {
    Base64.Encoder base64 = Base64.getEncoder();
    return "{\"loads\":\""
        + base64.encodeToString(loads)
        + "\",\"sent\":\""
        + base64.encodeToString(sent)
        + "\",\"p99\":"
        + Json.numbers(p99)
        + ",\"slow\":"
        + Json.numbers(slow)
        + ",\"failed\":"
        + Json.numbers(failed)
        + "}";
  }
}
