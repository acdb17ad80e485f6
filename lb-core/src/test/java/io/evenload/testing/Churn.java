package io.evenload.testing;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import io.evenload.ServerList;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.IntFunction;
import java.util.regex.Pattern;

/**
 * A balancer of 5,000 servers of which a hundredth is replaced each second, five in each tenth of a
 * second, by the real clock: whether it misses any, how late it knows them, and what that costs. It
 * lasts as many seconds as the property {@code discovery.seconds} says, 10 by default, after at
 * most 10 that warm the code up.
 */
public final class Churn {

  /** How many servers there are. */
  public static final int SERVERS = 5_000;

  private static final int AT_ONCE = 5;
  private static final int BATCHES_A_SECOND = SERVERS / 100 / AT_ONCE;
  private static final int WARM_UP_SECONDS = 10;
  private static final int MINUTE = 60;
  private static final int MOST_PERCENT = 5; // in a minute
  private static final int MOST_PERCENT_AT_FIRST = 10; // while the JVM still compiles
  private static final int MOST_GROWTH_MEGABYTES = 50;
  private static final Pattern OURS = Pattern.compile("evenload-.*|OkHttp.*|Okio.*|dnsjava.*");
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final String name;
  private final Source source;
  private final IntFunction<String> host;
  private final BlockingQueue<Told> told = new LinkedBlockingQueue<>();
  private final Map<Long, Long> cpuByThread = new HashMap<>();
  private final Map<String, Long> missing = new HashMap<>(); // since when, by host
  private final Map<String, Long> stale = new HashMap<>();
  private final List<Long> ages = new ArrayList<>();
  private Set<String> listed = Set.of();
  private long slowestSource; // in nanoseconds: how long it took to take a change
  private int first;
  private int next;

  private Churn(String name, Source source, IntFunction<String> host) {
    this.name = name;
    this.source = source;
    this.host = host;
  }

  /** Changes what the source says. */
  @FunctionalInterface
  public interface Source {

    /** Has these servers replaced by those, which may be none. */
    void replace(List<Integer> gone, List<Integer> come) throws Exception;
  }

  private record Told(List<Server> servers, long nanos) {}

  /** The address of the server of this number. */
  public static String address(int number) {
    return "10." + (number >> 16) + "." + (number >> 8 & 255) + "." + (number & 255);
  }

  /**
   * Runs it, prints the result as a row of a table, and fails if a change was missed or later than
   * the bound, if more than 5 % of a core were used (10 % in less than a minute), or memory grew.
   *
   * @param host which host the server of a number has
   * @param bound how late a change may be
   */
  public static void run(
      String name, ServerList list, Source source, IntFunction<String> host, Duration bound)
      throws Exception {
    new Churn(name, source, host).run(list, bound);
  }

  private void run(ServerList list, Duration bound) throws Exception {
    int seconds = Integer.getInteger("discovery.seconds", 10);
    grow();
    LoadBalancerListener listener =
        new LoadBalancerListener() {
          @Override
          public void serversChanged(ServersChanged event) {
            told.add(new Told(event.servers(), System.nanoTime()));
          }
        };
    try (LoadBalancer balancer =
        LoadBalancer.builder("churn").servers(list).listener(listener).build()) {
      await();
      churn(Math.min(seconds, WARM_UP_SECONDS));
      await();
      ages.clear();
      slowestSource = 0;
      long memory = usedMegabytes();
      long cpu = cpuNanos();
      long begun = System.nanoTime();
      churn(seconds);
      long millis = NANOSECONDS.toMillis(System.nanoTime() - begun);
      double percent = 100.0 * NANOSECONDS.toMillis(cpuNanos() - cpu) / millis;
      await();
      long after = usedMegabytes();
      long oldest = ages.stream().mapToLong(age -> age).max().orElse(0);
      long median = ages.stream().sorted().skip(ages.size() / 2).findFirst().orElse(0L);
      System.out.printf(
          "churn: | %s | %d | %.1f | %d | %d | %.1f | %d | %d | source: %d ms at most%n",
          name,
          ages.size(),
          millis / 1e3,
          median,
          oldest,
          percent,
          memory,
          after,
          NANOSECONDS.toMillis(slowestSource));
      assertThat(balancer.status().list().failing()).isFalse();
      assertThat(oldest).as("ms until the latest was known").isLessThan(bound.toMillis());
      assertThat(percent)
          .as("percent of a core")
          .isLessThan(seconds < MINUTE ? MOST_PERCENT_AT_FIRST : MOST_PERCENT);
      assertThat(after).as("MB in use").isLessThan(memory + MOST_GROWTH_MEGABYTES);
    }
  }

  private void grow() throws Exception {
    List<Integer> all = new ArrayList<>();
    while (next < SERVERS) {
      all.add(next++);
    }
    source.replace(List.of(), all);
    long now = System.nanoTime();
    all.forEach(number -> missing.put(host.apply(number), now));
  }

  private void churn(int seconds) throws Exception {
    long begun = System.nanoTime();
    for (int i = 1; i <= seconds * BATCHES_A_SECOND; i++) {
      List<Integer> gone = new ArrayList<>();
      List<Integer> come = new ArrayList<>();
      for (int j = 0; j < AT_ONCE; j++) {
        gone.add(first++);
        come.add(next++);
      }
      long before = System.nanoTime();
      source.replace(gone, come);
      long now = System.nanoTime();
      slowestSource = Math.max(slowestSource, now - before);
      gone.forEach(number -> stale.put(host.apply(number), now));
      come.forEach(number -> missing.put(host.apply(number), now));
      long due = begun + i * SECONDS.toNanos(1) / BATCHES_A_SECOND;
      listen(due);
    }
  }

  /** Waits until the balancer knows exactly those that there are. */
  private void await() throws InterruptedException {
    long end = System.nanoTime() + SECONDS.toNanos(60);
    while (!missing.isEmpty() || !stale.isEmpty()) {
      assertThat(System.nanoTime() - end).as("a minute is over; missing %s", missing).isNegative();
      listen(System.nanoTime() + MILLISECONDS.toNanos(50));
    }
    Set<String> expected = new HashSet<>();
    for (int i = first; i < next; i++) {
      expected.add(host.apply(i));
    }
    assertThat(listed).isEqualTo(expected);
  }

  private void listen(long untilNanos) throws InterruptedException {
    sampleCpu();
    for (long rest = untilNanos - System.nanoTime();
        rest > 0;
        rest = untilNanos - System.nanoTime()) {
      Told one = told.poll(rest, NANOSECONDS);
      if (one != null) {
        take(one);
      }
    }
  }

  private void take(Told one) {
    Set<String> hosts = new HashSet<>();
    one.servers.forEach(server -> hosts.add(server.host()));
    listed = hosts;
    know(missing, one.nanos, true);
    know(stale, one.nanos, false);
  }

  private void know(Map<String, Long> changes, long nanos, boolean present) {
    for (Iterator<Map.Entry<String, Long>> all = changes.entrySet().iterator(); all.hasNext(); ) {
      Map.Entry<String, Long> change = all.next();
      if (listed.contains(change.getKey()) == present) {
        ages.add(Math.max(0, NANOSECONDS.toMillis(nanos - change.getValue())));
        all.remove();
      }
    }
  }

  /** What the threads of the list have used so far, also those that have ended since. */
  private long cpuNanos() {
    sampleCpu();
    return cpuByThread.values().stream().mapToLong(nanos -> nanos).sum();
  }

  private void sampleCpu() {
    for (ThreadInfo thread : THREADS.getThreadInfo(THREADS.getAllThreadIds())) {
      if (thread != null && OURS.matcher(thread.getThreadName()).matches()) {
        long nanos = THREADS.getThreadCpuTime(thread.getThreadId());
        cpuByThread.merge(thread.getThreadId(), nanos, Math::max);
      }
    }
  }

  private static long usedMegabytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return (runtime.totalMemory() - runtime.freeMemory()) >> 20;
  }
}
