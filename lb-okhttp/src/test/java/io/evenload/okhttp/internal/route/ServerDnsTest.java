package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import okhttp3.Dns;
import org.junit.jupiter.api.Test;

final class ServerDnsTest {

  private static final Dns NOBODY =
      host -> {
        throw new UnknownHostException(host);
      };

  @Test
  void lookup_serverAddress_isLabelledAndNotResolved() throws Exception {
    List<InetAddress> found = dns("orders", "10.0.0.1", 8080, NOBODY).lookup("orders");
    assertThat(found).hasSize(1);
    assertThat(found.get(0).getHostName()).isEqualTo("orders@10.0.0.1:8080");
    assertThat(found.get(0).getHostAddress()).isEqualTo("10.0.0.1");
  }

  @Test
  void lookup_ipv6_isLabelled() throws Exception {
    InetAddress found = dns("orders", "2001:db8::1", 80, NOBODY).lookup("orders").get(0);
    assertThat(found.getHostName()).isEqualTo("orders@[2001:db8::1]:80");
    assertThat(found).isEqualTo(InetAddress.getByName("2001:db8::1"));
  }

  @Test
  void lookup_scopedIpv6_keepsItsScope() throws Exception {
    byte[] linkLocal = InetAddress.getByName("fe80::1").getAddress();
    Dns user = host -> List.of(Inet6Address.getByAddress(host, linkLocal, 3));
    InetAddress found = dns("orders", "db.local", 80, user).lookup("orders").get(0);
    assertThat(((Inet6Address) found).getScopeId()).isEqualTo(3);
    assertThat(found.getHostName()).isEqualTo("orders@db.local:80");
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
        .containsExactly("orders@db.local:80/10.0.0.1", "orders@db.local:80/10.0.0.2");
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
