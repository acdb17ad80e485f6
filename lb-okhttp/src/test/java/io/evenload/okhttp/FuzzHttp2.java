package io.evenload.okhttp;

import static io.evenload.okhttp.FuzzBytes.oneIn;
import static io.evenload.okhttp.FuzzBytes.pick;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.evenload.okhttp.RawBackend.Connection;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.random.RandomGenerator;

/** Makes up what an HTTP/2 server may send, frame by frame, from nearly right to garbage. */
final class FuzzHttp2 implements FuzzScript.Protocol {

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int PUSH_PROMISE = 5;
  private static final int PING = 6;
  private static final int GOAWAY = 7;
  private static final int WINDOW_UPDATE = 8;
  private static final int CONTINUATION = 9;

  private static final int ACK = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final int PREFACE_LENGTH = 24;
  private static final int STATUS_IN_STATIC_TABLE = 8;

  private boolean greeted;
  private boolean bodyEnded;

  @Override
  public int readHead(Connection connection) throws IOException {
    if (!greeted) {
      greeted = true;
      connection.in().skipNBytes(PREFACE_LENGTH);
      byte[] hello = frame(SETTINGS, 0, 0);
      connection.send(hello, 0, hello.length);
    }
    return readUntil(connection, HEADERS);
  }

  @Override
  public void readBody(Connection connection, int stream) throws IOException {
    while (!bodyEnded && readUntil(connection, DATA) >= 0) {
      // until its end
    }
  }

  /** Reads frames up to one of this type; returns its stream, -1 if the client closed. */
  private int readUntil(Connection connection, int wanted) throws IOException {
    DataInputStream in = new DataInputStream(connection.in());
    while (true) {
      int first = in.read();
      if (first < 0) {
        return -1;
      }
      int length = first << 16 | in.readUnsignedShort();
      int type = in.read();
      int flags = in.read();
      int stream = in.readInt();
      in.skipNBytes(length);
      if (type == SETTINGS && (flags & ACK) == 0) {
        byte[] ack = frame(SETTINGS, ACK, 0);
        connection.send(ack, 0, ack.length);
      }
      if (type == wanted) {
        bodyEnded = (flags & END_STREAM) != 0;
        return stream;
      }
    }
  }

  /** The frame that ends a connection, whose streams after the last one were not processed. */
  static byte[] goAway(int lastStream) {
    return frame(GOAWAY, 0, 0, number(lastStream), number(0));
  }

  /** A 200 without a body. */
  static byte[] emptyResponse(int stream) {
    return frame(HEADERS, END_HEADERS | END_STREAM, stream, headerBlock("200"));
  }

  static byte[] sent(RandomGenerator random, int stream) {
    return switch (random.nextInt(10)) {
      case 0 -> FuzzBytes.garbage(random, 400);
      case 1, 2 -> FuzzBytes.truncated(random, frames(random, stream));
      case 3, 4 -> FuzzBytes.mutated(random, frames(random, stream));
      default -> frames(random, stream);
    };
  }

  private static byte[] frames(RandomGenerator random, int stream) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (oneIn(random, 4)) {
      bytes.writeBytes(intruder(random, stream));
    }
    if (oneIn(random, 10)) {
      bytes.writeBytes(
          frame(HEADERS, END_HEADERS, stream, headerBlock(pick(random, "100", "103"))));
    }
    boolean bodyless = oneIn(random, 5);
    int flags = (oneIn(random, 20) ? 0 : END_HEADERS) | (bodyless ? END_STREAM : 0);
    bytes.writeBytes(frame(HEADERS, flags, stream, responseHeaders(random)));
    for (int more = random.nextInt(3); more >= 0 && !bodyless; more--) {
      if (oneIn(random, 8)) {
        bytes.writeBytes(intruder(random, stream));
      }
      boolean last = more == 0 && !oneIn(random, 8);
      byte[] body = FuzzBytes.garbage(random, oneIn(random, 30) ? 20_000 : 300);
      bytes.writeBytes(frame(DATA, last ? END_STREAM : 0, stream, body));
    }
    if (oneIn(random, 10)) { // trailers
      bytes.writeBytes(frame(HEADERS, END_HEADERS | END_STREAM, stream, field("checksum", "1")));
    }
    return bytes.toByteArray();
  }

  /** A frame that the client did not ask for, or that ends things. */
  private static byte[] intruder(RandomGenerator random, int stream) {
    int anyStream = random.nextInt(3) == 0 ? random.nextInt(10) : stream;
    int code = random.nextInt(15);
    return switch (random.nextInt(10)) {
      case 0 -> frame(RST_STREAM, 0, anyStream, number(code));
      case 1 -> frame(GOAWAY, 0, 0, number(anyStream - 2), number(code), new byte[0]);
      case 2 -> frame(WINDOW_UPDATE, 0, anyStream, number(random.nextInt()));
      case 3 -> frame(PING, random.nextInt(2), 0, FuzzBytes.garbage(random, 10));
      case 4 -> frame(SETTINGS, random.nextInt(2), 0, setting(random));
      case 5 -> frame(PUSH_PROMISE, END_HEADERS, anyStream, number(2), field(":path", "/"));
      case 6 -> frame(CONTINUATION, random.nextInt(8), anyStream, field("a", "b"));
      case 7 -> frame(random.nextInt(256), random.nextInt(256), anyStream, garbage(random));
      case 8 -> frame(HEADERS, random.nextInt(256), anyStream, garbage(random));
      default -> frame(DATA, random.nextInt(256), anyStream, garbage(random));
    };
  }

  private static byte[] garbage(RandomGenerator random) {
    return FuzzBytes.garbage(random, 50);
  }

  private static byte[] setting(RandomGenerator random) {
    int id = random.nextInt(8);
    int value = oneIn(random, 2) ? random.nextInt(3) : random.nextInt();
    byte[] number = number(value);
    return new byte[] {0, (byte) id, number[0], number[1], number[2], number[3]};
  }

  private static byte[] responseHeaders(RandomGenerator random) {
    ByteArrayOutputStream block = new ByteArrayOutputStream();
    String odd = pick(random, "", "20", "-01", "-99", "2000", "+20", "abc", "200 OK", "\u0662");
    block.writeBytes(headerBlock(oneIn(random, 10) ? odd : FuzzHttp1.status(random)));
    while (oneIn(random, 2)) {
      switch (random.nextInt(7)) {
        case 0, 1 -> block.writeBytes(field("retry-after", FuzzHttp1.retryAfter(random)));
        case 2 -> block.writeBytes(field("content-length", FuzzHttp1.contentLength(random, 100)));
        case 3 -> block.writeBytes(field("endpoint-load-metrics", FuzzHttp1.loadReport(random)));
        case 4 -> block.writeBytes(field(":status", "200"));
        case 5 -> block.writeBytes(field(pick(random, "UPPER", "", "\0", "connection"), "x"));
        default -> block.writeBytes(garbage(random));
      }
    }
    return block.toByteArray();
  }

  private static byte[] headerBlock(String status) {
    byte[] value = literal(status);
    byte[] block = new byte[1 + value.length];
    block[0] = STATUS_IN_STATIC_TABLE; // a literal that is not indexed, with this entry's name
    System.arraycopy(value, 0, block, 1, value.length);
    return block;
  }

  /** A header as a literal that is not indexed (RFC 7541, 6.2.2). */
  private static byte[] field(String name, String value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.write(0);
    bytes.writeBytes(literal(name));
    bytes.writeBytes(literal(value));
    return bytes.toByteArray();
  }

  /** A string as it is (RFC 7541, 5.2). */
  private static byte[] literal(String text) {
    byte[] plain = text.getBytes(ISO_8859_1);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int rest = plain.length - 127;
    bytes.write(Math.min(plain.length, 127));
    if (rest >= 0) {
      for (; rest >= 128; rest >>= 7) {
        bytes.write((rest & 127) | 128);
      }
      bytes.write(rest);
    }
    bytes.writeBytes(plain);
    return bytes.toByteArray();
  }

  private static byte[] number(int value) {
    return new byte[] {
      (byte) (value >> 24), (byte) (value >> 16), (byte) (value >> 8), (byte) value
    };
  }

  private static byte[] frame(int type, int flags, int stream, byte[]... parts) {
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      payload.writeBytes(part);
    }
    int length = payload.size();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    bytes.writeBytes(new byte[] {(byte) (length >> 16), (byte) (length >> 8), (byte) length});
    bytes.write(type);
    bytes.write(flags);
    bytes.writeBytes(number(stream));
    bytes.writeBytes(payload.toByteArray());
    return bytes.toByteArray();
  }
}
