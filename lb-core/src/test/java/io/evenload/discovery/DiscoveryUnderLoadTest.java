package io.evenload.discovery;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What lists give to those who call: through outages, with many servers, and how soon. */
@Timeout(600)
final class DiscoveryUnderLoadTest {

  private static final int MANY = 5_000;
  private static final int SECONDS = 60;

  @TempDir private Path directory;
  private final VirtualTime time = new VirtualTime();
  private final StubSource registry = new StubSource();

  @Test
  void registry_isDownForAnHour_noCallFailsAlsoOfAProcessThatStartsMeanwhile() throws Exception {
    registry.serve(fleet(1, 5));
    LoadBalancer running = balancer(stored());
    time.advance(Duration.ofMinutes(1));
    registry.fail();
    call(running, 1_800);
    assertThat(running.status().list().failing()).isTrue();
    LoadBalancer started = balancer(stored());
    time.runDue();
    for (int i = 0; i < 1_800; i++) {
      call(running, 1);
      start(started);
    }
    assertThat(started.status().list().failing()).isTrue();
    registry.serve(fleet(3, 7));
    time.advance(Duration.ofSeconds(40));

    for (LoadBalancer balancer : List.of(running, started)) {
      assertThat(balancer.status().list().failing()).isFalse();
      assertThat(balancer.status().endpoints())
          .extracting(endpoint -> endpoint.server())
          .containsExactlyElementsOf(fleet(3, 7));
      balancer.close();
    }
    assertThat(time.pending()).isZero();
  }

  private void call(LoadBalancer balancer, int seconds) throws Exception {
    for (int i = 0; i < seconds; i++) {
      start(balancer);
      time.advance(Duration.ofSeconds(1));
    }
  }

  @Test
  void polling_onePercentChangesEachSecond_eachListIsToldAndNoneIsKept() throws Exception {
    ServerList list =
        PollingServerList.builder(registry)
            .interval(Duration.ofSeconds(1))
            .jitter(0)
            .scheduler(time)
            .nanoTime(time)
            .build();

    churn(list, registry::serve);
  }

  @Test
  void file_onePercentChangesEachSecond_eachListIsToldAndNoneIsKept() throws Exception {
    Path file = directory.resolve("orders.json");
    ServerList list = FileServerList.of(file).interval(Duration.ofMillis(500)).timedBy(time, time);

    churn(list, servers -> SmallFile.replace(file, new ServersJson(servers, null).text()));
  }

  private void churn(ServerList list, Serve source) throws Exception {
    Heard heard = new Heard();
    source.serve(fleet(0, MANY));
    ServerList.Subscription subscription = list.subscribe(heard);
    for (int second = 1; second <= SECONDS; second++) {
      time.advance(Duration.ofSeconds(1));
      source.serve(fleet(second * MANY / 100, MANY + second * MANY / 100));
    }
    time.advance(Duration.ofSeconds(5));

    assertThat(heard.firsts).as("each list in order").hasSize(SECONDS + 1).isSorted();
    assertThat(heard.last).containsExactlyElementsOf(fleet(3_000, 8_000));
    assertThat(heard.reachable()).as("lists of the past that are kept").isLessThanOrEqualTo(2);
    subscription.close();
  }

  @Test
  void change_toTheFirstCall_takesAnIntervalAtMost() throws Exception {
    Path file = directory.resolve("orders.json");
    ServerList polling =
        PollingServerList.builder(registry)
            .random(new SeededRandom(1))
            .scheduler(time)
            .nanoTime(time)
            .build();
    ServerList dns =
        DnsServerList.builder("orders.test", 80)
            .resolver(
                name -> {
                  List<InetAddress> addresses = new ArrayList<>();
                  for (Server server : registry.servers()) {
                    addresses.add(InetAddress.getByName(server.host()));
                  }
                  return addresses;
                })
            .random(new SeededRandom(1))
            .scheduler(time)
            .nanoTime(time)
            .build();
    Serve writer = servers -> SmallFile.replace(file, new ServersJson(servers, null).text());

    assertThat(longestChange(polling, registry::serve)).isBetween(8.0, 12.1);
    assertThat(longestChange(dns, registry::serve)).isBetween(8.0, 12.1);
    assertThat(longestChange(FileServerList.of(file).timedBy(time, time), writer))
        .isBetween(0.4, 0.8);
  }

  /** In seconds, of changes at any time between two looks. */
  private double longestChange(ServerList list, Serve source) throws Exception {
    source.serve(fleet(0, 1));
    LoadBalancer balancer = balancer(list);
    time.advance(Duration.ofMinutes(1));
    SeededRandom random = new SeededRandom(2);
    long longest = 0;
    for (int i = 1; i <= 50; i++) {
      time.advance(Duration.ofMillis(20_000 + random.nextLong(10_000)));
      source.serve(fleet(i, i + 1));
      long changed = time.getAsLong();
      while (!start(balancer).server().equals(server(i))) {
        time.advance(Duration.ofMillis(50));
      }
      longest = Math.max(longest, time.getAsLong() - changed);
    }
    balancer.close();
    return longest / (double) TimeUnit.SECONDS.toNanos(1);
  }

  private ServerList stored() {
    ServerList polling = PollingServerList.builder(registry).scheduler(time).nanoTime(time).build();
    return StoredServerList.of(polling, directory.resolve("orders.json"))
        .timedBy(time, time, () -> Instant.EPOCH.plusNanos(time.getAsLong()));
  }

  private LoadBalancer balancer(ServerList list) {
    return time.drive(LoadBalancer.builder("orders").servers(list)).build();
  }

  @CanIgnoreReturnValue
  private static Attempt start(LoadBalancer balancer) throws Exception {
    Attempt attempt = balancer.start();
    attempt.succeed();
    return attempt;
  }

  private static Server server(int i) {
    return Server.of("10." + (i >> 16) + "." + (i >> 8 & 255) + "." + (i & 255), 80);
  }

  /** The servers of these numbers, in the order of their ids. */
  private static List<Server> fleet(int from, int to) {
    List<Server> fleet = new ArrayList<>();
    for (int i = from; i < to; i++) {
      fleet.add(server(i));
    }
    fleet.sort((a, b) -> a.id().compareTo(b.id()));
    return fleet;
  }

  /** Changes what the source says. */
  @FunctionalInterface
  private interface Serve {
    void serve(List<Server> servers) throws IOException;
  }

  /** Knows the last list, and which of those before are still in memory. */
  private static final class Heard implements ServerList.Listener {
    final List<Integer> firsts = new ArrayList<>();
    private final List<WeakReference<List<Server>>> lists = new ArrayList<>();
    List<Server> last = List.of();

    @Override
    public void updated(List<Server> servers) {
      int least = Integer.MAX_VALUE;
      for (Server server : servers) {
        String host = server.host();
        int last = host.lastIndexOf('.');
        int third = Integer.parseInt(host.substring(host.lastIndexOf('.', last - 1) + 1, last));
        least = Math.min(least, 256 * third + Integer.parseInt(host.substring(last + 1)));
      }
      firsts.add(least);
      lists.add(new WeakReference<>(servers));
      last = servers;
    }

    long reachable() {
      for (int i = 0; i < 20; i++) {
        System.gc();
        long kept = lists.stream().filter(list -> list.get() != null).count();
        if (kept <= 2) {
          return kept;
        }
      }
      return lists.stream().filter(list -> list.get() != null).count();
    }
  }
}
