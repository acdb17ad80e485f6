package io.evenload.okhttp;

import java.io.IOException;
import okhttp3.Call;
import okhttp3.ResponseBody;
import okio.Buffer;
import okio.BufferedSource;
import okio.ForwardingSource;
import okio.Okio;
import okio.Source;

/** The body of an event stream, which may end before the server ends it. */
final class DrainableBody extends WrappedBody implements DrainableStream {

  /*
   * Its reader is to see an end, as if the server had ended it, and not a failure. Mostly it waits inside a read, which
   * only the end of the call ends: what that throws is the end here. An event that is half read would be lost, so if the
   * last byte did not end a line that is empty, this waits for more, until it is cut. Then a line that is half read is
   * ended: readers throw an event away that has no empty line behind it, but OkHttp's takes an open line for a failure.
   *
   * One thread at a time reads.
   */

  private static final int MOST = 4; // bytes of two ends of lines

  private final Call call;
  private final BufferedSource source;
  private volatile boolean betweenEvents = true;
  private volatile boolean due;
  private volatile boolean cut;

  DrainableBody(ResponseBody body, Call call) {
    super(body);
    this.call = call;
    this.source = Okio.buffer(new Ending(body.source()));
  }

  @Override
  public BufferedSource source() {
    return source;
  }

  @Override
  public void end() {
    due = true;
    if (betweenEvents) {
      cut();
    }
  }

  @Override
  public void cut() {
    cut = true;
    call.cancel();
  }

  private final class Ending extends ForwardingSource {

    private int lineEnds = 2; // so many stand last so far
    private byte last;

    Ending(Source source) {
      super(source);
    }

    @Override
    public long read(Buffer sink, long byteCount) throws IOException {
      if (due && betweenEvents) {
        DrainableBody.this.cut();
      }
      if (cut) {
        return lastOf(sink);
      }
      try {
        long read = super.read(sink, byteCount);
        note(sink, read);
        return read;
      } catch (IOException e) {
        if (cut) {
          return lastOf(sink);
        }
        throw e;
      }
    }

    /** Ends the line that was cut, and then the body. */
    private long lastOf(Buffer sink) {
      if (lineEnds > 0) {
        return -1;
      }
      sink.writeByte('\n');
      lineEnds = 1;
      return 1;
    }

    /** Counts the ends of lines that stand last; a line ends with CR, LF, or both. */
    private void note(Buffer sink, long read) {
      for (long i = sink.size() - Math.max(0, Math.min(read, MOST)); i < sink.size(); i++) {
        byte each = sink.getByte(i);
        boolean ends = each == '\n' || each == '\r';
        boolean withLast = each == '\n' && last == '\r';
        lineEnds = ends ? lineEnds + (withLast ? 0 : 1) : 0;
        last = each;
      }
      betweenEvents = lineEnds >= 2;
    }
  }
}
