package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import mockwebserver3.MockResponseBody;
import mockwebserver3.SocketEffect;
import okhttp3.Response;
import okhttp3.sse.EventSource;
import okhttp3.sse.EventSourceListener;
import okhttp3.sse.EventSources;
import okio.BufferedSink;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Server-sent events, whose stream is in flight as long as it lives. */
class EventStreamTest {

  @RegisterExtension final Backends backends = new Backends();

  private final CountDownLatch over = new CountDownLatch(1);
  private final List<String> events = new CopyOnWriteArrayList<>();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("58: a stream of events is in flight until the server ends it")
  void eventSource_endedByServer_endsAttempt(Wire wire) {
    Backend a = streaming("a", wire);
    BalancedClient client = backends.client(a).build();

    open(client);
    backends.await(() -> events.contains("hello"));
    assertThat(client.inFlight()).isEqualTo(1);
    assertThat(client.ended()).isEmpty();
    over.countDown();
    backends.await(() -> events.contains("closed"));

    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("58: a stream of events that the caller cancels ends, and nobody is blamed")
  void eventSource_cancelled_endsAttempt(Wire wire) {
    Backend a = streaming("a", wire);
    BalancedClient client = backends.client(a).build();

    EventSource source = open(client);
    backends.await(() -> events.contains("hello"));
    source.cancel();

    client.await(() -> client.inFlight() == 0);
    assertThat(client.failureRate(a.server())).isZero();
    over.countDown();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("58: a stream of events that one server refuses begins at the next")
  void eventSource_503_goesToNextServer(Wire wire) {
    Backend down = backends.start("down", wire).always(response -> response.code(503));
    Backend a = streaming("a", wire);
    BalancedClient client = backends.client(down, a).build();

    open(client);
    backends.await(() -> events.contains("hello"));
    over.countDown();

    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(failed(down.server()), succeeded(a));
  }

  private EventSource open(BalancedClient client) {
    return EventSources.createFactory(client.http())
        .newEventSource(
            client.request("/events").build(),
            new EventSourceListener() {
              @Override
              public void onEvent(EventSource source, String id, String type, String data) {
                note(data);
              }

              @Override
              public void onClosed(EventSource source) {
                note("closed");
              }

              @Override
              public void onFailure(EventSource source, Throwable failure, Response response) {
                note("failed");
              }
            });
  }

  private void note(String event) {
    events.add(event);
    backends.signal().changed();
  }

  /**
   * A server that sends one event, and ends the stream when it is over; over HTTP/1.1, the
   * connection too, since the body has no length.
   */
  private Backend streaming(String id, Wire wire) {
    return backends
        .start(id, wire)
        .nextBare(
            response ->
                response
                    .setHeader("Content-Type", "text/event-stream")
                    .onResponseEnd(
                        wire == Wire.HTTP_1 ? SocketEffect.ShutdownConnection.INSTANCE : null)
                    .body(
                        new MockResponseBody() {
                          @Override
                          public long getContentLength() {
                            return -1;
                          }

                          @Override
                          public void writeTo(BufferedSink sink) throws IOException {
                            sink.writeUtf8("data: hello\n\n").flush();
                            backends.await(() -> over.getCount() == 0);
                          }
                        }));
  }
}
