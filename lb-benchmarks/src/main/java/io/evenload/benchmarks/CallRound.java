package io.evenload.benchmarks;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.List;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;

/**
 * What so many calls in turn took.
 *
 * @param nanos the time of all
 * @param bytes what their thread allocated for all
 */
record CallRound(long nanos, long bytes) {

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Makes so many calls. */
  static CallRound of(OkHttpClient client, Request request, int calls) throws IOException {
    return of(() -> client.newCall(request).execute(), calls);
  }

  static CallRound of(Calling calling, int calls) throws IOException {
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    long start = System.nanoTime();
    for (int i = 0; i < calls; i++) {
      try (Response response = calling.execute()) {
        if (response.code() != 200 || response.body().bytes().length != 2) {
          throw new IOException("unexpected response " + response);
        }
      }
    }
    return new CallRound(
        System.nanoTime() - start, THREADS.getCurrentThreadAllocatedBytes() - bytes);
  }

  /** Starts the server of the calls. */
  static MockWebServer server(Protocol protocol) throws IOException {
    MockWebServer server = new MockWebServer();
    server.setDispatcher(new Answers());
    server.setProtocols(List.of(protocol));
    server.setServerSocketFactory(new NoDelay.Server());
    server.start();
    return server;
  }

  /** A builder of a client that makes them. */
  static OkHttpClient.Builder client(Protocol protocol) {
    return new OkHttpClient.Builder()
        .protocols(List.of(protocol))
        .socketFactory(new NoDelay.Client());
  }

  /** Makes one call. */
  @FunctionalInterface
  interface Calling {
    Response execute() throws IOException;
  }

  private static final class Answers extends Dispatcher {
    @Override
    public MockResponse dispatch(RecordedRequest request) {
      return new MockResponse.Builder().body("ok").build();
    }
  }
}
