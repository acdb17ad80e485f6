package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import okhttp3.Dns;
import okhttp3.HttpUrl;
import org.junit.jupiter.api.Test;

final class ServerDnsTest {

  private static final Dns NOBODY =
      host -> {
        throw new UnknownHostException(host);
      };

  @Test
  void lookup_serverAddress_hasTheLogicalNameAndIsNotResolved() throws Exception {
    List<InetAddress> found = dns("orders", "10.0.0.1", 8080, NOBODY).lookup("orders");
    assertThat(found).hasSize(1);
    assertThat(found.get(0).getHostName()).isEqualTo("orders");
    assertThat(found.get(0).getHostAddress()).isEqualTo("10.0.0.1");
  }

  @Test
  void lookup_ipv6_hasTheLogicalName() throws Exception {
    InetAddress found = dns("orders", "2001:db8::1", 80, NOBODY).lookup("orders").get(0);
    assertThat(found.getHostName()).isEqualTo("orders");
    assertThat(found).isEqualTo(InetAddress.getByName("2001:db8::1"));
  }

  @Test
  void lookup_scopedIpv6_keepsItsScope() throws Exception {
    byte[] linkLocal = InetAddress.getByName("fe80::1").getAddress();
    Dns user = host -> List.of(Inet6Address.getByAddress(host, linkLocal, 3));
    InetAddress found = dns("orders", "db.local", 80, user).lookup("orders").get(0);
    assertThat(((Inet6Address) found).getScopeId()).isEqualTo(3);
    assertThat(found.getHostName()).isEqualTo("orders");
  }

  @Test
  void lookup_serverWithHostName_asksTheUsersDns() throws Exception {
    Dns user =
        host ->
            host.equals("db.local")
                ? List.of(InetAddress.getByName("10.0.0.1"), InetAddress.getByName("10.0.0.2"))
                : NOBODY.lookup(host);
    assertThat(dns("orders", "db.local", 80, user).lookup("orders"))
        .extracting(InetAddress::toString)
        .containsExactly("orders/10.0.0.1", "orders/10.0.0.2");
  }

  @Test
  void lookup_serverWithAnInternationalName_asksForItsAsciiForm() throws Exception {
    Dns user =
        host ->
            host.equals("xn--bcher-kva.example")
                ? List.of(InetAddress.getByName("10.0.0.1"))
                : NOBODY.lookup(host);
    assertThat(dns("orders", "bücher.example", 80, user).lookup("orders"))
        .containsExactly(InetAddress.getByName("10.0.0.1"));
    assertThatThrownBy(() -> dns("orders", "a".repeat(64) + ".ü", 80, user).lookup("orders"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageStartingWith("aaaa");
  }

  @Test
  void has_addressFoundOrGiven_isTheServers() throws Exception {
    InetAddress address = InetAddress.getByName("10.0.0.1");
    InetSocketAddress at = new InetSocketAddress(address, 80);
    InetSocketAddress elsewhere = new InetSocketAddress("10.0.0.2", 80);
    assertThat(dns("orders", "10.0.0.1", 8080, NOBODY).has(at)).isTrue();
    assertThat(dns("orders", "10.0.0.1", 8080, NOBODY).has(elsewhere)).isFalse();
    assertThat(dns("orders", "::1", 8080, NOBODY).has(new InetSocketAddress("0:0::1", 80)))
        .isTrue();
    ServerDns named = dns("orders", "db.local", 8080, host -> List.of(address));
    assertThat(named.has(at)).as("before it was looked up").isFalse();
    named.lookup("orders");
    assertThat(named.has(at)).isTrue();
    assertThat(named.fresh().has(at)).isTrue();
    assertThat(named.has(elsewhere)).isFalse();
    assertThat(named.has(InetSocketAddress.createUnresolved("db.local", 80))).isFalse();
  }

  @Test
  void withItsPort_messageWithTheUrls_getsTheServers() {
    ServerDns dns = dns("orders", "10.0.0.1", 8080, NOBODY);
    IOException cause = new IOException("refused");
    IOException failure = new ConnectException("Failed to connect to orders/10.0.0.1:80");
    var unused = failure.initCause(cause);
    failure.addSuppressed(new IOException("another address"));
    HttpUrl url = HttpUrl.get("http://orders/");
    assertThat(dns.withItsPort(failure, url))
        .isInstanceOf(ConnectException.class)
        .hasMessage("Failed to connect to orders/10.0.0.1:8080")
        .hasCause(cause)
        .hasSuppressedException(failure.getSuppressed()[0]);
    assertThat(dns.withItsPort(failure, HttpUrl.get("http://orders:8080/"))).isSameAs(failure);
    for (IOException other :
        List.of(
            new ConnectException(),
            new ConnectException("Failed to connect to other/10.0.0.1:80"),
            new ConnectException("orders/10.0.0.1 is away"),
            new IOException("Failed to connect to orders/10.0.0.1:80"))) {
      assertThat(dns.withItsPort(other, url)).isSameAs(other);
    }
  }

  @Test
  void lookup_otherHost_isTheUsers() throws Exception {
    InetAddress elsewhere = InetAddress.getByAddress("other", new byte[] {10, 1, 1, 1});
    ServerDns dns = dns("orders", "10.0.0.1", 8080, host -> List.of(elsewhere));
    assertThat(dns.lookup("other")).containsExactly(elsewhere);
    assertThat(dns.lookup("orders.example.com")).containsExactly(elsewhere);
    assertThatThrownBy(() -> dns("orders", "10.0.0.1", 8080, NOBODY).lookup("other"))
        .isInstanceOf(UnknownHostException.class);
  }

  @Test
  void equals_sameServer_isEqual() {
    assertThat(dns("orders", "10.0.0.1", 80, NOBODY))
        .isEqualTo(dns("orders", "10.0.0.1", 80, NOBODY))
        .hasSameHashCodeAs(dns("orders", "10.0.0.1", 80, NOBODY))
        .isNotEqualTo(dns("billing", "10.0.0.1", 80, NOBODY))
        .isNotEqualTo(dns("orders", "10.0.0.2", 80, NOBODY))
        .isNotEqualTo(dns("orders", "10.0.0.1", 81, NOBODY))
        .isNotEqualTo(dns("orders", "10.0.0.1", 80, Dns.SYSTEM))
        .isNotEqualTo(NOBODY);
  }

  @Test
  void equals_exclusive_isEqualToItselfUntilShared() {
    ServerDns pooled = dns("orders", "10.0.0.1", 80, NOBODY);
    ServerDns exclusive = new ServerDns("orders", "10.0.0.1", 80, NOBODY, new Connections(), true);
    assertThat(exclusive.equals((Object) List.of(exclusive).get(0))).isTrue();
    assertThat(exclusive).isNotEqualTo(pooled);
    assertThat(pooled).isNotEqualTo(exclusive);
    assertThat(exclusive.sameServer(pooled)).isTrue();
    int hash = exclusive.hashCode();
    exclusive.share();
    assertThat(exclusive).isEqualTo(pooled).hasSameHashCodeAs(pooled);
    assertThat(pooled).isEqualTo(exclusive);
    assertThat(exclusive.hashCode()).isEqualTo(hash);
  }

  @Test
  void isAddress_tellsAddressesFromNames() {
    assertThat(List.of("10.0.0.1", "255.255.255.255", "::1", "fe80::1%eth0"))
        .allMatch(ServerDns::isAddress);
    assertThat(List.of("db.local", "10.0.0.256", "10.0.0", "1.2.3.4.5", "localhost"))
        .noneMatch(ServerDns::isAddress);
  }

  @Test
  void toString_namesServiceAndServer() {
    assertThat(dns("orders", "::1", 80, NOBODY)).hasToString("orders@[::1]:80");
  }

  private static ServerDns dns(String host, String server, int port, Dns user) {
    return new ServerDns(host, server, port, user, new Connections(), false);
  }
}
