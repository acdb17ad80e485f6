package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** WebSockets, which are in flight as long as they are open. */
class WebSocketTest {

  private static final String HANG_UP = "hang up";

  @RegisterExtension final Backends backends = new Backends();

  private final Conversation atServer = new Conversation(true);
  private final Conversation atClient = new Conversation(false);

  @Test
  @DisplayName("57: a web socket is in flight until both sides closed it")
  void webSocket_closed_endsAttempt() {
    Backend a = backends.start("a").nextBare(response -> response.webSocketUpgrade(atServer));
    Backend b = backends.start("b");
    BalancedClient client = backends.client(a, b).build();

    WebSocket socket = open(client);
    backends.await(() -> atClient.events.contains("open"));
    assertThat(client.inFlight()).isEqualTo(1);
    socket.send("hello");
    backends.await(() -> atClient.events.contains("echo hello"));
    assertThat(client.inFlight()).isEqualTo(1);
    socket.close(1000, "done");
    backends.await(() -> atClient.events.contains("closed 1000"));

    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(succeeded(a));
    assertThat(b.hits()).isZero();
  }

  @Test
  @DisplayName("57: a web socket that is cancelled ends its attempt, and nobody is blamed")
  void webSocket_cancelled_endsAttempt() {
    Backend a = backends.start("a").nextBare(response -> response.webSocketUpgrade(atServer));
    BalancedClient client = backends.client(a).build();

    WebSocket socket = open(client);
    backends.await(() -> atClient.events.contains("open"));
    socket.cancel();
    backends.await(() -> atClient.events.contains("failure"));

    client.await(() -> client.inFlight() == 0);
    assertThat(client.failureRate(a.server())).isZero();
  }

  @Test
  @DisplayName("57: a web socket is judged by its upgrade, also if the server just hangs up")
  void webSocket_serverHangsUp_endsAttemptAsASuccess() {
    Backend a = backends.start("a").nextBare(response -> response.webSocketUpgrade(atServer));
    BalancedClient client = backends.client(a).build();

    WebSocket socket = open(client);
    backends.await(() -> atClient.events.contains("open"));
    socket.send(HANG_UP);
    backends.await(() -> atClient.events.contains("failure"));

    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @Test
  @DisplayName("57: a web socket that cannot connect goes to the next server")
  void webSocket_connectionRefused_goesToNextServer() throws IOException {
    Server down = backends.refusing("down");
    Backend b = backends.start("b").nextBare(response -> response.webSocketUpgrade(atServer));
    BalancedClient client = backends.client(Wire.HTTP_1, down, b.server()).build();

    WebSocket socket = open(client);
    backends.await(() -> atClient.events.contains("open"));
    socket.close(1000, "done");
    backends.await(() -> atClient.events.contains("closed 1000"));

    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(refused(down), succeeded(b));
  }

  @Test
  @DisplayName("57: a web socket cancelled while it connects ends its attempt")
  void webSocket_cancelledBeforeUpgrade_endsAttempt() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              connection.awaitClientClose();
            });
    BalancedClient client = backends.client(Wire.HTTP_1, a.server()).build();

    WebSocket socket = open(client);
    backends.await(() -> a.requests().size() == 1);
    socket.cancel();
    backends.await(() -> atClient.events.contains("failure"));

    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  private WebSocket open(BalancedClient client) {
    return client.http().newWebSocket(client.request("/socket").build(), atClient);
  }

  /** Records what happens; the server's end echoes, and answers a close with a close. */
  private final class Conversation extends WebSocketListener {
    final List<String> events = new CopyOnWriteArrayList<>();
    private final boolean server;

    Conversation(boolean server) {
      this.server = server;
    }

    @Override
    public void onOpen(WebSocket webSocket, Response response) {
      record("open");
    }

    @Override
    public void onMessage(WebSocket webSocket, String text) {
      record(text);
      if (server && text.equals(HANG_UP)) {
        webSocket.cancel();
      } else if (server) {
        webSocket.send("echo " + text);
      }
    }

    @Override
    public void onClosing(WebSocket webSocket, int code, String reason) {
      webSocket.close(code, null);
    }

    @Override
    public void onClosed(WebSocket webSocket, int code, String reason) {
      record("closed " + code);
    }

    @Override
    public void onFailure(WebSocket webSocket, Throwable failure, Response response) {
      record("failure");
    }

    private void record(String event) {
      events.add(event);
      backends.signal().changed();
    }
  }
}
