package io.evenload.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Server;
import io.evenload.ServerList;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DnsServerListTest {

  private final ManualScheduler scheduler = new ManualScheduler();
  private final Recorder recorder = new Recorder();
  private List<String> addresses = List.of("10.0.0.2", "10.0.0.1");
  private int resolutions;

  @Test
  void subscribe_resolvedName_givesEveryAddressInOrder() {
    list().build().subscribe(recorder);
    scheduler.runNext();

    assertThat(recorder.lists)
        .containsExactly(List.of(Server.of("10.0.0.1", 8080), Server.of("10.0.0.2", 8080)));
  }

  @Test
  void subscribe_ipv6Address_isBracketedInTheId() {
    addresses = List.of("::1");
    list().build().subscribe(recorder);
    scheduler.runNext();

    assertThat(recorder.lists.get(0).get(0).id()).isEqualTo("[0:0:0:0:0:0:0:1]:8080");
  }

  @Test
  void poll_sameAddressesInAnotherOrder_isNoUpdate() {
    list().build().subscribe(recorder);
    scheduler.runNext();
    addresses = List.of("10.0.0.1", "10.0.0.2", "10.0.0.1");
    scheduler.runNext();

    assertThat(resolutions).isEqualTo(2);
    assertThat(recorder.lists).hasSize(1);
  }

  @Test
  void poll_changedAddresses_isAnUpdate() {
    list().build().subscribe(recorder);
    scheduler.runNext();
    addresses = List.of("10.0.0.3");
    scheduler.runNext();

    assertThat(recorder.lists).hasSize(2);
    assertThat(recorder.lists.get(1)).containsExactly(Server.of("10.0.0.3", 8080));
  }

  @Test
  void poll_failure_isReportedAndTheNextSuccessOfTheSameAddressesIsNoUpdate() {
    list().build().subscribe(recorder);
    scheduler.runNext();
    List<String> good = addresses;
    addresses = List.of();
    scheduler.runNext();
    addresses = good;
    scheduler.runNext();

    assertThat(recorder.failures).hasSize(1).allMatch(e -> e instanceof UnknownHostException);
    assertThat(recorder.lists).hasSize(1);
  }

  @Test
  void poll_throwingListener_goesOn() {
    recorder.throwing = true;
    list().build().subscribe(recorder);
    scheduler.runNext();
    addresses = List.of("10.0.0.9");
    scheduler.runNext();

    assertThat(recorder.lists).hasSize(2);
  }

  @Test
  void waits_stayWithinTheJitter() {
    list().interval(Duration.ofSeconds(10)).jitter(0.2).build().subscribe(recorder);
    for (int i = 0; i < 200; i++) {
      scheduler.runNext();
    }

    List<Long> waits = scheduler.delaysMillis.subList(1, 200);
    assertThat(waits).allMatch(wait -> wait >= 8_000 && wait <= 12_000);
    assertThat(waits.stream().mapToLong(Long::longValue).min().orElseThrow()).isLessThan(8_500);
    assertThat(waits.stream().mapToLong(Long::longValue).max().orElseThrow()).isGreaterThan(11_500);
  }

  @Test
  void waits_beforeTheFirstSuccess_areShort() {
    addresses = List.of();
    list().jitter(0).build().subscribe(recorder);
    scheduler.runNext();
    scheduler.runNext();
    addresses = List.of("10.0.0.1");
    scheduler.runNext();

    assertThat(scheduler.delaysMillis).containsExactly(0L, 1_000L, 1_000L, 10_000L);
  }

  @Test
  void close_whileWaiting_cancelsTheNextPoll() {
    ServerList.Subscription subscription = list().build().subscribe(recorder);
    scheduler.runNext();
    subscription.close();
    subscription.close();
    addresses = List.of("10.0.0.9");
    scheduler.runNext();

    assertThat(resolutions).isEqualTo(1);
    assertThat(scheduler.lastWasCancelled()).isTrue();
    assertThat(scheduler.isShutdown()).isFalse();
  }

  @Test
  void close_whileResolving_tellsNothingMore() {
    ServerList.Subscription[] subscription = new ServerList.Subscription[1];
    DnsServerList list =
        list()
            .resolver(
                name -> {
                  subscription[0].close();
                  throw new UnknownHostException(name);
                })
            .build();
    subscription[0] = list.subscribe(recorder);
    scheduler.runNext();

    assertThat(recorder.failures).isEmpty();
    assertThat(scheduler.delaysMillis).hasSize(1);
  }

  @Test
  void close_ownThread_ends() throws Exception {
    CompletableFuture<Thread> resolving = new CompletableFuture<>();
    CountDownLatch never = new CountDownLatch(1);
    ServerList.Subscription subscription =
        DnsServerList.builder("orders.test", 80)
            .resolver(
                name -> {
                  resolving.complete(Thread.currentThread());
                  try {
                    never.await();
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                  throw new UnknownHostException(name);
                })
            .build()
            .subscribe(recorder);
    Thread thread = resolving.get(10, TimeUnit.SECONDS);
    subscription.close();
    thread.join(10_000);

    assertThat(thread.isAlive()).isFalse();
    assertThat(thread.isDaemon()).isTrue();
  }

  @Test
  void of_localhost_resolvesThroughTheJdk() throws Exception {
    CompletableFuture<List<Server>> first = new CompletableFuture<>();
    ServerList.Subscription subscription =
        DnsServerList.of("localhost", 80).subscribe(first::complete);

    assertThat(first.get(10, TimeUnit.SECONDS))
        .isNotEmpty()
        .allMatch(server -> server.port() == 80);
    subscription.close();
  }

  @Test
  void builder_badValues_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> list().interval(Duration.ofMillis(99)))
        .withMessage("interval: PT0.099S (expected: PT0.1S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> list().jitter(Double.NaN))
        .withMessage("jitter: NaN (expected: 0 to 0.5)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DnsServerList.builder("orders", 0))
        .withMessage("port: 0 (expected: 1 to 65535)");
    assertThat(DnsServerList.of("orders", 80)).hasToString("DnsServerList orders:80");
  }

  private DnsServerList.Builder list() {
    return DnsServerList.builder("orders.test", 8080)
        .scheduler(scheduler)
        .random(new SplittableRandom(1))
        .resolver(
            name -> {
              resolutions++;
              List<InetAddress> found = new ArrayList<>();
              for (String address : addresses) {
                found.add(InetAddress.getByName(address));
              }
              return found;
            });
  }

  private static final class Recorder implements ServerList.Listener {
    final List<List<Server>> lists = new ArrayList<>();
    final List<Throwable> failures = new ArrayList<>();
    boolean throwing;

    @Override
    public void updated(List<Server> servers) {
      lists.add(servers);
      if (throwing) {
        throw new IllegalStateException("from the listener");
      }
    }

    @Override
    public void failed(Throwable cause) {
      failures.add(cause);
    }
  }

  /**
   * Holds the one task that a poller has scheduled, and runs it when told to, however far it lies
   * ahead.
   */
  private static final class ManualScheduler extends ScheduledThreadPoolExecutor {
    final List<Long> delaysMillis = new ArrayList<>();
    private Runnable task = () -> {};
    private ScheduledFuture<?> last;

    ManualScheduler() {
      super(0);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
      delaysMillis.add(unit.toMillis(delay));
      last = super.schedule(() -> {}, 1, TimeUnit.DAYS);
      task = command;
      return last;
    }

    @Override
    public void execute(Runnable command) {
      last = schedule(command, 0, TimeUnit.NANOSECONDS);
    }

    void runNext() {
      if (!last.isCancelled()) {
        task.run();
      }
    }

    boolean lastWasCancelled() {
      return last.isCancelled();
    }
  }
}
