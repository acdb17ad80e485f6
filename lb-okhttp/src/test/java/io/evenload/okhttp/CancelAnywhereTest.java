package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;
import okhttp3.Handshake;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Calls that are cancelled at every point of their life that OkHttp announces. */
class CancelAnywhereTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("46: a retried call cancelled at any of its events leaves nothing behind")
  void cancel_atEveryEvent_leavesNothingBehind(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    AtomicReference<EventListener> canceller = new AtomicReference<>(EventListener.NONE);
    BalancedClient client =
        backends
            .client(a, b)
            .http(http -> http.eventListenerFactory(call -> canceller.get()))
            .build();

    List<String> cancelledAt = new ArrayList<>();
    for (boolean cancelled = true; cancelled; ) {
      client.http().connectionPool().evictAll(); // so that connecting is among the events
      CancelAtEvent listener = new CancelAtEvent(cancelledAt.size());
      canceller.set(listener);
      a.next(response -> response.code(503));
      execute(client.http(), client.request("/").build(), listener);
      a.forgetScript();

      cancelled = listener.cancelledAt != null;
      if (cancelled) {
        cancelledAt.add(listener.cancelledAt);
      }
      client.await(() -> client.inFlight() == 0 && client.busyConnections() == 0);
    }

    assertThat(cancelledAt)
        .contains("connectStart", "connectEnd", "connectionAcquired", "requestHeadersStart")
        .contains("responseHeadersStart", "responseHeadersEnd", "connectionReleased")
        .contains("responseBodyEnd");
    assertThat(cancelledAt.stream().filter("connectStart"::equals))
        .as("cancelled while connecting, in the first attempt and in the second")
        .hasSize(2);
    assertThat(client.failureRate(b.server())).as("no cancelled attempt is a failure").isZero();
  }

  private static void execute(OkHttpClient http, Request request, CancelAtEvent listener) {
    try {
      Reply reply = Reply.read(http.newCall(request).execute());
      assertThat(reply.server())
          .as("answer although cancelled at %s", listener.cancelledAt)
          .isNotNull();
    } catch (IOException e) {
      assertThat(listener.cancelledAt).as("failed and not cancelled: %s", e).isNotNull();
    }
  }

  /** Cancels its call at the event with this number. */
  private static final class CancelAtEvent extends EventListener {
    private final int number;
    private int events;
    volatile String cancelledAt;

    CancelAtEvent(int number) {
      this.number = number;
    }

    private synchronized void event(Call call, String name) {
      if (events++ == number) {
        cancelledAt = name;
        call.cancel();
      }
    }

    @Override
    public void callStart(Call call) {
      event(call, "callStart");
    }

    @Override
    public void dnsStart(Call call, String host) {
      event(call, "dnsStart");
    }

    @Override
    public void dnsEnd(Call call, String host, List<InetAddress> addresses) {
      event(call, "dnsEnd");
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      event(call, "connectStart");
    }

    @Override
    public void secureConnectStart(Call call) {
      event(call, "secureConnectStart");
    }

    @Override
    public void secureConnectEnd(Call call, Handshake handshake) {
      event(call, "secureConnectEnd");
    }

    @Override
    public void connectEnd(Call call, InetSocketAddress address, Proxy proxy, Protocol protocol) {
      event(call, "connectEnd");
    }

    @Override
    public void connectionAcquired(Call call, Connection connection) {
      event(call, "connectionAcquired");
    }

    @Override
    public void connectionReleased(Call call, Connection connection) {
      event(call, "connectionReleased");
    }

    @Override
    public void requestHeadersStart(Call call) {
      event(call, "requestHeadersStart");
    }

    @Override
    public void requestHeadersEnd(Call call, Request request) {
      event(call, "requestHeadersEnd");
    }

    @Override
    public void responseHeadersStart(Call call) {
      event(call, "responseHeadersStart");
    }

    @Override
    public void responseHeadersEnd(Call call, Response response) {
      event(call, "responseHeadersEnd");
    }

    @Override
    public void responseBodyStart(Call call) {
      event(call, "responseBodyStart");
    }

    @Override
    public void responseBodyEnd(Call call, long bytes) {
      event(call, "responseBodyEnd");
    }
  }
}
