package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whatever of the user's looks at the host of an address sees the name that URLs have. */
class LogicalNameTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  void trustManager_ofHostsWithoutTrustedCertificates_knowsTheService() throws IOException {
    HeldCertificate selfSigned =
        new HeldCertificate.Builder().addSubjectAlternativeName(BalancedClient.HOST).build();
    Backend a = backends.unstarted("a", Wire.HTTP_2);
    a.web().useHttps(Wire.held(selfSigned).sslSocketFactory());
    backends.start(a, "127.0.0.1", 0);
    HandshakeCertificates lenient =
        new HandshakeCertificates.Builder().addInsecureHost(BalancedClient.HOST).build();
    BalancedClient client =
        backends
            .client(a)
            .http(http -> http.sslSocketFactory(lenient.sslSocketFactory(), lenient.trustManager()))
            .build();

    assertThat(client.get("/").server()).isEqualTo("a");
  }

  @Test
  void socketFactory_seesTheLogicalNameAndTheServersPort() throws IOException {
    Backend a = backends.start("a");
    List<SocketAddress> asked = new CopyOnWriteArrayList<>();
    BalancedClient client =
        backends
            .client(a)
            .http(
                http ->
                    http.socketFactory(
                        new UserSocketFactory() {
                          @Override
                          public Socket createSocket() {
                            return new Socket() {
                              @Override
                              public void connect(SocketAddress to, int timeout)
                                  throws IOException {
                                asked.add(to);
                                super.connect(to, timeout);
                              }
                            };
                          }
                        }))
            .build();

    client.get("/");

    assertThat(asked).singleElement().hasToString(BalancedClient.HOST + "/127.0.0.1:" + a.port());
  }

  @Test
  void eventListener_seesTheLogicalName() throws IOException {
    Backend a = backends.start("a");
    List<String> names = new CopyOnWriteArrayList<>();
    EventListener listener =
        new EventListener() {
          @Override
          public void dnsEnd(Call call, String domain, List<InetAddress> found) {
            found.forEach(each -> names.add(each.getHostName()));
          }

          @Override
          public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
            names.add(address.getHostName());
          }
        };
    BalancedClient client =
        backends.client(a).http(http -> http.eventListenerFactory(call -> listener)).build();

    client.get("/");

    assertThat(names).containsExactly(BalancedClient.HOST, BalancedClient.HOST);
  }
}
