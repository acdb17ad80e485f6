package io.evenload.okhttp;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;
import okhttp3.Call;
import okio.Buffer;
import okio.ForwardingSink;
import okio.Sink;
import okio.Socket;
import okio.Source;

/** The socket below a web socket, on which this side may say that it goes away. */
final class DrainableWebSocket implements Socket, DrainableStream {

  /*
   * OkHttp shows the web socket itself to nobody but its caller, and a response with the socket below it. So the close
   * frame is put between the frames that the caller sends. A server answers it with its own, by which the caller's listener
   * hears of it as of any close: onClosing with 1001, and when it closes too, as it has to, onClosed. That last frame, and
   * whatever else is sent after ours, goes nowhere: nothing may come after a close.
   *
   * A frame is written by one thread after another. Whoever wants to close while one is being written leaves that to the
   * writer, who looks when it has let go of the lock, so that nobody waits for anybody.
   */

  private static final int GOING_AWAY = 1001;
  private static final String REASON = "the server drains";
  private static final int FINAL_CLOSE = 0x88;
  private static final int MASKED = 0x80;

  private final Socket socket;
  private final Call call;
  private final int mask;
  private final Framed sink;
  private final ReentrantLock writing = new ReentrantLock();
  private final WebSocketFrames frames = new WebSocketFrames(); // guarded by the lock
  private volatile boolean due;
  private volatile boolean said;

  /**
   * Wraps a socket over which nothing has been sent.
   *
   * @param mask drawn at random, as what a client sends has to be masked
   */
  DrainableWebSocket(Socket socket, Call call, int mask) {
    this.socket = socket;
    this.call = call;
    this.mask = mask;
    this.sink = new Framed(socket.getSink());
  }

  @Override
  public Source getSource() {
    return socket.getSource();
  }

  @Override
  public Sink getSink() {
    return sink;
  }

  @Override
  public void cancel() {
    socket.cancel();
  }

  @Override
  public void end() {
    due = true;
    if (!said && writing.tryLock()) { // else its writer comes by here
      try {
        sink.sayGoodbye();
      } finally {
        writing.unlock();
      }
    }
  }

  @Override
  @SuppressWarnings("EmptyCatch") // it is cut already
  public void cut() {
    call.cancel();
    try {
      socket.getSource().close(); // its reader may be gone, and the caller not have closed
      socket.getSink().close();
    } catch (IOException e) {
    }
  }

  private final class Framed extends ForwardingSink {

    Framed(Sink sink) {
      super(sink);
    }

    @Override
    public void write(Buffer source, long byteCount) throws IOException {
      writing.lock();
      try {
        if (said) {
          source.skip(byteCount);
          return;
        }
        frames.passed(source, byteCount);
        super.write(source, byteCount);
      } finally {
        writing.unlock();
      }
      if (due) {
        end();
      }
    }

    @Override
    public void flush() throws IOException {
      writing.lock();
      try {
        super.flush();
      } finally {
        writing.unlock();
      }
      if (due) {
        end();
      }
    }

    /** Sends the close frame, unless that was done, or has to wait for the end of a frame. */
    @SuppressWarnings("EmptyCatch") // who reads finds out
    private void sayGoodbye() {
      if (said || frames.closed() || !frames.atBoundary()) {
        return;
      }
      said = true;
      Buffer frame = closeFrame();
      try {
        super.write(frame, frame.size());
        super.flush();
      } catch (IOException e) {
      }
    }

    private Buffer closeFrame() {
      byte[] reason = REASON.getBytes(StandardCharsets.US_ASCII);
      Buffer payload = new Buffer().writeShort(GOING_AWAY).write(reason);
      Buffer frame = new Buffer().writeByte(FINAL_CLOSE);
      frame.writeByte(MASKED | (int) payload.size()).writeInt(mask);
      for (int i = 0; i < payload.size(); i++) {
        frame.writeByte(payload.getByte(i) ^ (mask >>> (24 - 8 * (i % 4))));
      }
      return frame;
    }
  }
}
