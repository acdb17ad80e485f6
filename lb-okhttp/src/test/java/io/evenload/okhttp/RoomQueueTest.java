package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.limit.ConcurrencyLimits;
import java.io.IOException;
import java.lang.reflect.Field;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RoomQueueTest {

  private static final RoomQueue.Pause PATIENT =
      latch -> {
        try {
          if (!latch.await(30, TimeUnit.SECONDS)) {
            throw new AssertionError("a wake-up was lost");
          }
          return true;
        } catch (InterruptedException e) {
          throw new IOException(e);
        }
      };

  private final UpdatableServerList list =
      new UpdatableServerList(List.of(Server.of("a", 80), Server.of("b", 80)));
  private LoadBalancer balancer = LoadBalancer.of("unused");
  private RoomQueue queue = new RoomQueue(balancer);

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void await_room_isServedInTheOrderOfComing() throws Exception {
    start(list, 1);
    List<Attempt> running = new ArrayList<>(List.of(balancer.start(), balancer.start()));
    List<Integer> served = new ArrayList<>();
    BlockingQueue<Integer> order = new LinkedBlockingQueue<>();
    List<Waiting> waiting = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      waiting.add(new Waiting(i, order, RequestContext.create(), false));
      waiting.get(i).awaitSleep();
    }
    for (int i = 0; i < 5; i++) {
      running.remove(0).succeed();
      served.add(order.poll(20, TimeUnit.SECONDS));
      running.add(waiting.get(i).attempt());
    }

    assertThat(served).containsExactly(0, 1, 2, 3, 4);
    running.forEach(Attempt::succeed);
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void await_firstIsPickyAndFindsNone_nextIsServed() throws Exception {
    start(list, 1);
    Attempt one = balancer.start();
    Attempt two = balancer.start();
    Server wanted = two.server();
    BlockingQueue<Integer> order = new LinkedBlockingQueue<>();
    RequestContext only = RequestContext.create().only(wanted::equals);
    Waiting picky = new Waiting(1, order, only, true);
    picky.awaitSleep();
    Waiting other = new Waiting(2, order, RequestContext.create(), false);
    other.awaitSleep();
    one.succeed();

    assertThat(order.poll(20, TimeUnit.SECONDS)).isEqualTo(2);
    two.succeed();
    assertThat(order.poll(20, TimeUnit.SECONDS)).isEqualTo(1);
    assertThat(picky.attempt().server()).isEqualTo(wanted);
    picky.attempt().succeed();
    other.attempt().succeed();
  }

  @Test
  void await_newServer_wakes() throws Exception {
    start(list, 1);
    balancer.start();
    balancer.start();
    Waiting waiting = new Waiting(1, new LinkedBlockingQueue<>(), RequestContext.create(), false);
    waiting.awaitSleep();
    list.update(List.of(Server.of("a", 80), Server.of("b", 80), Server.of("c", 80)));

    assertThat(waiting.attempt().server().host()).isEqualTo("c");
    waiting.attempt().succeed();
  }

  @Test
  void await_timeIsOver_throwsAndLeaves() throws Exception {
    start(list, 1);
    balancer.start();
    balancer.start();

    assertThatThrownBy(() -> queue.await(RequestContext.create(), false, latch -> false))
        .isInstanceOf(NoServerAvailableException.class)
        .hasMessageContaining("2 at its limit");
    assertThat(queue.isEmpty()).isTrue();
  }

  @Test
  void await_firstIsCanceled_nextIsServed() throws Exception {
    start(list, 1);
    Attempt one = balancer.start();
    balancer.start();
    BlockingQueue<Integer> order = new LinkedBlockingQueue<>();
    CountDownLatch asleep = new CountDownLatch(1);
    CountDownLatch canceled = new CountDownLatch(1);
    CompletableFuture<Attempt> first =
        call(
            RequestContext.create(),
            false,
            latch -> {
              if (latch.getCount() == 0) {
                return true; // it comes first, so it tries at once
              }
              asleep.countDown();
              try {
                canceled.await();
              } catch (InterruptedException e) {
                throw new IOException(e);
              }
              throw new IOException("Canceled");
            });
    asleep.await();
    Waiting second = new Waiting(2, order, RequestContext.create(), false);
    second.awaitSleep();
    one.succeed(); // wakes the first, which is being canceled
    canceled.countDown();

    assertThat(order.poll(20, TimeUnit.SECONDS)).isEqualTo(2);
    assertThat(first).failsWithin(Duration.ofSeconds(20));
    second.attempt().succeed();
  }

  @Test
  void open_noMore_listensUntilTheLastIsServed() throws Exception {
    start(list, 1);
    Attempt one = balancer.start();
    Attempt two = balancer.start();
    Waiting first = new Waiting(1, new LinkedBlockingQueue<>(), RequestContext.create(), false);
    first.awaitSleep();
    Waiting second = new Waiting(2, new LinkedBlockingQueue<>(), RequestContext.create(), false);
    second.awaitSleep();
    queue.open(false);
    assertThat(listens()).isTrue();
    one.succeed();
    first.attempt();
    assertThat(listens()).as("the second waits").isTrue();
    two.succeed();
    second.attempt().succeed();

    assertThat(listens()).isFalse();
    first.attempt().succeed();
    queue.open(true);
    assertThat(listens()).isTrue();
    queue.open(false);
    assertThat(listens()).isFalse();
  }

  @Test
  void await_onItsWayWhenNoMoreMayCome_isServedToo() throws Exception {
    start(list, 1);
    Attempt one = balancer.start();
    balancer.start();
    queue.open(false);
    Waiting late = new Waiting(1, new LinkedBlockingQueue<>(), RequestContext.create(), false);
    late.awaitSleep();
    assertThat(listens()).isTrue();
    one.succeed();

    late.attempt().succeed();
    assertThat(listens()).isFalse();
  }

  /** Invariants: everyone is served, no more than the limit are at once, and all is given back. */
  @Test
  void await_manyThreads_losesNoWakeUp() throws Exception {
    start(ServerList.of(Server.of("a", 80), Server.of("b", 80)), 2);
    int threads = 12;
    AtomicInteger held = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    CyclicBarrier together = new CyclicBarrier(threads);
    List<CompletableFuture<Integer>> served = new ArrayList<>();
    for (int t = 0; t < threads; t++) {
      boolean picky = t % 4 == 0;
      CompletableFuture<Integer> done = new CompletableFuture<>();
      served.add(done);
      Threads.start(
          () -> {
            together.await();
            int count = 0;
            for (int i = 0; i < 2_000; i++) {
              RequestContext context = RequestContext.create();
              if (picky) {
                context = context.only(server -> server.host().equals("a"));
              }
              Attempt attempt;
              try {
                attempt = queue.await(context, picky, PATIENT);
              } catch (Throwable e) {
                done.completeExceptionally(e);
                return;
              }
              most.accumulateAndGet(held.incrementAndGet(), Math::max);
              count++;
              held.decrementAndGet();
              attempt.succeed();
            }
            done.complete(count);
          });
    }

    for (CompletableFuture<Integer> done : served) {
      assertThat(done.get(120, TimeUnit.SECONDS)).isEqualTo(2_000);
    }
    assertThat(most.get()).isLessThanOrEqualTo(4);
    assertThat(queue.isEmpty()).isTrue();
    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  private void start(ServerList servers, int limit) {
    balancer =
        LoadBalancer.builder("orders")
            .servers(servers)
            .gate(ConcurrencyLimits.fixed(limit))
            .leakSampling(0)
            .build();
    queue = new RoomQueue(balancer);
    queue.open(true);
  }

  /** Whether the balancer tells the queue of its events. */
  private boolean listens() throws ReflectiveOperationException {
    Object context = read(balancer, "balancer");
    Object listeners = read(context, "listeners");
    return List.of((Object[]) read(listeners, "all")).contains(queue);
  }

  private static Object read(Object object, String field) throws ReflectiveOperationException {
    Field found = object.getClass().getDeclaredField(field);
    found.setAccessible(true);
    return found.get(object);
  }

  private CompletableFuture<Attempt> call(
      RequestContext context, boolean picky, RoomQueue.Pause pause) {
    CompletableFuture<Attempt> started = new CompletableFuture<>();
    Threads.start(
        () -> {
          try {
            started.complete(queue.await(context, picky, pause));
          } catch (Throwable e) {
            started.completeExceptionally(e);
          }
        });
    return started;
  }

  /** A call that waits on a thread of its own. */
  private final class Waiting {
    private final CountDownLatch asleep = new CountDownLatch(1);
    private final CompletableFuture<Attempt> started;

    Waiting(int number, BlockingQueue<Integer> order, RequestContext context, boolean picky) {
      started =
          call(
              context,
              picky,
              latch -> {
                if (latch.getCount() > 0) {
                  asleep.countDown();
                }
                return PATIENT.await(latch);
              });
      var unused = started.thenRun(() -> order.add(number));
    }

    void awaitSleep() throws InterruptedException {
      assertThat(asleep.await(20, TimeUnit.SECONDS)).isTrue();
    }

    Attempt attempt() throws Exception {
      return started.get(20, TimeUnit.SECONDS);
    }
  }
}
