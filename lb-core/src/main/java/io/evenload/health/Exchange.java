package io.evenload.health;

import io.evenload.HealthReport;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** One probe: a connection, a question and its answer. */
final class Exchange {

  /*
   * It resolves, connects, asks, and drains: the report is given as soon as it is known, and what is left of a short body
   * is then read, so that a server that is writing it sees an orderly end and not a reset. At any time it may close, by an
   * answer, a failure, the deadline, or because somebody else completed the result, as by cancelling it.
   *
   * All of it happens on the loop's thread, but that the addresses are brought by the resolver's, and that `result` is
   * public. `reported` tells who completed that: the loop sets it first.
   */

  final CompletableFuture<HealthReport> result = new CompletableFuture<>();
  final long deadlineNanos;
  final long number;

  private final int port;
  private final Duration timeout;
  private final @Nullable Question question;
  private final ByteBuffer request;
  private final HttpAnswer answer = new HttpAnswer();
  private volatile InetAddress @Nullable [] addresses;
  private volatile @Nullable Throwable unresolved;
  private volatile boolean reported;
  private int nextAddress;
  private @Nullable SocketChannel channel;
  private @Nullable Wire wire;
  private boolean closed;

  /**
   * Prepares a probe.
   *
   * @param question what to ask; null to connect only
   * @param number tells it apart from others of the same deadline
   */
  Exchange(
      int port, Duration timeout, @Nullable Question question, long deadlineNanos, long number) {
    this.port = port;
    this.timeout = timeout;
    this.question = question;
    this.request = ByteBuffer.wrap(question == null ? new byte[0] : question.request());
    this.deadlineNanos = deadlineNanos;
    this.number = number;
  }

  /** Takes what the resolver found; from any thread. */
  void resolved(InetAddress @Nullable [] addresses, @Nullable Throwable failure) {
    this.unresolved = failure;
    this.addresses = addresses;
  }

  /** Whether the loop itself completed the result; from any thread. */
  boolean reported() {
    return reported;
  }

  boolean isClosed() {
    return closed;
  }

  /** Does what can be done now. */
  void advance(Selector selector, ByteBuffer scratch) {
    if (closed) {
      return;
    }
    try {
      Throwable failure = unresolved;
      InetAddress[] known = addresses;
      if (failure != null) {
        fail(failure);
      } else if (result.isDone() && !reported) {
        close();
      } else if (wire != null && channel != null) {
        converse(channel, wire, selector, scratch);
      } else if (known != null) {
        connect(known, selector);
      }
    } catch (IOException | RuntimeException e) {
      fail(e);
    }
  }

  /** Connects to one address after another, until one takes the connection. */
  private void connect(InetAddress[] known, Selector selector) throws IOException {
    while (!closed) {
      try {
        SocketChannel connecting = channel;
        if (connecting == null) {
          connecting = SocketChannel.open();
          channel = connecting;
          connecting.configureBlocking(false);
          connecting.register(selector, SelectionKey.OP_CONNECT, this);
          boolean unused = connecting.connect(new InetSocketAddress(known[nextAddress], port));
        }
        if (connecting.finishConnect()) {
          connected(connecting, selector);
        }
        return;
      } catch (IOException e) {
        if (wire != null || ++nextAddress >= known.length) {
          throw e;
        }
        letGo();
      }
    }
  }

  private void connected(SocketChannel connected, Selector selector) throws IOException {
    if (question == null) {
      report(HealthReport.healthy());
      close();
      return;
    }
    wire =
        question.tls() == null
            ? Wire.plain(connected)
            : new TlsWire(connected, question.tls(), question.tlsName(), port);
    connected.keyFor(selector).interestOps(SelectionKey.OP_READ | SelectionKey.OP_WRITE);
  }

  private void converse(SocketChannel channel, Wire wire, Selector selector, ByteBuffer scratch)
      throws IOException {
    boolean open;
    boolean received;
    do {
      open = wire.move(request, scratch.clear());
      received = scratch.flip().hasRemaining();
      if (answer.take(scratch) && !reported && question != null) {
        report(question.judge().apply(answer));
      }
    } while (open && received && !answer.over());
    if (open && !answer.over()) {
      int send = wire.wantsToSend(request) ? SelectionKey.OP_WRITE : 0;
      channel.keyFor(selector).interestOps(SelectionKey.OP_READ | send);
    } else if (reported) {
      close();
    } else {
      throw new EOFException("the server closed the connection without an answer");
    }
  }

  /** The time is over. */
  void expire() {
    report(
        HealthReport.unhealthy((wire == null ? "no connection in " : "no answer in ") + timeout));
    close();
  }

  /** Something broke. */
  void fail(Throwable failure) {
    String message = failure.getMessage();
    String kind = failure.getClass().getSimpleName();
    report(HealthReport.unhealthy(message == null ? kind : kind + ": " + message));
    close();
  }

  private void report(HealthReport report) {
    if (!reported) {
      reported = true;
      result.complete(report);
    }
  }

  private void close() {
    closed = true;
    try {
      if (wire != null) {
        wire.close();
      }
    } catch (IOException | RuntimeException e) {
      // It was a courtesy.
    } finally {
      letGo();
    }
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
