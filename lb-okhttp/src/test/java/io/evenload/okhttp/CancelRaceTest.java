package io.evenload.okhttp;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.FilterInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.Socket;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * A call that is cancelled while its headers are written, and answered before OkHttp has taken note
 * of the cancellation: OkHttp 5.5.1 then neither ends the call for its listeners nor lets go of the
 * connection, unless something throws behind the response.
 */
class CancelRaceTest {

  @RegisterExtension final Backends backends = new Backends();

  private final AtomicBoolean racing = new AtomicBoolean();
  private final AtomicReference<Thread> writer = new AtomicReference<>(); // of the headers
  private final AtomicBoolean overtaken = new AtomicBoolean();

  @ParameterizedTest
  @ValueSource(ints = {200, 503})
  @DisplayName("46: a response that overtakes the cancellation leaves nothing behind")
  void cancel_overtakenByResponse_leavesNothingBehind(int status) throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2_CLEARTEXT);
    Backend b = backends.start("b", Wire.HTTP_2_CLEARTEXT);
    BalancedClient client =
        backends
            .client(a, b)
            .http(
                http ->
                    http.socketFactory(new AnsweredOnWriteSocketFactory())
                        .eventListenerFactory(call -> new CancelAtHeaders()))
            .build();
    client.warmUp(a);
    a.next(response -> response.code(status));
    racing.set(true);

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);

    assertThat(overtaken).as("the race that this test is about").isTrue();
    assertThat(client.inFlight()).isZero();
    assertThat(client.busyConnections()).isZero();
    assertThat(b.hits()).isZero();
  }

  private final class CancelAtHeaders extends EventListener {
    @Override
    public void requestHeadersStart(Call call) {
      if (racing.getAndSet(false)) {
        writer.set(Thread.currentThread()); // others write acknowledgements
        call.cancel();
      }
    }

    @Override
    public void responseHeadersEnd(Call call, Response response) {
      if (call.isCanceled()) {
        overtaken.set(true);
      }
    }
  }

  /** Makes sockets that return from a write only when what came in answer has been taken in. */
  private final class AnsweredOnWriteSocketFactory extends UnconnectedSocketFactory {
    @Override
    public Socket createSocket() {
      return new Socket() {
        private final Semaphore takenIn = new Semaphore(0);
        private volatile boolean waiting;
        private boolean answered; // only on the thread that reads

        @Override
        public InputStream getInputStream() throws IOException {
          return new FilterInputStream(super.getInputStream()) {
            @Override
            public int read(byte[] bytes, int offset, int length) throws IOException {
              if (answered) {
                takenIn.release();
              }
              int count = super.read(bytes, offset, length);
              answered = waiting && hasHeaders(bytes, offset, count);
              return count;
            }
          };
        }

        @Override
        public OutputStream getOutputStream() throws IOException {
          return new FilterOutputStream(super.getOutputStream()) {
            @Override
            public void write(byte[] bytes, int offset, int length) throws IOException {
              waiting = writer.compareAndSet(Thread.currentThread(), null);
              out.write(bytes, offset, length);
              if (waiting) {
                await(takenIn);
              }
            }
          };
        }
      };
    }
  }

  /** Whether there is a HEADERS frame in these bytes, which begin with a frame. */
  private static boolean hasHeaders(byte[] bytes, int offset, int count) {
    int frameHeader = 9;
    for (int at = offset; at + frameHeader <= offset + count; ) {
      if (bytes[at + 3] == 1) {
        return true;
      }
      int length = (bytes[at] & 0xff) << 16 | (bytes[at + 1] & 0xff) << 8 | (bytes[at + 2] & 0xff);
      at += frameHeader + length;
    }
    return false;
  }

  private static void await(Semaphore semaphore) throws IOException {
    try {
      if (!semaphore.tryAcquire(20, SECONDS)) {
        throw new IOException("no answer");
      }
    } catch (InterruptedException e) {
      throw new InterruptedIOException();
    }
  }
}
