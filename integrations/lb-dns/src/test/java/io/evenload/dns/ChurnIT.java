package io.evenload.dns;

import static java.util.concurrent.TimeUnit.NANOSECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.lang.management.ThreadMXBean;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * 5,000 addresses of which a hundredth changes each second, for as many seconds as the property
 * {@code discovery.seconds} says. An answer has room for some 4,000 A records, so a part is AAAA.
 */
class ChurnIT {

  private static final int FOURS = 3_500;
  private static final int SIXES = 1_500;
  private static final int CHANGES = (FOURS + SIXES) / 100;
  private static final int BATCH = 500;

  @TempDir Path directory;

  private final Set<String> seen = ConcurrentHashMap.newKeySet();
  private volatile Set<String> listed = Set.of();
  private final Deque<String> fours = new ArrayDeque<>();
  private final Deque<String> sixes = new ArrayDeque<>();
  private int made;
  private ScheduledThreadPoolExecutor asking; // a thread that stays, so that its time can be told

  @BeforeEach
  void startAsking() {
    asking = new ScheduledThreadPoolExecutor(1, work -> new Thread(work, "evenload-dns"));
  }

  @AfterEach
  void stopAsking() {
    asking.shutdownNow();
  }

  @Test
  void list_of5000Addresses_missesNoChange() throws IOException {
    int seconds = Integer.getInteger("discovery.seconds", 10);
    try (Bind bind = new Bind(directory)) {
      List<String> first = new ArrayList<>();
      for (int i = 0; i < FOURS + SIXES; i++) {
        first.add(i < FOURS ? four() : six());
      }
      for (int i = 0; i < first.size(); i += BATCH) {
        bind.add(first.subList(i, Math.min(first.size(), i + BATCH)));
      }
      DnsLookup list =
          DnsLookup.addresses("big.shop.test.", 80)
              .nameServers(bind.address())
              .scheduler(asking)
              .build();
      ServerList.Subscription subscription = list.subscribe(this::take);
      try {
        Await.until("5,000 servers", () -> listed.equals(expected()));
        churn(bind, seconds);
      } finally {
        subscription.close();
      }
    }
  }

  private void churn(Bind bind, int seconds) throws IOException {
    Set<String> ever = new HashSet<>(expected());
    long memory = usedMegabytes();
    long cpu = cpuNanos();
    long begin = System.nanoTime();
    for (int second = 1; second <= seconds; second++) {
      List<String> added = new ArrayList<>();
      List<String> removed = new ArrayList<>();
      for (int i = 0; i < CHANGES; i++) {
        boolean six = i % 10 < 3;
        removed.add((six ? sixes : fours).remove());
        added.add(six ? six() : four());
      }
      bind.remove(removed);
      bind.add(added);
      ever.addAll(expected());
      long rest = begin + SECONDS.toNanos(second) - System.nanoTime();
      LockSupport.parkNanos(rest);
    }
    long millis = NANOSECONDS.toMillis(System.nanoTime() - begin);
    long used = NANOSECONDS.toMillis(cpuNanos() - cpu);
    long last = Await.until("the last change", () -> listed.equals(expected()));
    System.out.printf(
        "5,000 addresses, %d changed in %d ms: %.1f %% of a core, %d MB before and %d after, last"
            + " change seen after %d ms%n",
        CHANGES * seconds, millis, 100.0 * used / millis, memory, usedMegabytes(), last);
    assertThat(seen).containsAll(ever);
    assertThat(usedMegabytes()).isLessThan(memory + 50);
    assertThat(used).isLessThan(millis / 2);
  }

  private void take(List<Server> servers) {
    Set<String> hosts = servers.stream().map(Server::host).collect(toSet());
    seen.addAll(hosts);
    listed = hosts;
  }

  private Set<String> expected() {
    Set<String> hosts = new HashSet<>();
    fours.forEach(record -> hosts.add(record.substring(record.lastIndexOf(' ') + 1)));
    sixes.forEach(
        record ->
            hosts.add(
                record.substring(record.lastIndexOf(' ') + 1).replace("::", ":0:0:0:0:0:0:")));
    return hosts;
  }

  private String four() {
    made++;
    String record = "big 1 A 10.%d.%d.%d".formatted(made >> 16, (made >> 8) & 255, made & 255);
    fours.add(record);
    return record;
  }

  private String six() {
    made++;
    String record = "big 1 AAAA fd00::" + Integer.toHexString(made);
    sixes.add(record);
    return record;
  }

  private static long usedMegabytes() {
    System.gc();
    Runtime runtime = Runtime.getRuntime();
    return (runtime.totalMemory() - runtime.freeMemory()) >> 20;
  }

  /** What the threads of the list and of dnsjava have used so far. */
  private static long cpuNanos() {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long nanos = 0;
    for (ThreadInfo thread : threads.getThreadInfo(threads.getAllThreadIds())) {
      if (thread != null && thread.getThreadName().matches("evenload-.*|dnsjava.*")) {
        nanos += threads.getThreadCpuTime(thread.getThreadId());
      }
    }
    return nanos;
  }
}
