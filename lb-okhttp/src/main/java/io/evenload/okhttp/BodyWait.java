package io.evenload.okhttp;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import okhttp3.Response;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.BufferedSource;
import okio.ForwardingSource;
import okio.Okio;
import okio.Source;

/** How long a server keeps the caller waiting for a body, while the caller reads it. */
final class BodyWait {

  /*
   * Only the time inside a read is the server's: a caller that is busy with what it has read finds the rest in a buffer.
   * And only the first ENOUGH bytes count: what comes after them says nothing new of the server's speed, but would make one
   * that sends large files look slower than one that sends small ones.
   *
   * A body whose length is known is there, and whoever waits for it waits for the server. One of unknown length may be a
   * stream that has nothing to say for a while: if it ever pauses for LONG_PAUSE, or lasts for LONGEST_WAIT, nothing of it
   * counts.
   *
   * One thread at a time reads. The call may end inside a read, which then counts as far as it has come, or on the thread
   * that closes the body.
   */

  private static final long ENOUGH = 256 * 1024;
  private static final long LONG_PAUSE = TimeUnit.SECONDS.toNanos(1);
  private static final long LONGEST_WAIT = TimeUnit.SECONDS.toNanos(10);

  private final boolean lengthKnown;
  private final LongSupplier nanoTime;
  private volatile boolean reading;
  private volatile long begunNanos;
  private volatile long waitedNanos;
  private volatile long longestNanos;
  private volatile long bytes;

  /**
   * Begins at zero.
   *
   * @param lengthKnown whether the server said how long the body is
   */
  BodyWait(boolean lengthKnown, LongSupplier nanoTime) {
    this.lengthKnown = lengthKnown;
    this.nanoTime = nanoTime;
  }

  /** Returns the response with a body that is watched. */
  Response watching(Response response) {
    return response.newBuilder().body(new Watched(response.body())).build();
  }

  /** How long the caller has waited so far, as far as it counts. */
  Duration soFar() {
    long current = current();
    long waited = waitedNanos + current;
    boolean stream =
        !lengthKnown && (Math.max(longestNanos, current) >= LONG_PAUSE || waited >= LONGEST_WAIT);
    return waited == 0 || stream ? Duration.ZERO : Duration.ofNanos(waited);
  }

  /** Whether the caller waits for more of a body that is there, and nothing has come for long. */
  boolean stalls() {
    return lengthKnown && current() >= LONG_PAUSE;
  }

  private long current() {
    return reading ? Math.max(0, nanoTime.getAsLong() - begunNanos) : 0;
  }

  private final class Watched extends WrappedBody {
    private final BufferedSource source;

    Watched(ResponseBody body) {
      super(body);
      this.source = Okio.buffer(new Timed(body.source()));
    }

    @Override
    public BufferedSource source() {
      return source;
    }
  }

  private final class Timed extends ForwardingSource {

    Timed(Source source) {
      super(source);
    }

    @Override
    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread at a time reads
    public long read(Buffer sink, long byteCount) throws IOException {
      begunNanos = nanoTime.getAsLong();
      reading = true;
      long read = -1;
      try {
        read = super.read(sink, byteCount);
        return read;
      } finally {
        long waited = current();
        reading = false;
        if (bytes < ENOUGH) {
          waitedNanos += waited;
          longestNanos = Math.max(longestNanos, waited);
        }
        bytes += Math.max(0, read);
      }
    }
  }
}
