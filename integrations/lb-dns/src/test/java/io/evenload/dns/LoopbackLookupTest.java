package io.evenload.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.ServerList;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.ResolverConfig;

/** Questions over real sockets. */
class LoopbackLookupTest {

  private static final String SOA = "test. 60 IN SOA ns.test. admin.test. 1 3600 600 86400 7";

  private final FakeNameServer zone = new FakeNameServer("zone");

  private static List<Server> first(DnsLookup list) throws Exception {
    CompletableFuture<List<Server>> first = new CompletableFuture<>();
    ServerList.Subscription subscription = list.subscribe(first::complete);
    try {
      return first.get(30, TimeUnit.SECONDS);
    } finally {
      subscription.close();
    }
  }

  @Test
  void subscribe_answerTooLongForUdp_comesOverTcp() throws Exception {
    List<String> lines = new ArrayList<>(List.of(SOA));
    for (int i = 1; i <= 200; i++) {
      lines.add("orders.test. 20 IN A 10.0.0." + i);
    }
    zone.zone(lines.toArray(String[]::new));
    try (LoopbackNameServer server = new LoopbackNameServer(zone)) {
      DnsLookup list = DnsLookup.addresses("orders.test", 80).nameServers(server.address()).build();
      assertThat(first(list)).hasSize(200);
      assertThat(server.overTcp).hasPositiveValue();
    }
  }

  @Test
  void subscribe_firstNameServerSilent_asksTheNext() throws Exception {
    zone.zone(SOA, "orders.test. 20 IN A 10.0.0.1");
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (DatagramSocket silent = new DatagramSocket(any);
        LoopbackNameServer server = new LoopbackNameServer(zone)) {
      DnsLookup list =
          DnsLookup.addresses("orders.test", 80)
              .nameServers("127.0.0.1:" + silent.getLocalPort(), server.address())
              .timeout(Duration.ofMillis(500))
              .build();
      assertThat(first(list)).containsExactly(Server.of("10.0.0.1", 80));
    }
  }

  @Test
  void subscribe_withoutNameServers_asksThoseOfTheSystem() throws Exception {
    zone.zone(SOA, "orders.test. 20 IN A 10.0.0.1");
    try (LoopbackNameServer server = new LoopbackNameServer(zone)) {
      System.setProperty("dns.server", server.address());
      System.setProperty("dns.search", "test");
      try {
        ResolverConfig unused = ResolverConfig.getCurrentConfig();
        ResolverConfig.refresh();
        assertThat(first(DnsLookup.addresses("orders", 80).build()))
            .containsExactly(Server.of("10.0.0.1", 80));
      } finally {
        System.clearProperty("dns.server");
        System.clearProperty("dns.search");
        ResolverConfig.refresh();
      }
    }
  }
}
