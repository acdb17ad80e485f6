package io.evenload.okhttp;

import io.evenload.okhttp.RawBackend.Connection;
import java.io.IOException;
import java.util.HexFormat;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/**
 * What a server does on one connection.
 *
 * @param begin when it sends
 * @param bytes what it sends for a stream; without HTTP/2 the same for all
 * @param pieces in how many pieces
 * @param trickling whether it pauses between the pieces
 * @param end what it does then
 */
record FuzzScript(Begin begin, IntFunction<byte[]> bytes, int pieces, boolean trickling, End end) {

  /** When the server sends. */
  enum Begin {
    /** Before it reads anything. */
    AT_ONCE,
    /** After the head of the request, while its body may be on its way. */
    AFTER_HEAD,
    AFTER_REQUEST
  }

  /** What the server does when it has sent. */
  enum End {
    CLOSE,
    RESET,
    /** Says nothing more and keeps the connection open. */
    STALL,
    /** Waits for another request and does the same again. */
    NEXT_REQUEST
  }

  private static final int PAUSE_MILLIS = 15;

  /** How the requests of a protocol are read. */
  interface Protocol {
    /** Reads up to the end of a request's head; returns its stream, -1 if the client closed. */
    int readHead(Connection connection) throws IOException;

    /** Reads the rest of that request. */
    void readBody(Connection connection, int stream) throws IOException;
  }

  FuzzScript atOnce() {
    return new FuzzScript(Begin.AT_ONCE, bytes, pieces, trickling, end);
  }

  /**
   * Does it.
   *
   * @param over opens when the client has given up, which ends all pauses
   */
  void play(Connection connection, Protocol protocol, CountDownLatch over) throws IOException {
    do {
      int stream = begin == Begin.AT_ONCE ? 0 : protocol.readHead(connection);
      if (stream < 0) {
        return;
      }
      if (begin == Begin.AFTER_REQUEST) {
        protocol.readBody(connection, stream);
      }
      send(connection, bytes.apply(stream), over);
      if (end == End.NEXT_REQUEST && begin == Begin.AFTER_HEAD) {
        protocol.readBody(connection, stream);
      }
    } while (end == End.NEXT_REQUEST && begin != Begin.AT_ONCE);
    switch (end) {
      case RESET -> connection.reset();
      case STALL, NEXT_REQUEST -> connection.awaitClientClose();
      case CLOSE -> {
        // As it is left.
      }
    }
  }

  private void send(Connection connection, byte[] all, CountDownLatch over) throws IOException {
    for (int piece = 0; piece < pieces; piece++) {
      int from = (int) ((long) all.length * piece / pieces);
      int to = (int) ((long) all.length * (piece + 1) / pieces);
      connection.send(all, from, to);
      if (trickling) {
        pause(over);
      }
    }
  }

  private static void pause(CountDownLatch over) throws IOException {
    try {
      if (over.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
        throw new IOException("nobody is there any more");
      }
    } catch (InterruptedException e) {
      throw new IOException(e);
    }
  }

  @Override
  public String toString() {
    return "%s in %d pieces%s, then %s: %s"
        .formatted(begin, pieces, trickling ? " with pauses" : "", end, readable(bytes.apply(3)));
  }

  private static String readable(byte[] bytes) {
    int shown = Math.min(bytes.length, 600);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < shown; i++) {
      char c = (char) (bytes[i] & 0xff);
      switch (c) {
        case '\r' -> text.append("\\r");
        case '\n' -> text.append("\\n");
        case '\\' -> text.append("\\\\");
        default -> {
          if (c >= ' ' && c < 127) {
            text.append(c);
          } else {
            text.append("\\x").append(HexFormat.of().toHexDigits(bytes[i]));
          }
        }
      }
    }
    return text + (shown < bytes.length ? "... (" + bytes.length + " bytes)" : "");
  }
}
