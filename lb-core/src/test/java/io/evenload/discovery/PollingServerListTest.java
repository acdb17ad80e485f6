package io.evenload.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.ServerList.Subscription;
import io.evenload.discovery.PollingServerList.Answer;
import io.evenload.discovery.PollingServerList.Source;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
final class PollingServerListTest {

  private static final Server ONE = Server.of("10.0.0.1", 80);
  private static final Server TWO = Server.of("10.0.0.2", 80);

  private final VirtualTime time = new VirtualTime();
  private final Recorder recorder = new Recorder();
  private final List<Long> looks = new ArrayList<>();

  @Test
  void look_whateverIsThrown_isToldAndTriedAgain() {
    List<Throwable> thrown =
        List.of(
            new IOException("down"),
            new IllegalStateException("bug"),
            new NoClassDefFoundError("of a class"),
            new StackOverflowError(),
            new AssertionError("wrong"));
    Subscription subscription =
        subscribe(
            () -> {
              if (looks.size() <= thrown.size()) {
                throwIt(thrown.get(looks.size() - 1));
              }
              return Answer.of(List.of(ONE));
            });
    time.advance(Duration.ofMinutes(5));

    assertThat(recorder.failures).isEqualTo(thrown);
    assertThat(recorder.lists).containsExactly(List.of(ONE));
    subscription.close();
  }

  @Test
  void refresh_whileALookWaits_isToldToTheSourceOnce() throws Exception {
    CountDownLatch waiting = new CountDownLatch(1);
    CountDownLatch changed = new CountDownLatch(1);
    AtomicInteger told = new AtomicInteger();
    AtomicInteger begun = new AtomicInteger();
    Source source =
        new Source() {
          @Override
          public Answer look() throws InterruptedException {
            if (begun.incrementAndGet() == 2) {
              waiting.countDown();
              changed.await();
            }
            return Answer.of(List.of(Server.of("h" + begun.get(), 80)), Duration.ZERO);
          }

          @Override
          public void refresh() {
            if (told.incrementAndGet() == 1) {
              changed.countDown();
            }
            throw new IllegalStateException("is contained");
          }
        };
    CompletableFuture<Void> second = new CompletableFuture<>();
    Subscription subscription =
        PollingServerList.sourceBuilder(() -> source)
            .minGap(Duration.ofMillis(1))
            .build()
            .subscribe(
                servers -> {
                  if (servers.get(0).host().equals("h2")) {
                    second.complete(null);
                  }
                });
    waiting.await();
    while (!second.isDone()) {
      subscription.refresh();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
    }
    subscription.close();

    assertThat(told.get()).isBetween(1, begun.get());
  }

  @Test
  void list_thatTookLongToBringIntoForce_isFollowedByARest() {
    assertThat(gapAfterWorkOf(Duration.ofMillis(1))).isEqualTo(Duration.ofMillis(31));
    assertThat(gapAfterWorkOf(Duration.ofMillis(10))).isEqualTo(Duration.ofMillis(310));
    assertThat(gapAfterWorkOf(Duration.ofSeconds(2))).isEqualTo(Duration.ofMillis(2_500));
  }

  /** Of a source that is to be asked again at once, and a listener that works for so long. */
  private Duration gapAfterWorkOf(Duration work) {
    AtomicLong worked = new AtomicLong();
    LongSupplier clock = () -> time.getAsLong() + worked.get();
    List<Long> begun = new ArrayList<>();
    Subscription subscription =
        PollingServerList.sourceBuilder(
                () ->
                    () -> {
                      begun.add(clock.getAsLong());
                      return Answer.of(List.of(Server.of("h" + begun.size(), 80)), Duration.ZERO);
                    })
            .minGap(Duration.ofMillis(1))
            .jitter(0)
            .nanoTime(clock)
            .scheduler(time)
            .build()
            .subscribe(servers -> worked.addAndGet(work.toNanos()));
    time.advance(Duration.ofSeconds(1));
    subscription.close();
    return Duration.ofNanos(begun.get(1) - begun.get(0));
  }

  @Test
  void look_nullOrNothingToMakeASource_isAFailure() {
    AtomicInteger made = new AtomicInteger();
    Subscription subscription =
        options(
                PollingServerList.sourceBuilder(
                    () -> {
                      if (made.incrementAndGet() == 1) {
                        throw new IllegalStateException("no source yet");
                      }
                      return made.get() == 2 ? null : () -> null;
                    }))
            .build()
            .subscribe(recorder);
    time.advance(Duration.ofSeconds(60));

    assertThat(recorder.failures.get(0)).hasMessage("no source yet");
    assertThat(recorder.failures.get(1)).hasMessage("the supplier of sources gave null");
    assertThat(recorder.failures.get(2)).hasMessage("the source answered null");
    assertThat(made).hasValue(3);
    subscription.close();
  }

  @Test
  void failures_inARow_areAskedAfterTwiceAsLongUpToHalfAMinute() {
    Subscription subscription =
        options(
                PollingServerList.builder(
                    () -> {
                      looks.add(time.getAsLong());
                      throw new IOException("down");
                    }))
            .jitter(0)
            .build()
            .subscribe(recorder);
    time.advance(Duration.ofMinutes(3));

    assertThat(gapsMillis().subList(0, 8))
        .containsExactly(1_000L, 2_000L, 4_000L, 8_000L, 16_000L, 30_000L, 30_000L, 30_000L);
    subscription.close();
  }

  @Test
  void answer_saysHowLongItHolds_isAskedThenAndNotBefore() {
    Subscription subscription =
        subscribe(() -> Answer.of(List.of(ONE), Duration.ofSeconds(looks.size() * 20L)));
    time.advance(Duration.ofMinutes(3));

    assertThat(gapsMillis()).hasSize(3);
    assertThat(gapsMillis().get(0)).isBetween(20_000L, 24_000L);
    assertThat(gapsMillis().get(1)).isBetween(40_000L, 48_000L);
    assertThat(gapsMillis().get(2)).isBetween(60_000L, 72_000L);
    subscription.close();
  }

  @Test
  void answer_wantsTheNextLookAtOnce_isAskedAGapAfterTheLastBegan() {
    Subscription subscription = subscribe(() -> Answer.of(List.of(ONE), Duration.ZERO));
    time.advance(Duration.ofSeconds(10));
    assertThat(gapsMillis()).hasSize(10).allMatch(gap -> gap == 1_000L);
    subscription.close();

    looks.clear();
    Subscription waiting =
        subscribe(
            () -> {
              time.jump(Duration.ofMinutes(5)); // as a long poll does
              return Answer.of(List.of(ONE), Duration.ZERO);
            });
    time.advance(Duration.ofMinutes(20));
    assertThat(gapsMillis()).hasSizeGreaterThanOrEqualTo(3).allMatch(gap -> gap == 300_000L);
    waiting.close();
  }

  @Test
  void look_takesTooLong_isInterruptedAndAFailureOnce() throws Exception {
    CompletableFuture<List<Server>> list = new CompletableFuture<>();
    CompletableFuture<Throwable> failure = new CompletableFuture<>();
    AtomicInteger failures = new AtomicInteger();
    AtomicInteger asked = new AtomicInteger();
    Subscription subscription =
        PollingServerList.builder(
                () -> {
                  if (asked.getAndIncrement() == 0) {
                    new CountDownLatch(1).await();
                  }
                  return List.of(ONE);
                })
            .timeLimit(Duration.ofMillis(50))
            .minBackoff(Duration.ofMillis(10))
            .build()
            .subscribe(
                new ServerList.Listener() {
                  @Override
                  public void updated(List<Server> servers) {
                    list.complete(servers);
                  }

                  @Override
                  public void failed(Throwable cause) {
                    failures.incrementAndGet();
                    failure.complete(cause);
                  }
                });

    assertThat(list.get(60, TimeUnit.SECONDS)).containsExactly(ONE);
    assertThat(failure.get())
        .isInstanceOf(TimeoutException.class)
        .hasMessage("no answer within PT0.05S");
    assertThat(failures).hasValue(1);
    subscription.close();
  }

  @Test
  void look_ignoresTheInterrupt_isToldMeanwhileAndBelievedInTheEnd() {
    Subscription subscription =
        subscribe(
            () -> {
              if (looks.size() == 1) {
                time.advance(Duration.ofMinutes(10));
              }
              return Answer.of(List.of(ONE));
            });
    time.advance(Duration.ofSeconds(1));

    assertThat(looks).as("never twice at once").hasSize(1);
    assertThat(recorder.failures).hasSize(1);
    assertThat(recorder.failures.get(0)).hasMessage("no answer within PT1M");
    assertThat(recorder.lists).containsExactly(List.of(ONE));
    assertThat(Thread.interrupted()).isFalse();
    subscription.close();
  }

  @Test
  void close_whileTheSourceBlocks_interruptsAndClosesItOnce() throws Exception {
    CountDownLatch blocked = new CountDownLatch(1);
    CompletableFuture<Boolean> ended = new CompletableFuture<>();
    AtomicInteger closed = new AtomicInteger();
    Subscription subscription =
        PollingServerList.sourceBuilder(
                () ->
                    new Source() {
                      @Override
                      public Answer look() throws InterruptedException {
                        blocked.countDown();
                        try {
                          new CountDownLatch(1).await();
                        } finally {
                          ended.complete(true);
                        }
                        return Answer.of(List.of());
                      }

                      @Override
                      public void close() {
                        closed.incrementAndGet();
                        throw new IllegalStateException("a source that cannot be closed");
                      }
                    })
            .build()
            .subscribe(recorder);
    assertThat(blocked.await(60, TimeUnit.SECONDS)).isTrue();
    subscription.close();
    subscription.close();

    assertThat(ended.get(60, TimeUnit.SECONDS)).isTrue();
    assertThat(closed).hasValue(1);
    assertThat(recorder.failures).isEmpty();
  }

  @Test
  void close_beforeTheFirstLook_makesNoSource() {
    AtomicInteger made = new AtomicInteger();
    Subscription subscription =
        options(
                PollingServerList.sourceBuilder(
                    () -> {
                      made.incrementAndGet();
                      return () -> Answer.of(List.of());
                    }))
            .build()
            .subscribe(recorder);
    subscription.close();
    time.advance(Duration.ofHours(1));

    assertThat(made).hasValue(0);
  }

  @Test
  void subscriptions_haveASourceEach() {
    List<String> asked = new ArrayList<>();
    AtomicInteger made = new AtomicInteger();
    PollingServerList list =
        options(
                PollingServerList.sourceBuilder(
                    () -> {
                      String name = "source " + made.incrementAndGet();
                      return () -> {
                        asked.add(name);
                        return Answer.of(List.of(ONE));
                      };
                    }))
            .build();
    List<Subscription> both = List.of(list.subscribe(recorder), list.subscribe(new Recorder()));
    time.runDue();

    assertThat(asked).containsExactly("source 1", "source 2");
    both.forEach(Subscription::close);
  }

  @Test
  void garbage_isNamedInOneLineAMinute() {
    Server other = Server.builder("10.0.0.9", 80).id("10.0.0.1:80").build();
    List<Server> garbage = new ArrayList<>(List.of(TWO, ONE, other, TWO));
    garbage.add(null);
    garbage.add(null);
    try (CapturedLog log = new CapturedLog(PollingServerList.class)) {
      Subscription subscription = subscribe(() -> Answer.of(garbage));
      time.advance(Duration.ofMinutes(2));

      assertThat(recorder.lists).containsExactly(List.of(ONE, TWO));
      assertThat(log.messages()).hasSize(2);
      assertThat(log.messages().get(0))
          .isEqualTo(
              "orders: left out of the list: 2 times null, other servers with the ids 10.0.0.1:80");
      assertThat(log.messages().get(1)).matches(".* \\(and of \\d answers before\\)");
      subscription.close();
    }
  }

  @Test
  void of_defaults_asksOnSharedThreads() throws Exception {
    CompletableFuture<List<Server>> list = new CompletableFuture<>();
    Subscription subscription =
        PollingServerList.of(() -> List.of(TWO, ONE), Duration.ofSeconds(10))
            .subscribe(list::complete);

    assertThat(list.get(60, TimeUnit.SECONDS)).containsExactly(ONE, TWO);
    subscription.close();
  }

  @Test
  void builder_badValues_areNamed() {
    PollingServerList.Builder builder = PollingServerList.builder(List::of);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.interval(Duration.ofMillis(99)))
        .withMessage("interval: PT0.099S (expected: PT0.1S to PT24H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.jitter(0.6))
        .withMessage("jitter: 0.6 (expected: 0 to 0.5)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.name(" "))
        .withMessage("name: ' ' (expected: not blank)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.minBackoff(Duration.ofMinutes(1)).build())
        .withMessage("minBackoff: PT1M (expected: <= maxBackoff, PT30S)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Answer.of(List.of(), Duration.ofSeconds(-1)))
        .withMessage("next: PT-1S (expected: PT0S or more)");
    assertThat(PollingServerList.builder(List::of).build()).hasToString("PollingServerList");
    assertThat(PollingServerList.builder(List::of).name("orders").build()).hasToString("orders");
  }

  private Subscription subscribe(Source source) {
    return options(
            PollingServerList.sourceBuilder(
                () ->
                    () -> {
                      looks.add(time.getAsLong());
                      return source.look();
                    }))
        .build()
        .subscribe(recorder);
  }

  private PollingServerList.Builder options(PollingServerList.Builder builder) {
    return builder.name("orders").random(new SeededRandom(1)).scheduler(time).nanoTime(time);
  }

  private List<Long> gapsMillis() {
    List<Long> gaps = new ArrayList<>();
    for (int i = 1; i < looks.size(); i++) {
      gaps.add(TimeUnit.NANOSECONDS.toMillis(looks.get(i) - looks.get(i - 1)));
    }
    return gaps;
  }

  private static void throwIt(Throwable cause) throws IOException {
    if (cause instanceof IOException io) {
      throw io;
    } else if (cause instanceof Error error) {
      throw error;
    }
    throw (RuntimeException) cause;
  }

  private static final class Recorder implements ServerList.Listener {
    final List<List<Server>> lists = new ArrayList<>();
    final List<Throwable> failures = new ArrayList<>();

    @Override
    public void updated(List<Server> servers) {
      lists.add(servers);
    }

    @Override
    public void failed(Throwable cause) {
      failures.add(cause);
    }
  }
}
