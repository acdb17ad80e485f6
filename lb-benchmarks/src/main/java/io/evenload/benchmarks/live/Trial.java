package io.evenload.benchmarks.live;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/** One contestant with new servers and a new client, and one script. */
final class Trial {

  private static final long TIMEOUT_NANOS = TimeUnit.SECONDS.toNanos(Contestant.TIMEOUT_SECONDS);
  private static final long LEAD_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private final Contestant contestant;
  private final Script script;
  private final AtomicLongArray nanos; // 0 while a call has not ended
  private final long[] lateNanos;
  private final Semaphore ended = new Semaphore(0);

  Trial(Contestant contestant, Script script) {
    this.contestant = contestant;
    this.script = script;
    this.nanos = new AtomicLongArray(script.calls());
    this.lateNanos = new long[script.calls()];
  }

  @SuppressWarnings("FutureReturnValueIgnored") // a change of speed does not fail
  Results run() throws Exception {
    ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor(Trial::thread);
    List<TimedQueue> queues = new ArrayList<>();
    List<Contestant.LiveServer> servers = new ArrayList<>();
    try {
      for (int i = 0; i < Script.SERVERS; i++) {
        queues.add(new TimedQueue(timer, Script.WORKERS));
        servers.add(contestant.serve(queues.get(i)));
      }
      List<Integer> ports = servers.stream().map(Contestant.LiveServer::port).toList();
      try (Contestant.Client client = contestant.client(ports)) {
        long begin = System.nanoTime() + LEAD_NANOS;
        for (Script.Change change : script.changes) {
          timer.schedule(
              () -> queues.get(change.server()).speed(change.speed()),
              begin + change.atNanos() - System.nanoTime(),
              TimeUnit.NANOSECONDS);
        }
        call(client, begin);
      }
    } finally {
      servers.forEach(Contestant.LiveServer::close);
      timer.shutdownNow();
    }
    return results();
  }

  private static Thread thread(Runnable work) {
    Thread thread = new Thread(work, "timer");
    thread.setDaemon(true);
    return thread;
  }

  private void call(Contestant.Client client, long begin) throws InterruptedException {
    for (int i = 0; i < script.calls(); i++) {
      int number = i;
      long intended = begin + script.arrivalNanos(i);
      for (long wait = intended - System.nanoTime();
          wait > 0;
          wait = intended - System.nanoTime()) {
        LockSupport.parkNanos(wait);
      }
      lateNanos[i] = System.nanoTime() - intended;
      client.call(script.workNanos(i), success -> ended(number, intended, success));
    }
    // A client that lets a call go on beyond its timeout is not waited for.
    ended.tryAcquire(script.calls(), TIMEOUT_NANOS + TIMEOUT_NANOS / 4, TimeUnit.NANOSECONDS);
  }

  /** A failure before the timeout counts as an error, and in no quantile. */
  private void ended(int number, long intended, boolean success) {
    long took = Math.min(System.nanoTime() - intended, TIMEOUT_NANOS);
    if (nanos.compareAndSet(number, 0, success || took == TIMEOUT_NANOS ? took : -1)) {
      ended.release();
    }
  }

  private Results results() {
    int first = 0;
    while (!script.measures(first)) {
      first++;
    }
    long[] measured = new long[script.calls() - first];
    for (int i = 0; i < measured.length; i++) {
      long took = nanos.get(first + i);
      measured[i] = took == 0 ? TIMEOUT_NANOS : took;
    }
    return Results.of(
        measured, Arrays.copyOfRange(lateNanos, first, lateNanos.length), TIMEOUT_NANOS);
  }
}
