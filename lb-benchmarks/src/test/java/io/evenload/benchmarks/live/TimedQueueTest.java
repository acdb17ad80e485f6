package io.evenload.benchmarks.live;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the servers of the trials do; of times, only what they are at least. */
final class TimedQueueTest {

  private static final long MILLI = 1_000_000;

  private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
  private final BlockingQueue<Integer> done = new LinkedBlockingQueue<>();

  @AfterEach
  void close() {
    timer.shutdownNow();
  }

  @Test
  void take_oneWorker_servesInOrderAndOneAfterTheOther() throws InterruptedException {
    TimedQueue queue = new TimedQueue(timer, 1);
    long begin = System.nanoTime();
    queue.take(20 * MILLI, () -> done.add(1));
    queue.take(5 * MILLI, () -> done.add(2));
    queue.take(5 * MILLI, () -> done.add(3));

    assertThat(List.of(next(), next(), next())).containsExactly(1, 2, 3);
    assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(30 * MILLI);
  }

  @Test
  void take_twoWorkers_shorterIsDoneFirst() throws InterruptedException {
    TimedQueue queue = new TimedQueue(timer, 2);
    queue.take(1_000 * MILLI, () -> done.add(1));
    queue.take(MILLI, () -> done.add(2));
    queue.take(MILLI, () -> done.add(3));

    assertThat(List.of(next(), next(), next())).containsExactly(2, 3, 1);
  }

  @Test
  void speed_tenth_takesTenTimesAsLong() throws InterruptedException {
    TimedQueue queue = new TimedQueue(timer, 1);
    queue.speed(0.1);
    long begin = System.nanoTime();
    queue.take(5 * MILLI, () -> done.add(1));

    assertThat(next()).isOne();
    assertThat(System.nanoTime() - begin).isGreaterThanOrEqualTo(50 * MILLI);
  }

  @Test
  void speed_zeroThenOne_goesOnWhereItStood() throws InterruptedException {
    TimedQueue queue = new TimedQueue(timer, 1);
    queue.speed(0);
    queue.take(MILLI, () -> done.add(1));
    queue.speed(1);

    assertThat(next()).isOne();
  }

  private Integer next() throws InterruptedException {
    return done.poll(1, TimeUnit.MINUTES);
  }
}
