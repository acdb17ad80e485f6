package io.evenload.dns;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.ServerListContract;
import java.util.ArrayList;
import java.util.List;
import org.xbill.DNS.Rcode;

/** The contract of lists, by A records. */
final class DnsLookupContractTest extends ServerListContract {

  private static final String SOA = "test. 1 IN SOA ns.test. admin.test. 1 3600 600 86400 1";

  private final FakeNameServer dns = new FakeNameServer("ns1").zone(SOA);

  @Override
  protected ServerList list() {
    return DnsLookup.addresses("orders.test.", 8080)
        .resolvers(dns)
        .attempts(1)
        .nanoTime(time)
        .scheduler(time)
        .random(new SeededRandom(1))
        .build();
  }

  @Override
  protected void serve(List<Server> servers) {
    List<String> lines = new ArrayList<>(List.of(SOA));
    servers.forEach(server -> lines.add("orders.test. 1 IN A " + server.host()));
    dns.zone(lines.toArray(String[]::new));
    dns.codes.clear();
  }

  @Override
  protected void fail() {
    dns.codes.put("", Rcode.SERVFAIL);
  }

  @Override
  protected long looks() {
    return dns.looks();
  }

  @Override
  protected boolean hasWeights() {
    return false;
  }
}
