package io.evenload.okhttp;

import static io.evenload.okhttp.FuzzBytes.oneIn;
import static io.evenload.okhttp.FuzzBytes.pick;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.evenload.okhttp.RawBackend.Connection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.random.RandomGenerator;

/** Makes up what an HTTP/1.1 server may send, from nearly right to garbage. */
final class FuzzHttp1 implements FuzzScript.Protocol {

  private static final String EOL = "\r\n";

  private int bodyLength;

  @Override
  public int readHead(Connection connection) throws IOException {
    bodyLength = connection.readHead();
    return Math.min(bodyLength, 0);
  }

  @Override
  public void readBody(Connection connection, int stream) throws IOException {
    connection.in().skipNBytes(bodyLength);
  }

  static byte[] sent(RandomGenerator random) {
    return switch (random.nextInt(10)) {
      case 0 -> FuzzBytes.garbage(random, 400);
      case 1, 2 -> FuzzBytes.truncated(random, response(random));
      case 3, 4 -> FuzzBytes.mutated(random, response(random));
      default -> response(random);
    };
  }

  private static byte[] response(RandomGenerator random) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    while (oneIn(random, 8)) {
      String status = pick(random, "100 Continue", "102 Processing", "103 Early Hints", "101 No");
      write(bytes, "HTTP/1.1 " + status + EOL + headers(random) + EOL);
    }
    write(bytes, statusLine(random) + EOL + headers(random));
    framedBody(random, bytes);
    return bytes.toByteArray();
  }

  private static String statusLine(RandomGenerator random) {
    if (oneIn(random, 8)) {
      return pick(
          random,
          "HTTP/1.0 200 OK",
          "HTTP/1.1 200",
          "HTTP/1.1 200 ",
          "HTTP/1.1  200 OK",
          "HTTP/1.1 -01 OK",
          "HTTP/1.1 -99",
          "HTTP/1.1 +20 OK",
          "HTTP/1.1 2000 OK",
          "HTTP/1.1 20x OK",
          "HTTP/1.1 20",
          "HTTP/1.1",
          "HTTP/1.2 200 OK",
          "HTTP/2 200",
          "ICY 200 OK",
          "http/1.1 200 OK",
          "HTTP/1.1 \u0662\u0660\u0660 OK",
          "");
    }
    return "HTTP/1.1 " + status(random) + " Whatever";
  }

  static String status(RandomGenerator random) {
    return oneIn(random, 3)
        ? pick(random, "200", "200", "503", "503", "429", "204", "304")
        : oneIn(random, 3)
            ? String.format("%03d", random.nextInt(1000))
            : pick(
                random, "205", "206", "301", "302", "303", "307", "308", "401", "404", "407", "408",
                "413", "421", "425", "500", "502", "504", "599", "000", "100", "101", "999");
  }

  private static String headers(RandomGenerator random) {
    StringBuilder headers = new StringBuilder();
    while (!oneIn(random, 3)) {
      headers.append(header(random)).append(EOL);
    }
    return headers.toString();
  }

  private static String header(RandomGenerator random) {
    return switch (random.nextInt(12)) {
      case 0, 1, 2 -> "Retry-After: " + retryAfter(random);
      case 3 -> "Location: " + location(random);
      case 4 ->
          "Connection: " + pick(random, "close", "keep-alive", "Upgrade", "close, close", "\0");
      case 5 -> "Content-Type: " + pick(random, "text/plain; charset=nowhere", "/", "a/b;;=", "");
      case 6 -> "Content-Encoding: " + pick(random, "gzip", "br", "gzip, gzip", "");
      case 7 -> "Set-Cookie: " + pick(random, "a=b; Domain=test", "=;;", "a=b; Max-Age=-9e99", "");
      case 8 -> "endpoint-load-metrics: " + loadReport(random);
      case 9 -> "Date: " + pick(random, "Thu, 01 Jan 1970 00:00:00 GMT", "tomorrow", "0");
      case 10 -> "X: " + "y".repeat(oneIn(random, 20) ? 300_000 : random.nextInt(3000));
      default -> pick(random, "no colon", ": no name", " folded", "a\0b: c", "\u00e9: \u00ff", ":");
    };
  }

  static String retryAfter(RandomGenerator random) {
    return pick(
        random,
        "0",
        "0",
        "00",
        " 0 ",
        "1",
        "120",
        "-1",
        "1.5",
        "0x10",
        "9223372036854775807",
        "99999999999999999999999999",
        "Thu, 01 Jan 1970 00:00:00 GMT",
        "Fri, 31 Dec 9999 23:59:59 GMT",
        "Fri, 31 Dec 292278994 23:59:59 GMT",
        "Fri, 31 Dec 2147483647 23:59:59 GMT",
        "soon",
        "\u0661",
        "0, 0",
        "");
  }

  static String loadReport(RandomGenerator random) {
    String number = pick(random, "0.5", "-1", "NaN", "1e999", "Infinity", "", "0x1p3", "\u0661");
    return pick(
        random,
        "TEXT cpu_utilization=" + number + ", rps_fractional=" + number,
        "TEXT =,=,,=" + number,
        "JSON {\"cpu_utilization\":" + number + ",\"rps_fractional\":" + number + "}",
        "JSON " + "[".repeat(random.nextInt(2000)),
        "JSON {\"named_metrics\":{\"a\":" + number,
        "BIN " + number,
        number);
  }

  private static String location(RandomGenerator random) {
    return pick(
        random,
        "/moved",
        "//" + BalancedClient.HOST + "/moved",
        "http://" + BalancedClient.HOST + "/moved",
        "https://" + BalancedClient.HOST + "/moved",
        "http://elsewhere.test/",
        "http://lb-detach.invalid/",
        "http://[::1",
        "http://" + BalancedClient.HOST + ":99999/",
        "ftp://elsewhere.test/",
        "%%%");
  }

  private static void framedBody(RandomGenerator random, ByteArrayOutputStream bytes) {
    byte[] body = body(random);
    switch (random.nextInt(4)) {
      case 0 -> {
        write(
            bytes, "Transfer-Encoding: " + pick(random, "chunked", "chunked", "gzip") + EOL + EOL);
        chunked(random, bytes, body);
      }
      case 1 -> {
        write(bytes, EOL); // until the connection ends
        bytes.writeBytes(body);
      }
      default -> {
        write(bytes, "Content-Length: " + contentLength(random, body.length) + EOL + EOL);
        bytes.writeBytes(body);
      }
    }
  }

  private static byte[] body(RandomGenerator random) {
    return FuzzBytes.garbage(random, oneIn(random, 30) ? 200_000 : oneIn(random, 2) ? 3000 : 20);
  }

  static String contentLength(RandomGenerator random, int right) {
    if (!oneIn(random, 4)) {
      return Integer.toString(right);
    }
    return pick(
        random,
        Integer.toString(right + 1 + random.nextInt(100)),
        Integer.toString(random.nextInt(right + 1)),
        "0",
        "-1",
        "-5",
        "2147483648",
        "9223372036854775807",
        "-9223372036854775808",
        "99999999999999999999",
        "abc",
        right + ", " + right,
        right + EOL + "Content-Length: 1",
        "");
  }

  private static void chunked(RandomGenerator random, ByteArrayOutputStream bytes, byte[] body) {
    int sent = 0;
    while (sent < body.length) {
      int size = 1 + random.nextInt(body.length - sent);
      String right = Integer.toHexString(size);
      String told =
          oneIn(random, 10)
              ? pick(random, "-1", "fffffffffffffffff", "7fffffffffffffff", "x", "", right + ";a=b")
              : right;
      write(bytes, told + EOL);
      bytes.write(body, sent, size);
      write(bytes, oneIn(random, 20) ? "" : EOL);
      sent += size;
    }
    write(bytes, oneIn(random, 8) ? "" : "0" + EOL);
    write(bytes, oneIn(random, 4) ? headers(random) + EOL : EOL); // the trailers
    if (oneIn(random, 10)) {
      bytes.writeBytes(FuzzBytes.garbage(random, 100));
    }
  }

  private static void write(ByteArrayOutputStream bytes, String text) {
    bytes.writeBytes(text.getBytes(ISO_8859_1));
  }
}
