package io.evenload.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.HealthReport;
import io.evenload.discovery.Networks;
import io.evenload.internal.threads.SharedThreads;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The one thread that makes the connections of all probes. */
final class ProbeLoop {

  /*
   * The thread begins with the first probe, and ends when there has been none for a second; a new one begins with the
   * next. All of a probe happens on it but its creation: other threads only hand the probe over, with `wake`, when it is
   * new, its name is resolved, or it was cancelled. The lock guards the handing over and the life of the thread; it is
   * held for a few instructions (and to open a selector), never while anything waits.
   *
   * A channel that is closed keeps its socket until the selector has let go of it. So each turn ends with a look at the
   * selector, before results are told. They are told by workers, since whoever hears them may block.
   */

  static final ProbeLoop SHARED = new ProbeLoop(System::nanoTime, InetAddress::getAllByName);

  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final Duration LONGEST = Duration.ofDays(1);

  private final LongSupplier nanoTime;
  private final NameResolver names;
  private final AtomicLong numbers = new AtomicLong();

  @GuardedBy("this")
  private final Queue<Connecting> woken = new ArrayDeque<>();

  @GuardedBy("this")
  private @Nullable Selector running;

  ProbeLoop(LongSupplier nanoTime, NameResolver.Lookup lookup) {
    this.nanoTime = nanoTime;
    this.names = new NameResolver(lookup);
  }

  /**
   * Starts one probe, which ends within the timeout, or a day.
   *
   * @param networks in which the addresses of the host may be, if that is a name
   */
  CompletionStage<HealthReport> start(String host, int port, Duration timeout, Networks networks) {
    Duration bounded = timeout.compareTo(LONGEST) < 0 ? timeout : LONGEST;
    Connecting probe =
        new Connecting(
            port,
            bounded,
            NameResolver.isAddress(host) ? Networks.all() : networks,
            nanoTime.getAsLong(),
            () -> names.lastFound(host),
            numbers.getAndIncrement());
    var resolving = names.resolve(host);
    var unusedStage =
        resolving.whenComplete(
            (addresses, failure) -> {
              probe.resolved(addresses, failure);
              wake(probe);
            });
    var unusedResult =
        probe.result.whenComplete(
            (report, failure) -> {
              boolean unused = resolving.cancel(false);
              if (probe.report() == null) {
                wake(probe);
              }
            });
    if (!resolving.isDone()) {
      wake(probe); // so that it ends in time while the name is being resolved
    }
    return probe.result;
  }

  private void wake(Connecting probe) {
    try {
      handOver(probe);
    } catch (IOException | OutOfMemoryError e) { // no file descriptor or no thread is to be had
      probe.fail(e);
      tell(probe);
    }
  }

  private synchronized void handOver(Connecting probe) throws IOException {
    Selector selector = running;
    if (selector == null) {
      Selector opened = Selector.open();
      try {
        SharedThreads.daemon("evenload-probes", () -> run(opened)).start();
      } catch (OutOfMemoryError e) {
        opened.close();
        throw e;
      }
      running = opened;
      selector = opened;
    }
    woken.add(probe);
    selector.wakeup();
  }

  private synchronized @Nullable Connecting nextWoken() {
    return woken.poll();
  }

  /** Ends the thread if there is nothing for it to do. */
  private synchronized boolean retire() {
    boolean idle = woken.isEmpty();
    if (idle) {
      running = null;
    }
    return idle;
  }

  private void run(Selector selector) {
    Turn turn = new Turn(selector);
    try (selector) {
      while (!turn.isIdle() || !retire()) {
        turn.take();
      }
    } catch (Throwable e) {
      abandon(selector, turn, e);
    }
  }

  /** The selector broke: whatever was under way fails, and the next probe starts anew. */
  @SuppressWarnings("ReferenceEquality") // this very selector
  private void abandon(Selector selector, Turn turn, Throwable cause) {
    List<Connecting> all = new ArrayList<>(turn.ended);
    all.addAll(turn.open);
    synchronized (this) {
      if (running == selector) {
        running = null;
        all.addAll(woken);
        woken.clear();
      }
    }
    for (Connecting probe : all) {
      probe.fail(cause);
      tell(probe);
    }
  }

  private static void tell(Connecting probe) {
    HealthReport report = probe.report();
    if (report == null) {
      return; // somebody else has told
    }
    try {
      SharedThreads.SHARED.execute(() -> probe.result.complete(report));
    } catch (RejectedExecutionException e) { // there is no worker
      probe.result.complete(report);
    }
  }

  /** What the thread works with. */
  private final class Turn {
    final TreeSet<Connecting> open =
        new TreeSet<>(
            Comparator.comparingLong((Connecting probe) -> probe.alarmNanos() - origin())
                .thenComparingLong(probe -> probe.number));
    final List<Connecting> ended = new ArrayList<>();
    private final Selector selector;
    private final long originNanos = nanoTime.getAsLong();
    private long lastWokenNanos = originNanos;

    Turn(Selector selector) {
      this.selector = selector;
    }

    private long origin() {
      return originNanos;
    }

    boolean isIdle() {
      return open.isEmpty() && nanoTime.getAsLong() - lastWokenNanos >= LINGER_NANOS;
    }

    /** Waits for something to happen, and does what follows from it. */
    void take() throws IOException {
      long alarm = open.isEmpty() ? lastWokenNanos + LINGER_NANOS : open.first().alarmNanos();
      long wait = alarm - nanoTime.getAsLong();
      if (wait > 0) {
        selector.select(TimeUnit.NANOSECONDS.toMillis(wait) + 1);
      } else {
        selector.selectNow();
      }
      long now = nanoTime.getAsLong();
      for (Connecting next = nextWoken(); next != null; next = nextWoken()) {
        lastWokenNanos = now;
        advance(next, now);
      }
      for (SelectionKey key : selector.selectedKeys()) {
        advance((Connecting) key.attachment(), now);
      }
      selector.selectedKeys().clear();
      while (!open.isEmpty() && now - open.first().alarmNanos() >= 0) {
        advance(open.first(), now);
      }
      if (!ended.isEmpty()) {
        selector.selectNow(); // closes their sockets
        ended.forEach(ProbeLoop::tell);
        ended.clear();
      }
    }

    private void advance(Connecting probe, long now) {
      if (probe.isClosed()) {
        return;
      }
      open.remove(probe);
      probe.advance(selector, now);
      if (probe.isClosed()) {
        ended.add(probe);
      } else {
        open.add(probe);
      }
    }
  }
}
