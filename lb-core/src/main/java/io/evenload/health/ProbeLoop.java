package io.evenload.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.HealthReport;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Queue;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The one thread that runs the connections of all probes. */
final class ProbeLoop {

  /*
   * The thread begins with the first exchange, and ends when there has been none for a second; a new one begins with the
   * next. All of an exchange happens on it but its creation: other threads only hand the exchange over, with `wake`, when
   * it is new, its name is resolved, or it was cancelled. The lock guards the handing over and the life of the thread; it
   * is held for a few instructions (and to open a selector), never while anything waits.
   */

  static final ProbeLoop SHARED = new ProbeLoop(System::nanoTime, InetAddress::getAllByName);

  private static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final int SCRATCH = 65_536; // more than any TLS record holds

  private final LongSupplier nanoTime;
  private final NameResolver names;
  private final AtomicLong numbers = new AtomicLong();

  @GuardedBy("this")
  private final Queue<Exchange> woken = new ArrayDeque<>();

  @GuardedBy("this")
  private @Nullable Selector running;

  ProbeLoop(LongSupplier nanoTime, NameResolver.Lookup lookup) {
    this.nanoTime = nanoTime;
    this.names = new NameResolver(lookup, nanoTime);
  }

  /**
   * Starts one probe, which ends within the timeout.
   *
   * @param question what to ask; null to connect only
   */
  CompletionStage<HealthReport> start(
      String host, int port, Duration timeout, @Nullable Question question) {
    long now = nanoTime.getAsLong();
    Exchange exchange =
        new Exchange(port, timeout, question, now + timeout.toNanos(), numbers.getAndIncrement());
    var resolving = names.resolve(host);
    var unusedStage =
        resolving.whenComplete(
            (addresses, failure) -> {
              exchange.resolved(addresses, failure);
              wake(exchange);
            });
    var unusedResult =
        exchange.result.whenComplete(
            (report, failure) -> {
              if (!exchange.reported()) {
                resolving.cancel(false);
                wake(exchange);
              }
            });
    if (!resolving.isDone()) {
      wake(exchange); // so that it ends in time while the name is being resolved
    }
    return exchange.result;
  }

  private void wake(Exchange exchange) {
    try {
      handOver(exchange);
    } catch (IOException | OutOfMemoryError e) {
      exchange.fail(e); // no file descriptor or no thread is to be had
    }
  }

  private synchronized void handOver(Exchange exchange) throws IOException {
    Selector selector = running;
    if (selector == null) {
      Selector opened = Selector.open();
      try {
        daemon("evenload-probes", () -> run(opened)).start();
      } catch (OutOfMemoryError e) {
        opened.close();
        throw e;
      }
      running = opened;
      selector = opened;
    }
    woken.add(exchange);
    selector.wakeup();
  }

  private synchronized @Nullable Exchange nextWoken() {
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
    synchronized (this) {
      if (running == selector) {
        running = null;
        turn.open.addAll(woken);
        woken.clear();
      }
    }
    new ArrayList<>(turn.open).forEach(exchange -> exchange.fail(cause));
  }

  static Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(null, work, name, 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    return thread;
  }

  /** What the thread works with. */
  private final class Turn {
    final TreeSet<Exchange> open =
        new TreeSet<>(
            Comparator.comparingLong((Exchange exchange) -> exchange.deadlineNanos)
                .thenComparingLong(exchange -> exchange.number));
    private final ByteBuffer scratch = ByteBuffer.allocate(SCRATCH);
    private final Selector selector;
    private long lastWokenNanos = nanoTime.getAsLong();

    Turn(Selector selector) {
      this.selector = selector;
    }

    boolean isIdle() {
      return open.isEmpty() && nanoTime.getAsLong() - lastWokenNanos >= LINGER_NANOS;
    }

    /** Waits for something to happen, and does what follows from it. */
    void take() throws IOException {
      long wait =
          (open.isEmpty() ? lastWokenNanos + LINGER_NANOS : open.first().deadlineNanos)
              - nanoTime.getAsLong();
      if (wait > 0) {
        selector.select(TimeUnit.NANOSECONDS.toMillis(wait) + 1);
      } else {
        selector.selectNow();
      }
      for (Exchange next = nextWoken(); next != null; next = nextWoken()) {
        lastWokenNanos = nanoTime.getAsLong();
        open.add(next);
        advance(next);
      }
      for (SelectionKey key : selector.selectedKeys()) {
        advance((Exchange) key.attachment());
      }
      selector.selectedKeys().clear();
      long now = nanoTime.getAsLong();
      while (!open.isEmpty() && now - open.first().deadlineNanos >= 0) {
        open.first().expire();
        open.pollFirst();
      }
    }

    private void advance(Exchange exchange) {
      exchange.advance(selector, scratch);
      if (exchange.isClosed()) {
        open.remove(exchange);
      }
    }
  }
}
