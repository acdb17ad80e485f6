package io.evenload.dns;

import static java.util.stream.Collectors.toSet;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Lists from a BIND 9 whose zone changes, and which is frozen, killed, and started again without
 * its zone, while two threads call the servers of the list: no call fails.
 */
class BindIT {

  private static final long MOST_MILLIS_AFTER_RETURN = 5_000;

  @TempDir Path directory;

  private Bind bind;
  private Greeters greeters;
  private LoadBalancer balancer;
  private final AtomicInteger refusals = new AtomicInteger();

  @BeforeEach
  void startServers() throws IOException {
    bind = new Bind(directory);
    greeters = new Greeters(4);
  }

  @AfterEach
  void stopServers() throws IOException {
    if (balancer != null) {
      balancer.close();
    }
    greeters.close();
    bind.close();
  }

  private static String record(int number) {
    return "orders 1 A 127.0.1." + number;
  }

  private void balance(ServerList servers) {
    balancer =
        LoadBalancer.builder("orders")
            .servers(servers)
            .chooser(Choosers.roundRobin())
            .listener(
                new LoadBalancerListener() {
                  @Override
                  public void serversFailed(ServersFailed event) {
                    refusals.incrementAndGet();
                  }
                })
            .build();
    Await.until("the first list", () -> !listed().isEmpty());
    greeters.callBy(balancer);
  }

  private ServerList addresses() {
    return DnsLookup.addresses("orders.shop.test.", greeters.port())
        .nameServers(bind.address())
        .build();
  }

  /** The last parts of the addresses that the balancer knows. */
  private Set<Integer> listed() {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> !endpoint.state().name().equals("DRAINING"))
        .map(endpoint -> endpoint.server().host().replaceAll(".*\\.", ""))
        .map(Integer::valueOf)
        .collect(toSet());
  }

  private void awaitAfterReturn(String what, Set<Integer> expected) {
    long millis = Await.until(what, () -> listed().equals(expected));
    System.out.printf("%s: the list is right after %d ms%n", what, millis);
    assertThat(millis).as(what).isLessThan(MOST_MILLIS_AFTER_RETURN);
  }

  private void awaitRefusals() {
    int before = refusals.get();
    Await.until("the outage is noticed", () -> refusals.get() >= before + 2);
  }

  @Test
  void records_thatChange_areCalledWithoutAFailedCall() throws IOException {
    bind.add(record(1), record(2));
    balance(addresses());
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      bind.add(record(3));
      millis.add(Await.until("a call at the new server", () -> greeters.calls(3) > 0));
      bind.remove(record(3));
      Await.until("the list without it", () -> listed().equals(Set.of(1, 2)));
      greeters.forgetCalls();
    }
    System.out.println("BIND, TTL 1 s, change to first call at the new server, ms: " + millis);
    assertThat(millis).allMatch(each -> each < MOST_MILLIS_AFTER_RETURN);
    assertThat(greeters.failures).isEmpty();
  }

  @Test
  void nameServer_frozenKilledAndWithoutItsZone_failsNoCall() throws IOException {
    bind.add(record(1), record(2));
    balance(addresses());

    bind.freeze();
    awaitRefusals();
    bind.thaw();
    bind.add(record(3));
    awaitAfterReturn("frozen and thawed", Set.of(1, 2, 3));

    bind.kill();
    awaitRefusals();
    bind.start();
    bind.remove(record(1));
    awaitAfterReturn("killed and started", Set.of(2, 3));

    bind.kill();
    bind.loseZone();
    bind.start();
    int before = greeters.calls(2);
    Await.until("calls without a zone", () -> greeters.calls(2) > before + 200);
    assertThat(listed()).as("within the grace").isEqualTo(Set.of(2, 3));
    bind.add(record(3), record(4));
    awaitAfterReturn("zone lost and written again", Set.of(3, 4));

    assertThat(greeters.failures).isEmpty();
  }

  @Test
  void records_tooManyForUdp_areAllListed() throws IOException {
    List<String> records = new ArrayList<>();
    Set<Integer> expected = new TreeSet<>();
    for (int i = 1; i <= 200; i++) {
      records.add("many 1 A 127.0.1." + i);
      expected.add(i);
    }
    bind.add(records);
    balancer =
        LoadBalancer.builder("many")
            .servers(DnsLookup.addresses("many.shop.test.", 80).nameServers(bind.address()).build())
            .build();
    Await.until("200 servers", () -> listed().equals(expected));
    bind.remove(records.subList(0, 50));
    Await.until("150 servers", () -> listed().size() == 150);
  }

  @Test
  void srvRecords_priorityAndWeight_areKept() throws IOException {
    int port = greeters.port();
    for (int i = 1; i <= 4; i++) {
      bind.add("o" + i + " 1 A 127.0.1." + i);
    }
    String stale = "_orders._tcp 1 SRV 0 0 " + port + " o4";
    bind.add(
        "_orders._tcp 1 SRV 0 30 " + port + " o1",
        "_orders._tcp 1 SRV 0 10 " + port + " o2",
        "_orders._tcp 1 SRV 1 10 " + port + " o3");
    balance(DnsLookup.srv("_orders._tcp.shop.test.").nameServers(bind.address()).build());
    assertThat(balancer.status().endpoints().stream().map(each -> each.server().weight()))
        .containsExactlyInAnyOrder(30, 10, 10);
    Await.until("400 calls", () -> greeters.calls(1) + greeters.calls(2) >= 400);
    double share = (double) greeters.calls(1) / (greeters.calls(1) + greeters.calls(2));
    assertThat(share).as("share of the weight 30 of 40").isBetween(0.7, 0.8);
    assertThat(greeters.calls(3)).as("calls at priority 1").isZero();

    bind.add(stale);
    Await.until("a server of weight 0", () -> weights().equals(Set.of(1, 120, 360)));
    bind.remove(stale, "_orders._tcp 1 SRV 0 30 " + port + " o1");
    bind.remove("_orders._tcp 1 SRV 0 10 " + port + " o2");
    Await.until("calls at priority 1", () -> greeters.calls(3) > 0);
    assertThat(greeters.failures).isEmpty();
  }

  private Set<Integer> weights() {
    return balancer.status().endpoints().stream()
        .map(endpoint -> endpoint.server())
        .filter(server -> server.priority() == 0)
        .map(Server::weight)
        .collect(toSet());
  }
}
