package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.chooser.Choosers;
import io.evenload.okhttp.RawBackend.Connection;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * HAProxy says of a request that it refused it, although it had passed it on, if the server behind
 * it then closed a reused connection: what {@link RetryPolicy.Builder#refusalsTrusted} makes of it.
 */
class ProxyRefusalIT {

  private static final String POST = "POST /orders HTTP/1.1";

  @RegisterExtension final Backends backends = new Backends();
  @TempDir Path directory;

  private RawBackend behind;
  private RealServer proxy;
  private Backend other;

  @BeforeEach
  void startServers() throws IOException {
    behind = backends.raw("behind", ProxyRefusalIT::answerOneAndHangUpOnTheNext);
    proxy =
        RealServer.haproxy(
            "proxy",
            directory,
            "",
            behind.server().host() + ":" + behind.server().port() + "\n  http-reuse always");
    backends.closeAfterTest(proxy);
    proxy.start(backends.signal());
    other = backends.start("other", Wire.HTTP_2);
  }

  private static void answerOneAndHangUpOnTheNext(Connection connection) throws IOException {
    if (connection.readRequest()) {
      connection.respond("200 OK");
      connection.readRequest();
    }
  }

  @Test
  void post_refusalTrusted_runsTwice() throws IOException {
    BalancedClient client = client(RetryPolicy.defaults());

    assertThat(client.post("/orders", "one order").server()).isEqualTo("other");
    assertThat(behind.requests()).contains(POST);
    assertThat(other.onlyRequest().getBody().utf8()).isEqualTo("one order");
  }

  @Test
  void post_refusalNotTrusted_runsOnceAndFails() throws IOException {
    BalancedClient client = client(RetryPolicy.builder().refusalsTrusted(false).build());

    assertThatThrownBy(() -> client.post("/orders", "one order"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("REFUSED_STREAM");
    assertThat(behind.requests()).containsOnlyOnce(POST);
    assertThat(other.requests()).isEmpty();
  }

  /** The first call, which makes the proxy's connection one that is reused, went to the proxy. */
  private BalancedClient client(RetryPolicy policy) throws IOException {
    BalancedClient client =
        backends
            .client(Wire.HTTP_2, proxy.server(), other.server())
            .chooser(Choosers.firstAvailable())
            .balancing(options -> options.retry(policy))
            .build();
    assertThat(client.get("/").server()).isEqualTo("behind");
    return client;
  }
}
