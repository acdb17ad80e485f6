package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.EOFException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.TimeUnit;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.BufferedSource;
import okio.Okio;
import okio.Source;
import okio.Timeout;
import org.junit.jupiter.api.Test;

/** What of the time that a body takes is its server's. */
final class BodyWaitTest {

  private final VirtualTiming time = new VirtualTiming();
  private final Pieces pieces = new Pieces();

  @Test
  void reads_countAsLongAsTheyWait() throws IOException {
    BodyWait wait = wait(true);
    BufferedSource body = body(wait, piece(300, 1_000), piece(200, 1_000));
    body.skip(2_000);

    assertThat(wait.soFar()).isEqualTo(Duration.ofMillis(500));
  }

  @Test
  void callerThatReadsSlowly_isNotTheServersFault() throws IOException {
    BodyWait wait = wait(true);
    BufferedSource body = body(wait, piece(1, 1_000), piece(0, 1_000), piece(0, 1_000));
    for (int i = 0; i < 3; i++) {
      body.skip(1_000);
      time.advance(Duration.ofMinutes(1));
    }
    body.close();

    assertThat(wait.soFar()).isEqualTo(Duration.ofMillis(1));
  }

  @Test
  void largeBody_countsByItsFirstPart() throws IOException {
    BodyWait wait = wait(true);
    Piece[] all = new Piece[100];
    for (int i = 0; i < all.length; i++) {
      all[i] = piece(10, 8_192);
    }
    body(wait, all).skip(100 * 8_192);

    assertThat(wait.soFar()).as("32 pieces are 256 KiB").isEqualTo(Duration.ofMillis(320));
  }

  @Test
  void unknownLength_withoutAPause_counts() throws IOException {
    BodyWait wait = wait(false);
    body(wait, piece(900, 1_000), piece(900, 1_000)).skip(2_000);

    assertThat(wait.soFar()).isEqualTo(Duration.ofMillis(1_800));
  }

  @Test
  void unknownLength_thatPauses_isAStreamAndCountsNothing() throws IOException {
    BodyWait wait = wait(false);
    body(wait, piece(10, 1_000), piece(1_000, 1_000)).skip(2_000);

    assertThat(wait.soFar()).isZero();
  }

  @Test
  void unknownLength_thatLasts_isAStreamAndCountsNothing() throws IOException {
    BodyWait wait = wait(false);
    Piece[] all = new Piece[50];
    for (int i = 0; i < all.length; i++) {
      all[i] = piece(200, 10);
    }
    body(wait, all).skip(500);

    assertThat(wait.soFar()).isZero();
  }

  @Test
  void readThatFails_countsAsLongAsItWaited() {
    BodyWait wait = wait(true);
    BufferedSource body = body(wait, piece(10, 100), piece(5_000, -1));

    assertThatThrownBy(() -> body.skip(200)).isInstanceOf(EOFException.class);
    assertThat(wait.soFar()).isEqualTo(Duration.ofMillis(5_010));
  }

  @Test
  void readThatRuns_countsSoFarAndStallsAfterASecond() throws IOException {
    BodyWait wait = wait(true);
    pieces.during =
        () -> {
          assertThat(wait.soFar()).isEqualTo(Duration.ofMillis(1_500));
          assertThat(wait.stalls()).isTrue();
        };
    body(wait, piece(1_500, 100)).skip(100);

    assertThat(wait.stalls()).as("more has come").isFalse();
    assertThat(wait.soFar()).isEqualTo(Duration.ofMillis(1_500));
  }

  @Test
  void stream_neverStalls() throws IOException {
    BodyWait wait = wait(false);
    pieces.during = () -> assertThat(wait.stalls()).isFalse();
    body(wait, piece(60_000, 100)).skip(100);
  }

  @Test
  void body_isOtherwiseTheSame() throws IOException {
    MediaType text = MediaType.get("text/plain; charset=utf-8");
    Response response = response(ResponseBody.create("hello", text));
    Response watched = wait(true).watching(response);

    assertThat(watched.body().contentType()).isEqualTo(text);
    assertThat(watched.body().contentLength()).isEqualTo(5);
    assertThat(watched.body().string()).isEqualTo("hello");
  }

  private BodyWait wait(boolean lengthKnown) {
    return new BodyWait(lengthKnown, time::nanos);
  }

  private BufferedSource body(BodyWait wait, Piece... comes) {
    pieces.left.addAll(java.util.List.of(comes));
    ResponseBody body = ResponseBody.create(Okio.buffer(pieces), null, -1);
    return wait.watching(response(body)).body().source();
  }

  private static Response response(ResponseBody body) {
    return new Response.Builder()
        .request(new Request.Builder().url("http://orders.test/").build())
        .protocol(Protocol.HTTP_1_1)
        .code(200)
        .message("OK")
        .body(body)
        .build();
  }

  private static Piece piece(int afterMillis, int bytes) {
    return new Piece(TimeUnit.MILLISECONDS.toNanos(afterMillis), bytes);
  }

  /** What comes of one read; the end of the body if the bytes are negative. */
  private record Piece(long afterNanos, int bytes) {}

  /** A body that comes piece by piece. */
  private final class Pieces implements Source {
    private final Deque<Piece> left = new ArrayDeque<>();
    private Runnable during = () -> {};

    @Override
    public long read(Buffer sink, long byteCount) {
      Piece next = left.isEmpty() ? new Piece(0, -1) : left.remove();
      time.advance(Duration.ofNanos(next.afterNanos()));
      during.run();
      if (next.bytes() > 0) {
        sink.write(new byte[next.bytes()]);
      }
      return next.bytes();
    }

    @Override
    public Timeout timeout() {
      return Timeout.NONE;
    }

    @Override
    public void close() {}
  }
}
