package io.evenload.okhttp;

import static io.evenload.okhttp.FuzzBytes.oneIn;
import static io.evenload.okhttp.FuzzBytes.pick;

import io.evenload.okhttp.FuzzScript.Begin;
import io.evenload.okhttp.FuzzScript.End;
import io.evenload.okhttp.RawBackend.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import java.util.random.RandomGenerator;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Buffer;
import okio.Okio;

/** One call, and what the servers that it reaches do: all made from one number. */
final class FuzzCase {

  private static final int SCRIPTS = 3;
  private static final Duration CALL_TIMEOUT = Duration.ofMillis(400);

  /** What the caller does with a response. */
  private enum Reading {
    ALL,
    ALL_AND_TRAILERS,
    SOME,
    NOTHING
  }

  private final long seed;
  private final Wire wire;
  private final String method;
  private final Reading reading;
  private final boolean callTimeout;
  private final int requestBody;
  private final FuzzScript[] scripts = new FuzzScript[SCRIPTS];
  private final AtomicInteger connections = new AtomicInteger();
  private final CountDownLatch over = new CountDownLatch(1);

  FuzzCase(long seed, Wire wire) {
    this.seed = seed;
    this.wire = wire;
    RandomGenerator random = new SplittableRandom(seed);
    method = pick(random, "GET", "GET", "POST", "POST", "PUT", "HEAD", "DELETE");
    requestBody = oneIn(random, 20) ? 300_000 : random.nextInt(100);
    Reading[] readings = Reading.values();
    reading = oneIn(random, 2) ? Reading.ALL : readings[random.nextInt(readings.length)];
    for (int i = 0; i < SCRIPTS; i++) {
      scripts[i] = script(random);
    }
    callTimeout = oneIn(random, 10);
  }

  private FuzzScript script(RandomGenerator random) {
    Begin begin =
        oneIn(random, 5)
            ? Begin.AT_ONCE
            : oneIn(random, 4) ? Begin.AFTER_HEAD : Begin.AFTER_REQUEST;
    End end =
        oneIn(random, 40)
            ? End.STALL
            : oneIn(random, 2) ? End.NEXT_REQUEST : oneIn(random, 2) ? End.CLOSE : End.RESET;
    boolean trickling = oneIn(random, 40);
    int pieces = trickling ? 1 + random.nextInt(40) : oneIn(random, 3) ? 10 : 1;
    long bytesSeed = random.nextLong();
    boolean nothing = oneIn(random, 15);
    IntFunction<byte[]> bytes =
        stream -> nothing ? new byte[0] : bytes(new SplittableRandom(bytesSeed), stream);
    return new FuzzScript(begin, bytes, pieces, trickling, end);
  }

  private byte[] bytes(RandomGenerator random, int stream) {
    return switch (wire) {
      case HTTP_1 -> FuzzHttp1.sent(random);
      case HTTP_2_CLEARTEXT -> FuzzHttp2.sent(random, stream);
      case HTTP_2 -> tls(random);
    };
  }

  /** The beginning of a record that TLS knows (RFC 8446, 5.1), or not even that. */
  private static byte[] tls(RandomGenerator random) {
    byte[] bytes = FuzzBytes.garbage(random, 300);
    if (bytes.length > 10 && !oneIn(random, 3)) {
      bytes[0] = (byte) (20 + random.nextInt(5));
      bytes[1] = 3;
      bytes[2] = (byte) random.nextInt(5);
      bytes[3] = 0;
      bytes[4] = (byte) (bytes.length - 5);
      bytes[5] = (byte) random.nextInt(25);
    }
    return bytes;
  }

  /** The server's side of a connection. */
  void serve(Connection connection) throws IOException {
    int number = connections.getAndIncrement();
    FuzzScript.Protocol protocol = wire == Wire.HTTP_1 ? new FuzzHttp1() : new FuzzHttp2();
    Begin begin = scripts[number % SCRIPTS].begin();
    if (wire == Wire.HTTP_2 && begin != Begin.AT_ONCE) {
      connection.in().read(); // something of a hello came
      scripts[number % SCRIPTS].atOnce().play(connection, protocol, over);
    } else {
      scripts[number % SCRIPTS].play(connection, protocol, over);
    }
  }

  /** The caller's side. Returns whether there was a response. */
  boolean call(OkHttpClient http) throws IOException {
    boolean bodyAllowed = method.equals("POST") || method.equals("PUT");
    Request request =
        new Request.Builder()
            .url(wire.scheme + "://" + BalancedClient.HOST + path())
            .method(method, bodyAllowed ? RequestBody.create(new byte[requestBody]) : null)
            .build();
    Call call = http.newCall(request);
    if (callTimeout) {
      call.timeout().timeout(CALL_TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    }
    try (Response response = call.execute()) {
      read(response);
      return true;
    } finally {
      over.countDown();
    }
  }

  private void read(Response response) throws IOException {
    switch (reading) {
      case ALL -> response.body().string();
      case ALL_AND_TRAILERS -> {
        response.body().source().readAll(Okio.blackhole());
        response.trailers();
      }
      case SOME -> response.body().source().read(new Buffer(), 10);
      case NOTHING -> {
        // The body is closed unread.
      }
    }
  }

  /** Where the request goes, unlike any other case's. */
  String path() {
    return "/case/" + seed;
  }

  boolean isPost() {
    return method.equals("POST");
  }

  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    text.append("seed ").append(seed).append(" over ").append(wire).append(": ").append(method);
    text.append(" with a body of ").append(requestBody).append(" bytes, reading ").append(reading);
    text.append(callTimeout ? ", with a call timeout" : "");
    for (int i = 0; i < SCRIPTS; i++) {
      text.append("\n  connection ").append(i).append(": ").append(scripts[i]);
    }
    return text.toString();
  }
}
