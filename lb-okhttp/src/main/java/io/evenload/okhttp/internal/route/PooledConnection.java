package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.List;
import okhttp3.Connection;
import okhttp3.Protocol;
import org.jspecify.annotations.Nullable;

/** What can be told of a connection of the pool before anything is sent on it. */
final class PooledConnection {

  /*
   * Over HTTP/2 a thread of OkHttp's reads all the time, so that a connection which the server closed is known and never
   * taken. Over HTTP/1 nobody reads while the connection is idle. OkHttp looks only after 10 s, and only for requests
   * other than GET, since it sends a request again that found its connection closed, a POST too, which may then run twice.
   *
   * Java cannot look without waiting: the shortest read takes 1 ms where nothing comes. So who is in a hurry does not look at
   * a connection that was used a moment ago. A byte that comes unasked is no answer to the request to come: it is a
   * proxy's 408, or TLS saying goodbye. It is lost by looking, and so is the connection.
   *
   * When a connection became idle, and how many calls use it, is not of OkHttp's API. Where it cannot be asked, as on the
   * module path, each look is made, and an HTTP/2 connection counts as one that others use.
   *
   * OkHttp gives a call a connection under the connection's monitor, and tells so a moment later. So who wants to close one
   * that nobody uses has to look, and to keep others away, under that monitor too, as OkHttp does when it evicts. Then it is
   * taken out of the pool as one that has become idle and must not be used again; where that cannot be done, the pool holds
   * the dead entry until its keep-alive is over.
   */

  /**
   * 10 ms: what is not idle for longer is busy enough that a look of 1 ms at each request would be
   * felt.
   */
  private static final long BUSY_NANOS = 10_000_000;

  private static final int LOOK_MILLIS = 1;
  private static final String OKHTTP_CONNECTION = "okhttp3.internal.connection.RealConnection";

  private static final @Nullable MethodHandle IDLE_AT = find("getIdleAtNs", long.class);
  private static final @Nullable MethodHandle CALLS = find("getCalls", List.class);
  private static final @Nullable MethodHandle KEEP_OTHERS_AWAY = find("noNewExchanges", void.class);
  private static final @Nullable MethodHandle FORGET = findForget();

  private PooledConnection() {}

  /**
   * Whether OkHttp tells when a connection became idle, and which calls use it, and lets no other
   * one.
   */
  static boolean tells() {
    return IDLE_AT != null && CALLS != null && KEEP_OTHERS_AWAY != null;
  }

  /** Whether the connection carries one exchange at a time. */
  static boolean isHttp1(Connection connection) {
    Protocol protocol = connection.protocol();
    return protocol != Protocol.HTTP_2 && protocol != Protocol.H2_PRIOR_KNOWLEDGE;
  }

  /** Whether the last exchange on it was over a moment ago; false if that is not known. */
  static boolean isBusy(Connection connection) {
    MethodHandle idleAt = IDLE_AT;
    if (idleAt == null || !isOkHttps(connection)) {
      return false;
    }
    try {
      return System.nanoTime() - (long) idleAt.invokeExact(connection) < BUSY_NANOS;
    } catch (Throwable e) {
      return false;
    }
  }

  /**
   * Whether other calls use it beside the one that took it.
   *
   * @param asks whether OkHttp may be asked; if not, others do
   */
  static boolean isShared(Connection connection, boolean asks) {
    if (isHttp1(connection)) {
      return false;
    }
    MethodHandle calls = CALLS;
    if (!asks || calls == null || !isOkHttps(connection)) {
      return true;
    }
    try {
      return ((List<?>) calls.invokeExact(connection)).size() > 1;
    } catch (Throwable e) {
      return true;
    }
  }

  /**
   * Sees to it that no call is given the connection any more, unless one has been; returns false if
   * so.
   *
   * @param asks whether OkHttp may be asked; if not, nothing is done
   */
  static boolean takeOutOfUse(Connection connection, boolean asks) {
    MethodHandle calls = CALLS;
    MethodHandle keepOthersAway = KEEP_OTHERS_AWAY;
    if (!asks || calls == null || keepOthersAway == null || !isOkHttps(connection)) {
      return true;
    }
    synchronized (connection) {
      try {
        if (!((List<?>) calls.invokeExact(connection)).isEmpty()) {
          return false;
        }
        keepOthersAway.invokeExact(connection);
        forget(connection);
        return true;
      } catch (Throwable e) {
        return true;
      }
    }
  }

  /**
   * Sees to it that no call begins on the connection any more. Those that use it go on, and when
   * the last one ends OkHttp closes it. Returns false if that cannot be done.
   *
   * @param asks whether OkHttp may be asked; if not, nothing is done
   */
  static boolean keepOthersAway(Connection connection, boolean asks) {
    MethodHandle keepOthersAway = KEEP_OTHERS_AWAY;
    if (!asks || keepOthersAway == null || !isOkHttps(connection)) {
      return false;
    }
    try {
      keepOthersAway.invokeExact(connection);
      return true;
    } catch (Throwable e) {
      return false;
    }
  }

  /** Whether the pool can be told that a connection is no more. */
  static boolean forgets() {
    return FORGET != null;
  }

  /** Takes a connection that is about to be closed out of the pool; under its monitor. */
  private static void forget(Connection connection) throws Throwable {
    MethodHandle forget = FORGET;
    if (forget != null) {
      var unused = (boolean) forget.invokeExact(connection);
    }
  }

  /** What takes a connection out of its pool that has no calls and is to have none. */
  private static @Nullable MethodHandle findForget() {
    try {
      MethodHandles.Lookup lookup = MethodHandles.publicLookup();
      Class<?> connection = Class.forName(OKHTTP_CONNECTION);
      Class<?> pool = Class.forName(OKHTTP_CONNECTION + "Pool");
      MethodHandle poolOf =
          lookup.findVirtual(connection, "getConnectionPool", MethodType.methodType(pool));
      MethodHandle becameIdle =
          lookup.findVirtual(
              pool, "connectionBecameIdle", MethodType.methodType(boolean.class, connection));
      MethodHandle both = MethodHandles.filterArguments(becameIdle, 0, poolOf);
      return MethodHandles.permuteArguments(
              both, MethodType.methodType(boolean.class, connection), 0, 0)
          .asType(MethodType.methodType(boolean.class, Connection.class));
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }

  /**
   * Looks whether the server closed a connection over HTTP/1 that the caller holds, or said
   * something unasked.
   */
  static boolean isClosed(Connection connection) {
    Socket socket = connection.socket();
    try {
      int timeout = socket.getSoTimeout();
      socket.setSoTimeout(LOOK_MILLIS);
      if (socket.getSoTimeout() != LOOK_MILLIS) {
        return false; // a socket of the user's that would wait for ever
      }
      try {
        int unasked = socket.getInputStream().read();
        return unasked >= -1;
      } catch (SocketTimeoutException nothingCame) {
        return false;
      } finally {
        socket.setSoTimeout(timeout);
      }
    } catch (IOException e) {
      return true;
    }
  }

  private static boolean isOkHttps(Connection connection) {
    return connection.getClass().getName().equals(OKHTTP_CONNECTION);
  }

  private static @Nullable MethodHandle find(String getter, Class<?> type) {
    try {
      Class<?> connection = Class.forName(OKHTTP_CONNECTION);
      return MethodHandles.publicLookup()
          .findVirtual(connection, getter, MethodType.methodType(type))
          .asType(MethodType.methodType(type, Connection.class));
    } catch (ReflectiveOperationException | RuntimeException e) {
      return null;
    }
  }
}
