package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import mockwebserver3.MockResponse;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Connections that never come about: nothing was sent, so any request may go to the next server, a
 * POST too.
 */
class ConnectFailureTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("33: a refused connection sends a POST to the next server")
  void post_connectionRefused_goesToNextServer(Wire wire) throws IOException {
    Server down = backends.refusing("down");
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(wire, down, b.server()).build();

    Reply reply = client.post("/orders", "one order");

    assertThat(reply.server()).isEqualTo("b");
    assertThat(b.onlyRequest().getBody().utf8()).isEqualTo("one order");
    assertThat(client.ended()).containsExactly(refused(down), succeeded(b));
  }

  @Test
  @DisplayName("33: when every server refuses, the error tells a server's real address")
  void get_allRefused_errorNamesRealPort() throws IOException {
    Server down = backends.refusing("down");
    BalancedClient client = backends.client(Wire.HTTP_1, down).build();

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(ConnectException.class)
        .hasMessageContaining("127.0.0.1:" + down.port());
    assertThat(client.ended()).isNotEmpty().containsOnly(refused(down));
  }

  @Test
  @DisplayName("34: a connect timeout sends a POST to the next server")
  void post_connectTimeout_goesToNextServer() throws IOException {
    Server silent = backends.unreachable("silent");
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, silent, b.server())
            .http(http -> http.connectTimeout(Duration.ofSeconds(1)))
            .build();

    Reply reply = client.post("/orders", "one order");

    assertThat(reply.server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(refused(silent), succeeded(b));
  }

  @Test
  @DisplayName("35: an untrusted certificate sends a POST to the next server")
  void post_untrustedCertificate_goesToNextServer() throws IOException {
    HeldCertificate selfSigned =
        new HeldCertificate.Builder().addSubjectAlternativeName(BalancedClient.HOST).build();
    HandshakeCertificates untrusted =
        new HandshakeCertificates.Builder().heldCertificate(selfSigned).build();
    Backend a = backends.unstarted("a", Wire.HTTP_2);
    a.web().useHttps(untrusted.sslSocketFactory());

    assertThatPostGoesPast(backends.start(a, "127.0.0.1", 0));
  }

  @Test
  @DisplayName("35: a certificate for another name sends a POST to the next server")
  void post_certificateForOtherName_goesToNextServer() throws IOException {
    Backend a = backends.unstarted("a", Wire.HTTP_2);
    a.web().useHttps(Wire.held(Wire.certificate("other.test")).sslSocketFactory());

    assertThatPostGoesPast(backends.start(a, "127.0.0.1", 0));
  }

  @Test
  @DisplayName("35: an aborted TLS handshake sends a POST to the next server")
  void post_handshakeAborted_goesToNextServer() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);
    a.always(MockResponse.Builder::failHandshake);

    assertThatPostGoesPast(a);
  }

  @Test
  @DisplayName("35: a server that speaks no TLS sends a POST to the next server")
  void post_plainTextServer_goesToNextServer() throws IOException {
    RawBackend plain = backends.raw("plain", connection -> connection.respond("400 Bad Request"));
    Backend b = backends.start("b", Wire.HTTP_2);
    BalancedClient client = backends.client(Wire.HTTP_2, plain.server(), b.server()).build();

    assertThat(client.post("/orders", "one order").server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(refused(plain.server()), succeeded(b));
  }

  private void assertThatPostGoesPast(Backend a) throws IOException {
    Backend b = backends.start("b", Wire.HTTP_2);
    BalancedClient client = backends.client(a, b).build();

    Reply reply = client.post("/orders", "one order");

    assertThat(reply.server()).isEqualTo("b");
    assertThat(b.onlyRequest().getBody().utf8()).isEqualTo("one order");
    assertThat(client.ended()).containsExactly(refused(a.server()), succeeded(b));
  }
}
