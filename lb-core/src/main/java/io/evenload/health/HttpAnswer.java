package io.evenload.health;

import java.net.ProtocolException;
import java.nio.ByteBuffer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The head of an HTTP/1 response, as it comes in, and how much of a body follows. */
final class HttpAnswer {

  /** 16 kB, twice what most servers allow: no server needs more to say that it is well. */
  static final int MAX_HEAD = 16_384;

  /**
   * 64 kB: what is read of a body, so that a server that is about to end it is not cut off. More
   * would be work for nothing.
   */
  static final int MAX_BODY = 65_536;

  private static final String START = "HTTP/";
  private static final Pattern STATUS_LINE = Pattern.compile("HTTP/1\\.[0-9] ([1-5]\\d\\d)( .*)?");
  private static final Pattern LENGTH = Pattern.compile("\\d{1,9}");

  private final StringBuilder head = new StringBuilder();
  private int taken;
  private boolean lineEmpty;
  private String[] lines = new String[0];
  private int status;
  private long bodyLeft = MAX_BODY;

  /**
   * Takes what has come; returns whether the head is complete.
   *
   * @throws ProtocolException if this is no HTTP/1 response, or its head is too long
   */
  boolean take(ByteBuffer bytes) throws ProtocolException {
    while (status == 0 && bytes.hasRemaining()) {
      append((char) (bytes.get() & 0xff));
    }
    bodyLeft -= bytes.remaining();
    bytes.position(bytes.limit());
    return status != 0;
  }

  /** Whether nothing more of the body comes, or is worth waiting for. */
  boolean over() {
    return status != 0 && bodyLeft <= 0;
  }

  int status() {
    return status;
  }

  /** The first header of this name; null if there is none. */
  @Nullable String header(String name) {
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      if (colon == name.length() && lines[i].regionMatches(true, 0, name, 0, colon)) {
        return lines[i].substring(colon + 1).trim();
      }
    }
    return null;
  }

  private void append(char next) throws ProtocolException {
    if (++taken > MAX_HEAD) {
      throw new ProtocolException("an answer with more than " + MAX_HEAD + " bytes of headers");
    }
    head.append(next);
    if (head.length() <= START.length() && next != START.charAt(head.length() - 1)) {
      throw new ProtocolException("the answer is not HTTP/1");
    }
    if (next == '\n') {
      if (lineEmpty) {
        endOfHead();
      }
      lineEmpty = true;
    } else if (next != '\r') {
      lineEmpty = false;
    }
  }

  private void endOfHead() throws ProtocolException {
    lines = head.toString().split("\r?\n", -1);
    head.setLength(0);
    Matcher line = STATUS_LINE.matcher(lines[0]);
    if (!line.matches()) {
      throw new ProtocolException("the answer is not HTTP/1");
    }
    int code = Integer.parseInt(line.group(1));
    if (code < 200 && code != 101) {
      return; // an interim response; the real one follows
    }
    status = code;
    String length = header("Content-Length");
    if (code == 204 || code == 304) {
      bodyLeft = 0;
    } else if (length != null && LENGTH.matcher(length).matches()) {
      bodyLeft = Math.min(MAX_BODY, Long.parseLong(length));
    }
  }
}
