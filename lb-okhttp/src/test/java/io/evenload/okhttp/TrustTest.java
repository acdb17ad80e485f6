package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.util.List;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.CertificatePinner;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Certificates: pins, those of clients, and one that several servers share. */
class TrustTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  @DisplayName("16: a pin of the logical name that the certificate does not have is a failure")
  void pin_wrong_failsAtEveryServer() {
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    BalancedClient client = pinned(Wire.certificate("other.test"), a, b);

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(SSLPeerUnverifiedException.class)
        .hasMessageContaining("pinning");
    assertThat(a.hits() + b.hits()).isZero();
    assertThat(client.ended()).contains(refused(a.server()), refused(b.server()));
  }

  @Test
  @DisplayName("16: a pin of the logical name that the certificate has passes")
  void pin_right_passes() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);

    assertThat(pinned(Wire.LOGICAL, a).get("/").server()).isEqualTo("a");
  }

  @Test
  @DisplayName("17: servers that ask for the client's certificate get it, each of them")
  void clientCertificate_isShown() throws IOException {
    Backend a = askingForCertificate("a");
    Backend b = askingForCertificate("b");
    HeldCertificate own =
        new HeldCertificate.Builder().signedBy(Wire.AUTHORITY).commonName("caller").build();
    HandshakeCertificates held = Wire.held(own);
    BalancedClient client =
        backends
            .client(a, b)
            .chooser(Choosers.roundRobin())
            .http(http -> http.sslSocketFactory(held.sslSocketFactory(), held.trustManager()))
            .build();

    client.get("/");
    client.get("/");

    for (Backend server : List.of(a, b)) {
      assertThat(server.onlyRequest().getHandshake().peerPrincipal()).hasToString("CN=caller");
    }
  }

  @Test
  @DisplayName("17: servers that ask for the client's certificate refuse a client without one")
  void clientCertificate_missing_isRefused() {
    Backend a = askingForCertificate("a");
    BalancedClient client = backends.client(a).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);
    assertThat(a.hits()).isZero();
  }

  @Test
  @DisplayName("66: over HTTP/2, servers with one certificate and one address stay apart")
  void http2_oneCertificate_connectionsAreNotShared() throws IOException {
    Backend a = backends.start("a", Wire.HTTP_2);
    Backend b = backends.start("b", Wire.HTTP_2);
    BalancedClient client = backends.client(a, b).chooser(Choosers.roundRobin()).build();

    for (int i = 0; i < 10; i++) {
      client.get("/");
    }

    for (Backend server : List.of(a, b)) {
      assertThat(server.hits()).isEqualTo(5);
      assertThat(server.connections()).isEqualTo(1);
    }
    assertThat(client.http().connectionPool().connectionCount()).isEqualTo(2);
  }

  private BalancedClient pinned(HeldCertificate certificate, Backend... servers) {
    CertificatePinner pinner =
        new CertificatePinner.Builder()
            .add(BalancedClient.HOST, CertificatePinner.pin(certificate.certificate()))
            .build();
    return backends.client(servers).http(http -> http.certificatePinner(pinner)).build();
  }

  private Backend askingForCertificate(String id) {
    Backend backend = backends.unstarted(id, Wire.HTTP_2);
    backend.web().requireClientAuth();
    return backends.start(backend, "127.0.0.1", 0);
  }
}
