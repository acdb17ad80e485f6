package io.evenload.health;

import io.evenload.HealthReport;
import io.evenload.discovery.Networks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One probe: one connection after another to the addresses of a host, until one is taken. */
final class Connecting {

  /*
   *   start ──────────── half time ─────────────────────────────────── deadline
   *   │ the name is looked up │ what was found last is used instead         │
   *            found ─> address 1 │ address 2 │ ... │ each has its part of what is left
   *
   * It may end at any time, by a connection, a failure, the deadline, or because somebody else completed the result, as by
   * cancelling it. All of it happens on the loop's thread, but that the addresses are brought by the resolver, and that
   * `result` is public. The loop completes that, when the connection is closed: `report` is what it then tells.
   */

  final CompletableFuture<HealthReport> result = new CompletableFuture<>();
  final long number;

  private final int port;
  private final Duration timeout;
  private final Networks networks;
  private final long deadlineNanos;
  private final Supplier<InetAddress @Nullable []> lastFound;
  private volatile InetAddress @Nullable [] found;
  private volatile @Nullable Throwable unresolved;
  private volatile @Nullable HealthReport report;
  private InetAddress @Nullable [] addresses; // those in use
  private int next;
  private long alarmNanos;
  private @Nullable SocketChannel channel;
  private boolean closed;

  /**
   * Prepares a probe.
   *
   * @param networks in which the addresses may be
   * @param lastFound the addresses of the host that were found last
   * @param number tells it apart from others of the same alarm
   */
  Connecting(
      int port,
      Duration timeout,
      Networks networks,
      long now,
      Supplier<InetAddress @Nullable []> lastFound,
      long number) {
    long nanos = timeout.toNanos();
    this.port = port;
    this.timeout = timeout;
    this.networks = networks;
    this.deadlineNanos = now + nanos;
    this.alarmNanos = now + nanos / 2;
    this.lastFound = lastFound;
    this.number = number;
  }

  /** Takes what the resolver found; from any thread. */
  void resolved(InetAddress @Nullable [] addresses, @Nullable Throwable failure) {
    unresolved = failure;
    found = addresses;
  }

  /** What it has come to; null if it has not, or somebody else completed the result. */
  @Nullable HealthReport report() {
    return report;
  }

  boolean isClosed() {
    return closed;
  }

  /** When the loop has to call it, if nothing happens before. */
  long alarmNanos() {
    return alarmNanos;
  }

  /** Does what can be done now. */
  void advance(Selector selector, long now) {
    if (closed) {
      return;
    }
    try {
      if (result.isDone()) {
        close();
      } else if (now - deadlineNanos >= 0) {
        end(HealthReport.unhealthy("no connection in " + timeout));
      } else {
        if (addresses == null) {
          choose(now);
        } else if (now - alarmNanos >= 0) {
          letGo(); // its part of the time is over
          next++;
        }
        connect(selector, now);
      }
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  /** Chooses the addresses to connect to, once there are any. */
  private void choose(long now) throws IOException {
    Throwable failure = unresolved;
    InetAddress[] usable = found;
    if (usable == null && (failure != null || now - alarmNanos >= 0)) {
      usable = lastFound.get();
      alarmNanos = deadlineNanos;
    }
    if (usable == null && failure != null) {
      fail(failure);
    } else if (usable != null && usable.length == 0) {
      throw new UnknownHostException("no address");
    }
    addresses = usable == null ? null : permitted(usable);
  }

  private InetAddress[] permitted(InetAddress[] all) throws UnknownHostException {
    InetAddress[] permitted =
        Arrays.stream(all).filter(networks::contains).toArray(InetAddress[]::new);
    if (permitted.length == 0) {
      throw new UnknownHostException(
          "refused, as " + all[0].getHostAddress() + " is not in the networks of the service");
    }
    return permitted;
  }

  private void connect(Selector selector, long now) throws IOException {
    InetAddress[] known = addresses;
    while (known != null && !closed) {
      try {
        SocketChannel connecting = channel;
        if (connecting == null) {
          connecting = open(selector, known[next]);
          alarmNanos = now + (deadlineNanos - now) / (known.length - next);
        }
        if (connecting.finishConnect()) {
          end(HealthReport.healthy());
        }
        return;
      } catch (IOException e) {
        letGo();
        if (++next >= known.length) {
          throw e;
        }
      }
    }
  }

  private SocketChannel open(Selector selector, InetAddress address) throws IOException {
    SocketChannel opened = SocketChannel.open();
    channel = opened;
    opened.configureBlocking(false);
    opened.register(selector, SelectionKey.OP_CONNECT, this);
    boolean unused = opened.connect(new InetSocketAddress(address, port));
    return opened;
  }

  /** Something broke. */
  void fail(Throwable failure) {
    String message = failure.getMessage();
    String kind = failure.getClass().getSimpleName();
    end(HealthReport.unhealthy(message == null ? kind : kind + ": " + message));
  }

  private void end(HealthReport outcome) {
    if (!closed) {
      report = outcome;
      close();
    }
  }

  private void close() {
    closed = true;
    letGo();
  }

  private void letGo() {
    SocketChannel open = channel;
    channel = null;
    try {
      if (open != null) {
        open.close();
      }
    } catch (IOException e) {
      // The descriptor is gone all the same.
    }
  }
}
