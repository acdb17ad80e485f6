package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.lang.ref.WeakReference;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Connection;

/** A connection to a server: which calls use it, and when anything came over it. Thread-safe. */
final class OpenConnection extends WeakReference<Connection> {

  /*
   * There is one of these for a connection, whichever interceptors' calls use it, and all calls that do are counted: nobody
   * else can, since the pool gives it for a ServerDns only. A call counts from the event that it acquired the connection,
   * which is a moment after the pool gave it one. So before it is closed OkHttp is asked whether a call has it; if so, that
   * one closes it in the end. Where OkHttp cannot be asked it may be closed in that moment: the count tells, and most such
   * calls find out before they send anything (AttemptTrace.findsClosed). From the closing on nothing changes any more.
   *
   * Times are the machine's own: they compare what went over real sockets, whatever time the calls go by.
   */

  private static final int RETIRING = 1 << 30; // added to the number of calls, as is the next
  private static final int CLOSED = RETIRING | 1 << 29;

  private final ServerDns opener;
  private final boolean multiplexed;
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicBoolean limited = new AtomicBoolean();
  private final long openedNanos = System.nanoTime();
  private volatile long heardNanos = openedNanos;
  private volatile boolean silent;
  private volatile boolean doubted; // a hedge was faster, and nothing has come over this one since
  private volatile boolean lookedAt;

  OpenConnection(ServerDns opener, Connection connection) {
    super(connection);
    this.opener = opener;
    this.multiplexed = !PooledConnection.isHttp1(connection);
  }

  /** A call uses it from now on. */
  void acquired() {
    calls.incrementAndGet();
    if (opener.isLeft()) {
      retire(); // opened a moment too late for the others to have it
    }
  }

  /** A call uses it no more. */
  void released() {
    closeIfUnused(calls.decrementAndGet());
  }

  /** Closes it as soon as no call uses it, which may be now. */
  void retire() {
    closeIfUnused(calls.updateAndGet(state -> state | RETIRING));
  }

  /** Whether its age was not limited before. */
  boolean isFirstLimit() {
    return !limited.get() && limited.compareAndSet(false, true);
  }

  /** How long it has been open. */
  long ageNanos() {
    return System.nanoTime() - openedNanos;
  }

  /**
   * Sees to it that no call begins on it any more, and closes it when the last one has ended. Where
   * OkHttp cannot be told so, the way that it was opened on is left, and what was opened there is
   * to be retired when a moment has passed, as a call may just have been given it; then this
   * returns false.
   */
  boolean expire() {
    Connection connection = get();
    if (connection != null
        && !PooledConnection.keepOthersAway(connection, !opener.publicApiOnly())) {
      opener.leave();
      return false;
    }
    retire();
    return true;
  }

  /** Whether it is open, as far as this side knows. */
  boolean isOpen() {
    Connection connection = get();
    return connection != null && !connection.socket().isClosed();
  }

  /** Whether it carries many calls at once. */
  boolean isMultiplexed() {
    return multiplexed;
  }

  /** Whether it is open, and calls may begin on it. */
  boolean isUsable() {
    return (calls.get() & RETIRING) == 0 && !isLeft() && isOpen();
  }

  /** Whether it was closed here, so that a call that was given it all the same came too late. */
  boolean isClosed() {
    return (calls.get() & CLOSED) == CLOSED;
  }

  /** Whether no call is to begin on it any more. */
  boolean isLeft() {
    return opener.isLeft();
  }

  /** Something came over it. */
  void heard() {
    heardNanos = System.nanoTime();
    if (doubted) {
      doubted = false;
    }
  }

  /** Whether nothing has come over it since then. */
  boolean isSilentSince(long nanos) {
    return heardNanos - nanos <= 0;
  }

  /**
   * Sees to it that no call begins on it if nothing has come over it since then, and closes it when
   * no call uses it. Over HTTP/1 the one call that does may yet be answered, and otherwise closes
   * it.
   *
   * @param certainly whether this is reason enough; if not, it is when it comes again before
   *     anything is heard
   */
  void leaveIfSilentSince(long nanos, boolean certainly) {
    if (!isSilentSince(nanos)) {
      return;
    }
    if (!certainly && !doubted) {
      doubted = true;
      return;
    }
    silent = true;
    if (multiplexed) {
      opener.leave();
      retire();
    } else if (calls.compareAndSet(0, RETIRING)) {
      closeIfUnused(RETIRING);
    }
  }

  /** Whether this was not asked before. */
  boolean isFirstLook() {
    boolean first = !lookedAt;
    lookedAt = true; // by whoever holds it
    return first;
  }

  private void closeIfUnused(int state) {
    if (state != RETIRING) {
      return;
    }
    Connection connection = get();
    boolean unused =
        connection == null || PooledConnection.takeOutOfUse(connection, !opener.publicApiOnly());
    if (unused && calls.compareAndSet(RETIRING, CLOSED) && connection != null) {
      close(connection);
    }
  }

  @SuppressWarnings("EmptyCatch") // nobody waits for this end
  private void close(Connection connection) {
    try {
      Socket socket = connection.socket();
      if (silent) {
        socket.setSoLinger(true, 0); // TLS would wait to say goodbye, to nobody
      }
      socket.close();
    } catch (IOException alreadyGone) {
    }
  }
}
