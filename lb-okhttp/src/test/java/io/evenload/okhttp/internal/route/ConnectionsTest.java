package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.FakeConnection;
import java.lang.ref.WeakReference;
import okhttp3.Dns;
import org.junit.jupiter.api.Test;

/** What is known of open connections is no more than there are. */
class ConnectionsTest {

  private final Connections connections = new Connections();

  @Test
  void opened_manyNamesForOneServer_areForgottenWithTheirConnections() {
    WeakReference<Object> last = new WeakReference<>(new Object());
    for (int i = 0; i < 20_000; i++) {
      ServerDns server = server("tenant-" + i + ".example");
      OpenConnection unused =
          connections.of(server, new FakeConnection("http://any.example/", server));
      if (i % 5_000 == 4_999) {
        last = new WeakReference<>(new Object());
        while (last.get() != null) {
          System.gc();
        }
      }
    }
    ServerDns one = server("one.example");
    OpenConnection unused = connections.of(one, new FakeConnection("http://any.example/", one));

    assertThat(connections.size()).isLessThanOrEqualTo(Connections.MANY + 1);
  }

  private ServerDns server(String host) {
    return new ServerDns(host, "10.0.0.1", 80, Dns.SYSTEM, connections, false);
  }
}
