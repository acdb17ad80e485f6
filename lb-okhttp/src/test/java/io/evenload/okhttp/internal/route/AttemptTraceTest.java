package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.okhttp.FakeConnection;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import okhttp3.Call;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.junit.jupiter.api.Test;

final class AttemptTraceTest {

  private final Call call =
      new OkHttpClient().newCall(new Request.Builder().url("http://orders/").build());
  private final ServerRoutes routes = new ServerRoutes(host -> false, false);
  private final AttemptTrace trace = new AttemptTrace() {};

  @Test
  void misroutedTo_connectionToAnotherServer_isThatServer() {
    ServerDns server = routes.to("orders", Server.of("10.0.0.1", 80), Dns.SYSTEM, false);
    ServerDns other = routes.to("orders", Server.of("10.0.0.2", 80), Dns.SYSTEM, false);
    trace.expect(server);
    trace.connectionAcquired(call, new FakeConnection("http://orders/", server));
    trace.requestHeadersStart(call);
    assertThat(trace.misroutedTo()).isNull();
    assertThat(trace.attachedElsewhere(server)).isFalse();
    assertThat(trace.attachedElsewhere(other)).isTrue();
    trace.expect(other);
    trace.requestHeadersStart(call);
    assertThat(trace.misroutedTo()).isSameAs(server);
    trace.connectionReleased(call, new FakeConnection("http://orders/", server));
    assertThat(trace.attachedElsewhere(other)).isFalse();
  }

  @Test
  void connectFailed_afterAnotherConnectionWon_isNoFailure() {
    ServerDns server = routes.to("orders", Server.of("orders-1", 80), Dns.SYSTEM, false);
    trace.expect(server);
    InetSocketAddress address = InetSocketAddress.createUnresolved("orders-1", 80);
    trace.connectStart(call, address, Proxy.NO_PROXY);
    trace.connectStart(call, address, Proxy.NO_PROXY);
    trace.connectionAcquired(call, new FakeConnection("http://orders/", server));
    trace.requestHeadersStart(call);
    trace.connectFailed(call, address, Proxy.NO_PROXY, null, new IOException("Socket closed"));
    assertThat(trace.exchangeFailed()).as("what fails now is the caller's").isFalse();
    trace.connectionReleased(call, new FakeConnection("http://orders/", server));
    trace.connectFailed(call, address, Proxy.NO_PROXY, null, new IOException("refused"));
    assertThat(trace.exchangeFailed()).isTrue();
  }
}
