package io.evenload.discovery;

import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.InstanceOfAssertFactories.LIST;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.VirtualTime;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DnsServerListTest {

  private final ManualScheduler scheduler = new ManualScheduler();
  private final Recorder recorder = new Recorder();
  private List<String> addresses = List.of("10.0.0.2", "10.0.0.1");
  private Exception failure;
  private Runnable whileResolving = () -> {};
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
    failure = new UnknownHostException("orders.test");
    scheduler.runNext();
    failure = new IllegalStateException("broken resolver");
    scheduler.runNext();
    failure = null;
    scheduler.runNext();

    assertThat(recorder.failures)
        .hasExactlyElementsOfTypes(UnknownHostException.class, IllegalStateException.class);
    assertThat(recorder.lists).hasSize(1);
    assertThat(recorder.confirmed).isEqualTo(1);
  }

  @Test
  void poll_noAddress_isAnEmptyListOnceThenConfirmed() {
    list().build().subscribe(recorder);
    scheduler.runNext();
    addresses = List.of();
    scheduler.runNext();
    scheduler.runNext();
    addresses = List.of("10.0.0.3");
    scheduler.runNext();

    assertThat(recorder.lists)
        .satisfiesExactly(
            first -> assertThat(first).hasSize(2),
            second -> assertThat(second).isEmpty(),
            third -> assertThat(third).containsExactly(Server.of("10.0.0.3", 8080)));
    assertThat(recorder.confirmed).isEqualTo(1);
    assertThat(recorder.failures).isEmpty();
  }

  @Test
  void poll_addressesRotate_isNoUpdate() {
    list().build().subscribe(recorder);
    scheduler.runNext();
    List<String> rotating = new ArrayList<>(List.of("10.0.0.1", "10.0.0.2"));
    for (int i = 0; i < 10; i++) {
      Collections.rotate(rotating, 1);
      addresses = List.copyOf(rotating);
      scheduler.runNext();
    }

    assertThat(recorder.lists).hasSize(1);
    assertThat(recorder.confirmed).isEqualTo(10);
  }

  @Test
  void poll_unknownForLong_isAnEmptyListOnce() {
    VirtualTime time = new VirtualTime();
    long start = Long.MAX_VALUE - Duration.ofHours(3).toNanos();
    list().scheduler(time).nanoTime(() -> start + time.getAsLong()).build().subscribe(recorder);
    time.runDue();
    failure = new UnknownHostException("orders.test");
    time.advance(Duration.ofHours(5).plusMinutes(59));
    assertThat(recorder.lists).hasSize(1);
    time.advance(Duration.ofMinutes(2));
    assertThat(recorder.lists).hasSize(2).last().isEqualTo(List.of());
    time.advance(Duration.ofHours(12));
    assertThat(recorder.lists).hasSize(2);
    failure = null;
    time.advance(Duration.ofSeconds(20));

    assertThat(recorder.lists).hasSize(3).last().asInstanceOf(LIST).hasSize(2);
  }

  @Test
  void poll_anythingButUnknownMeanwhile_theTimeBeginsAnew() {
    VirtualTime time = new VirtualTime();
    list().unknownGrace(ofMinutes(10)).scheduler(time).nanoTime(time).build().subscribe(recorder);
    time.runDue();
    for (int i = 0; i < 5; i++) {
      failure = new UnknownHostException("orders.test");
      time.advance(ofMinutes(9));
      failure = new IllegalStateException("broken resolver");
      time.advance(ofMinutes(1));
    }

    assertThat(recorder.lists).hasSize(1);
  }

  @Test
  void refresh_asksAtOnceAndOnceASecondAtMost() {
    VirtualTime time = new VirtualTime();
    ServerList.Subscription subscription = polling(time, ofMinutes(1));
    time.advance(Duration.ofSeconds(20));
    assertThat(resolutions).isEqualTo(1);
    subscription.refresh();
    time.runDue();
    assertThat(resolutions).isEqualTo(2);
    for (int i = 0; i < 100; i++) {
      subscription.refresh();
      time.advance(Duration.ofMillis(100));
    }
    assertThat(resolutions).isBetween(2 + 7, 2 + 10);
    assertThat(time.pending()).isEqualTo(1);
    int asked = resolutions;
    time.advance(Duration.ofSeconds(40));
    assertThat(resolutions).isBetween(asked, asked + 1); // the last one that was asked for
    time.advance(ofMinutes(5));
    assertThat(resolutions - asked).isBetween(4, 8);
    subscription.close();
    subscription.refresh();
    assertThat(time.pending()).isZero();
  }

  @Test
  void refresh_whileResolving_asksAgainAfterASecond() {
    VirtualTime time = new VirtualTime();
    ServerList.Subscription[] subscription = new ServerList.Subscription[1];
    subscription[0] = polling(time, ofMinutes(1));
    time.advance(Duration.ofSeconds(5));
    whileResolving = () -> subscription[0].refresh();
    subscription[0].refresh();
    time.runDue();
    whileResolving = () -> {};
    assertThat(resolutions).isEqualTo(2);
    time.advance(Duration.ofMillis(999));
    assertThat(resolutions).isEqualTo(2);
    time.advance(Duration.ofMillis(201));

    assertThat(resolutions).isEqualTo(3);
    assertThat(time.pending()).isEqualTo(1);
  }

  @Test
  void scheduler_refusesOnce_isAskedAgain() throws Exception {
    CountDownLatch again = new CountDownLatch(2);
    RefusingScheduler refusing = new RefusingScheduler();
    ServerList.Subscription subscription =
        list()
            .scheduler(refusing)
            .resolver(
                name -> {
                  again.countDown();
                  refusing.refuses = again.getCount() == 1;
                  return List.of();
                })
            .build()
            .subscribe(recorder);

    assertThat(again.await(20, TimeUnit.SECONDS)).isTrue();
    subscription.close();
    refusing.shutdownNow();
  }

  @Test
  void scheduler_isShutDown_isSaidOnce() {
    VirtualTime time = new VirtualTime();
    try (CapturedLog log = new CapturedLog(DnsServerList.class)) {
      polling(time, ofMinutes(1));
      time.advance(ofMinutes(3));
      whileResolving = time::shutdown;
      time.advance(ofMinutes(3));

      assertThat(log.messages())
          .containsExactly(
              "DnsServerList orders.test:8080: its scheduler was shut down, so the name is not asked"
                  + " any more");
    }
  }

  @Test
  void poll_otherResolversHang_isNotDelayed() throws Exception {
    CountDownLatch released = new CountDownLatch(1);
    List<ServerList.Subscription> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      all.add(
          DnsServerList.builder("hanging.test", 80)
              .resolver(
                  name -> {
                    await(released);
                    return List.of();
                  })
              .build()
              .subscribe(servers -> {}));
    }
    CompletableFuture<List<Server>> first = new CompletableFuture<>();
    all.add(
        DnsServerList.builder("well.test", 80)
            .resolver(name -> List.of(InetAddress.getLoopbackAddress()))
            .build()
            .subscribe(first::complete));

    assertThat(first.get(10, TimeUnit.SECONDS)).hasSize(1);
    released.countDown();
    all.forEach(ServerList.Subscription::close);
  }

  @Test
  void name_notAscii_isResolvedInItsAsciiForm() {
    List<String> asked = new ArrayList<>();
    DnsServerList.builder("bücher.test", 80)
        .scheduler(scheduler)
        .resolver(
            name -> {
              asked.add(name);
              return List.of();
            })
        .build()
        .subscribe(recorder);
    scheduler.runNext();

    assertThat(asked).containsExactly("xn--bcher-kva.test");
    assertThat(DnsServerList.of("bücher.test", 80)).hasToString("DnsServerList bücher.test:80");
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
  void family_ofOneKind_leavesOutTheOther() {
    addresses = List.of("::1", "10.0.0.1");
    list().family(DnsServerList.Family.IPV4).build().subscribe(recorder);
    scheduler.runNext();
    list().family(DnsServerList.Family.IPV6).build().subscribe(recorder);
    scheduler.runNext();
    list().build().subscribe(recorder);
    scheduler.runNext();

    assertThat(recorder.lists)
        .satisfiesExactly(
            four -> assertThat(four).containsExactly(Server.of("10.0.0.1", 8080)),
            six -> assertThat(six).containsExactly(Server.of("0:0:0:0:0:0:0:1", 8080)),
            both -> assertThat(both).hasSize(2));
  }

  @Test
  void seenWithin_isTheIntervalAndWhatTheJdkCaches() {
    assertThat(list().interval(Duration.ofSeconds(20)).build().seenWithin()).hasSeconds(24);
    assertThat(JdkNameCache.life(null, null)).hasSeconds(30);
    assertThat(JdkNameCache.life("5", "7")).hasSeconds(5);
    assertThat(JdkNameCache.life("x", " 7 ")).hasSeconds(7);
    assertThat(JdkNameCache.life("-1", null)).isNull();
    Duration cached = JdkNameCache.life();
    assertThat(DnsServerList.of("orders", 80).seenWithin())
        .isEqualTo(cached == null ? null : cached.plusSeconds(12));
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
        .isThrownBy(() -> list().unknownGrace(Duration.ofMillis(999)))
        .withMessage("unknownGrace: PT0.999S (expected: PT1S to PT8760H)");
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
              whileResolving.run();
              if (failure instanceof UnknownHostException unknown) {
                throw unknown;
              } else if (failure instanceof RuntimeException broken) {
                throw broken;
              }
              List<InetAddress> found = new ArrayList<>();
              for (String address : addresses) {
                found.add(InetAddress.getByName(address));
              }
              return found;
            });
  }

  private ServerList.Subscription polling(VirtualTime time, Duration interval) {
    ServerList.Subscription subscription =
        list()
            .interval(interval)
            .jitter(0.2)
            .scheduler(time)
            .nanoTime(time)
            .build()
            .subscribe(recorder);
    time.runDue();
    return subscription;
  }

  private static void await(CountDownLatch latch) {
    try {
      boolean unused = latch.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs everything at once, or refuses it. */
  private static final class RefusingScheduler extends ScheduledThreadPoolExecutor {
    volatile boolean refuses;

    RefusingScheduler() {
      super(1);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
      if (refuses) {
        refuses = false;
        throw new RejectedExecutionException("not now");
      }
      return super.schedule(command, 0, unit);
    }
  }

  private static final class Recorder implements ServerList.Listener {
    final List<List<Server>> lists = new ArrayList<>();
    final List<Throwable> failures = new ArrayList<>();
    int confirmed;
    boolean throwing;

    @Override
    public void updated(List<Server> servers) {
      lists.add(servers);
      if (throwing) {
        throw new IllegalStateException("from the listener");
      }
    }

    @Override
    public void confirmed() {
      confirmed++;
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
