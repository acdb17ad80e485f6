package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.MockResponseBody;
import mockwebserver3.SocketEffect;
import okhttp3.Dispatcher;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import okhttp3.sse.EventSource;
import okhttp3.sse.EventSourceListener;
import okhttp3.sse.EventSources;
import okio.BufferedSink;
import okio.ByteString;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The streams of a server that drains end one after another, and nothing else does. */
class StreamDrainTest {

  private static final Duration WITHIN = Duration.ofSeconds(30);
  private static final int MANY = 500;

  @RegisterExtension final Backends backends = new Backends();

  private final DrainTimer timer = new DrainTimer();
  private final CountDownLatch over = new CountDownLatch(1);
  private final List<String> events = new CopyOnWriteArrayList<>();

  @AfterEach
  void end() {
    over.countDown();
  }

  @Test
  void webSocket_serverDrains_isClosedByAFrameThatSaysSo() {
    Conversation atServer = new Conversation("server", true);
    Backend a = backends.start("a").nextBare(response -> response.webSocketUpgrade(atServer));
    Backend b = backends.start("b").nextBare(response -> response.webSocketUpgrade(atServer));
    BalancedClient client = draining(backends.client(a, b)).build();
    WebSocket socket = open(client);
    backends.await(() -> events.contains("client open"));
    socket.send("hello");
    socket.send(ByteString.of(new byte[70_000])); // of a length that takes eight bytes
    socket.send(ByteString.of(new byte[300]));
    backends.await(() -> events.contains("client echo hello"));

    drain(client);
    timer.fire();
    backends.await(() -> events.contains("client closed 1001"));

    assertThat(events).contains("server closing 1001 the server drains");
    assertThat(events).doesNotContain("client failed");
    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(BalancedClient.Ended.succeeded(a));
    WebSocket again = open(client);
    backends.await(() -> b.hits() == 1);
    again.cancel();
  }

  @Test
  void webSocket_serverDoesNotAnswerTheClose_isCut() {
    Conversation silent = new Conversation("server", false);
    Backend a = backends.start("a").nextBare(response -> response.webSocketUpgrade(silent));
    BalancedClient client = draining(backends.client(a)).build();
    open(client);
    backends.await(() -> events.contains("client open"));
    drain(client);
    timer.fire();
    backends.await(() -> events.contains("server closing 1001 the server drains"));
    client.await(() -> timer.waiting() == 1);
    timer.fire();

    backends.await(() -> events.contains("client failed"));
    client.await(() -> client.inFlight() == 0);
    assertThat(client.failureRate(a.server())).isZero();
    silent.socket.close(1001, null);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void eventStream_serverDrains_endsAsIfTheServerHadEndedIt(Wire wire) {
    Backend a = streaming("a", wire, "data: hello\n\n");
    Backend b = streaming("b", wire, "data: other\n\n");
    BalancedClient client = draining(backends.client(a, b)).build();
    events(client);
    backends.await(() -> events.contains("hello"));

    drain(client);
    timer.fire();
    backends.await(() -> events.contains("closed"));

    client.await(() -> client.inFlight() == 0);
    assertThat(client.failureRate(a.server())).isZero();
    events(client);
    backends.await(() -> events.contains("other"));
    over.countDown();
    assertThat(events).doesNotContain("failed");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void eventStream_amidAnEvent_waitsForItsEnd(Wire wire) {
    Backend a = streaming("a", wire, "data: hello\n\ndata: half");
    BalancedClient client = draining(backends.client(a)).build();
    events(client);
    backends.await(() -> events.contains("hello"));
    drain(client);
    timer.fire();
    client.await(() -> timer.waiting() == 1); // the cut after a second
    assertThat(events).containsExactly("hello");

    timer.fire();
    backends.await(() -> events.contains("closed"));
    client.await(() -> client.inFlight() == 0);
    assertThat(events).containsExactly("hello", "closed");
  }

  @Test
  void eventStream_beginsWhileItsServerDrains_endsToo() {
    CountDownLatch asked = new CountDownLatch(1);
    Backend a =
        streaming("a", Wire.HTTP_1, "data: hello\n\n", () -> backends.await(() -> done(asked)));
    BalancedClient client = draining(backends.client(a)).build();
    events(client);
    backends.await(() -> a.hits() == 1);
    client.balancer().admin().drain("a");
    asked.countDown();

    client.await(() -> timer.waiting() == 1);
    assertThat(timer.delays.peek()).isBetween(0L, WITHIN.toNanos());
    timer.fire();
    client.await(() -> client.inFlight() == 0);
  }

  @Test
  void drain_takenBack_streamsStay() {
    Backend a = streaming("a", Wire.HTTP_1, "data: hello\n\n");
    BalancedClient client = draining(backends.client(a)).build();
    events(client);
    backends.await(() -> events.contains("hello"));
    drain(client);
    client.balancer().admin().undrain("a");

    client.await(() -> timer.waiting() == 0);
    timer.fire();
    assertThat(client.inFlight()).isEqualTo(1);
    assertThat(events).containsExactly("hello");
    over.countDown();
    client.await(() -> client.inFlight() == 0);
  }

  @Test
  void download_serverDrains_isLeftAlone() throws IOException {
    Backend a = backends.start("a").next(response -> response.body("some words"));
    BalancedClient client = draining(backends.client(a)).build();
    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      client.balancer().admin().drain("a");
      client.await(() -> !client.balancer().status().endpoints().get(0).reason().isEmpty());

      assertThat(timer.waiting()).isZero();
      assertThat(response.body().string()).isEqualTo("some words");
    }
  }

  @Test
  void drain_manyStreams_areSpreadEvenlyAndAllMove() {
    Backend a = streaming("a", Wire.HTTP_2, "data: hello\n\n");
    Backend b = streaming("b", Wire.HTTP_2, "data: other\n\n");
    BalancedClient client =
        draining(backends.client(a, b))
            .http(
                http -> {
                  Dispatcher dispatcher = new Dispatcher();
                  dispatcher.setMaxRequests(2 * MANY);
                  dispatcher.setMaxRequestsPerHost(2 * MANY);
                  http.dispatcher(dispatcher);
                })
            .build();
    AtomicInteger closed = new AtomicInteger();
    AtomicInteger moved = new AtomicInteger();
    for (int i = 0; i < MANY; i++) {
      reconnecting(client, closed, moved);
    }
    backends.await(() -> client.inFlight() == MANY && events.size() == MANY);

    client.balancer().admin().drain("a");
    client.await(() -> timer.waiting() == MANY);
    long tenth = WITHIN.toNanos() / 10;
    List<Long> delays = List.copyOf(timer.delays);
    for (long from = 0; from <= 9 * tenth; from += tenth / 7) {
      long begin = from;
      assertThat(delays.stream().filter(each -> each >= begin && each < begin + tenth).count())
          .as("of " + MANY + " in a tenth of the time")
          .isLessThanOrEqualTo(MANY / 10);
    }
    assertThat(delays).allMatch(each -> each < WITHIN.toNanos());
    timer.fire();

    backends.await(() -> closed.get() == MANY && moved.get() == MANY);
    assertThat(events).doesNotContain("failed");
    over.countDown();
    client.await(() -> client.inFlight() == 0);
  }

  private void reconnecting(BalancedClient client, AtomicInteger closed, AtomicInteger moved) {
    open(
        client,
        new Reader() {
          @Override
          public void onEvent(EventSource source, String id, String type, String data) {
            if (data.equals("other")) {
              moved.incrementAndGet();
            } else {
              note(data);
            }
          }

          @Override
          public void onClosed(EventSource source) {
            closed.incrementAndGet();
            if (over.getCount() > 0) {
              reconnecting(client, closed, moved);
            }
          }
        });
  }

  private void events(BalancedClient client) {
    open(client, new Reader());
  }

  private static void open(BalancedClient client, Reader reader) {
    var unused =
        EventSources.createFactory(client.http())
            .newEventSource(client.request("/events").build(), reader);
  }

  /** Drains a server that has one stream, or is about to. */
  private void drain(BalancedClient client) {
    client.balancer().admin().drain("a");
    client.await(() -> timer.waiting() == 1);
  }

  private WebSocket open(BalancedClient client) {
    return client
        .http()
        .newWebSocket(client.request("/socket").build(), new Conversation("client", true));
  }

  private BalancedClient.Builder draining(BalancedClient.Builder client) {
    return client.balancing(
        calls ->
            calls
                .timing(timer.timing())
                .connections(ConnectionPolicy.builder().drainStreams(WITHIN).build()));
  }

  private void note(String event) {
    events.add(event);
    backends.signal().changed();
  }

  private static boolean done(CountDownLatch latch) {
    return latch.getCount() == 0;
  }

  private Backend streaming(String id, Wire wire, String text) {
    return streaming(id, wire, text, () -> {});
  }

  /** A server that sends this, and ends the stream when it is over. */
  private Backend streaming(String id, Wire wire, String text, Runnable first) {
    return backends
        .start(id, wire)
        .answering(
            bare -> {
              first.run();
              return stream(bare.get(), wire, text);
            });
  }

  private MockResponse stream(MockResponse.Builder bare, Wire wire, String text) {
    return bare.setHeader("Content-Type", "text/event-stream; charset=utf-8")
        .onResponseEnd(wire == Wire.HTTP_1 ? SocketEffect.ShutdownConnection.INSTANCE : null)
        .body(
            new MockResponseBody() {
              @Override
              public long getContentLength() {
                return -1;
              }

              @Override
              public void writeTo(BufferedSink sink) throws IOException {
                sink.writeUtf8(text).flush();
                try {
                  over.await();
                } catch (InterruptedException e) {
                  throw new IOException(e);
                }
              }
            })
        .build();
  }

  /** Notes the delays of what is to be done. */
  private static final class DrainTimer {
    private final ConcurrentLinkedQueue<Long> delays = new ConcurrentLinkedQueue<>();
    private final ManualTimer timer = new ManualTimer();
    private final ScheduledThreadPoolExecutor noting =
        new ScheduledThreadPoolExecutor(0) {
          @Override
          public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
            delays.add(unit.toNanos(delay));
            return timer.schedule(work, delay, unit);
          }
        };

    Timing timing() {
      Timing system = Timing.SYSTEM;
      return new Timing(
          system.nanoTime(),
          system.epochMillis(),
          system.random(),
          system.waiting(),
          noting,
          system.workers());
    }

    long waiting() {
      return timer.waiting();
    }

    void fire() {
      timer.fire();
    }
  }

  /** Notes what a stream of events brings, and how it ends. */
  private class Reader extends EventSourceListener {

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
  }

  /** Records what happens; the server's end echoes texts, and one that is polite a close. */
  private final class Conversation extends WebSocketListener {
    private final String who;
    private final boolean polite;
    private volatile WebSocket socket;

    Conversation(String who, boolean polite) {
      this.who = who;
      this.polite = polite;
    }

    @Override
    public void onOpen(WebSocket webSocket, Response response) {
      socket = webSocket;
      note(who + " open");
    }

    @Override
    public void onMessage(WebSocket webSocket, String text) {
      note(who + " " + text);
      if (who.equals("server")) {
        webSocket.send("echo " + text);
      }
    }

    @Override
    public void onClosing(WebSocket webSocket, int code, String reason) {
      note(who + " closing " + code + " " + reason);
      if (polite) {
        webSocket.close(code, null);
      }
    }

    @Override
    public void onClosed(WebSocket webSocket, int code, String reason) {
      note(who + " closed " + code);
    }

    @Override
    public void onFailure(WebSocket webSocket, Throwable failure, Response response) {
      note(who + " failed");
    }
  }
}
