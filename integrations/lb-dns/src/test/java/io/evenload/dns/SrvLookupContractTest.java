package io.evenload.dns;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.ServerLists;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.ServerListContract;
import java.util.ArrayList;
import java.util.List;
import org.xbill.DNS.Rcode;

/** The contract of lists, by SRV records. */
final class SrvLookupContractTest extends ServerListContract {

  private static final String SOA = "test. 1 IN SOA ns.test. admin.test. 1 3600 600 86400 1";

  private final FakeNameServer dns = new FakeNameServer("ns1").zone(SOA);

  @Override
  protected ServerList list() {
    DnsLookup list =
        DnsLookup.srv("_o._tcp.test.")
            .resolvers(dns)
            .attempts(1)
            .nanoTime(time)
            .scheduler(time)
            .random(new SeededRandom(1))
            .build();
    return ServerLists.map(list, SrvLookupContractTest::withoutTarget);
  }

  /** Which the contract does not know of. */
  private static Server withoutTarget(Server server) {
    return Server.builder(server.host(), server.port()).weight(server.weight()).build();
  }

  @Override
  protected void serve(List<Server> servers) {
    List<String> lines = new ArrayList<>(List.of(SOA));
    for (Server server : servers) {
      String target = "t" + server.host().replace('.', '-') + ".test.";
      lines.add(
          "_o._tcp.test. 1 IN SRV 0 %d %d %s".formatted(server.weight(), server.port(), target));
      lines.add(target + " 1 IN A " + server.host());
    }
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
}
