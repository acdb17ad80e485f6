package io.evenload.examples;

import io.evenload.Server;
import io.evenload.dns.DnsLookup;
import java.io.PrintStream;
import java.net.InetAddress;
import java.util.List;
import org.xbill.DNS.ARecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;

/**
 * Servers from SRV records: their ports and weights come from DNS, and one whose record goes is not
 * called any more when the record's time to live is over.
 */
final class DnsDiscovery {

  private static final Name SERVICE = Name.fromConstantString("_orders._tcp.demo.");
  private static final Name HOST = Name.fromConstantString("host.demo.");
  private static final int TTL_SECONDS = 1;

  private DnsDiscovery() {}

  public static void main(String[] args) throws Exception {
    run(600, System.out);
    System.exit(0); // OkHttp's idle threads stay for a minute
  }

  /** Returns the requests that each server received, before its record went and after. */
  static List<List<Integer>> run(int calls, PrintStream out) throws Exception {
    try (DemoServer first = new DemoServer("first", 0);
        DemoServer second = new DemoServer("second", 0);
        DemoServer third = new DemoServer("third", 0);
        DemoNameServer dns = new DemoNameServer()) {
      List<DemoServer> servers = List.of(first, second, third);
      dns.records(List.of(address(), srv(first, 60), srv(second, 30), srv(third, 10)));

      // A service that runs for real would leave out nameServers: those of the machine are asked.
      DnsLookup list = DnsLookup.srv("_orders._tcp.demo.").nameServers(dns.address()).build();
      try (DemoClient orders = new DemoClient(list, servers)) {
        List<Integer> before = orders.call(calls);
        out.println("SRV records of weights 60, 30 and 10: requests at each: " + before);
        dns.records(List.of(address(), srv(first, 60), srv(third, 10)));
        long millis = orders.awaitListed(2);
        out.printf(
            "The second's record is gone; with a TTL of %d s that is seen after %d ms.%n",
            TTL_SECONDS, millis);
        List<Integer> after = orders.call(calls);
        out.println("Requests at each from then on: " + after);
        return List.of(before, after);
      }
    }
  }

  private static Record srv(DemoServer demo, int weight) {
    Server server = demo.server();
    return new SRVRecord(SERVICE, DClass.IN, TTL_SECONDS, 0, weight, server.port(), HOST);
  }

  private static Record address() {
    return new ARecord(HOST, DClass.IN, TTL_SECONDS, InetAddress.getLoopbackAddress());
  }
}
