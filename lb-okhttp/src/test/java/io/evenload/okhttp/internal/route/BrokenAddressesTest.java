package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import okhttp3.Dns;
import org.junit.jupiter.api.Test;

final class BrokenAddressesTest {

  private static final String A = "10.0.0.1";
  private static final String B = "10.0.0.2";
  private static final String SIX = "fd00::1";

  private final List<String> addresses = new ArrayList<>(List.of(A, B));
  private final Dns dns = this::found;
  private final Server server = Server.of("orders-1.test", 80);
  private final ServerRoutes routes = new ServerRoutes(host -> false, false);
  private final ServerDns way = routes.to("orders", server, dns, false);
  private final BrokenAddresses broken = way.broken();

  @Test
  void lookup_oneBroke_comesLastUntilItAnswers() throws UnknownHostException {
    broken.broke(way, at(A));
    assertThat(looked(way)).containsExactly(B, A);
    assertThat(looked(routes.to("orders", server, dns, true))).as("fresh").containsExactly(B, A);
    broken.answered(way, at(B));
    assertThat(looked(way)).containsExactly(B, A);
    broken.answered(way, at(A));
    assertThat(looked(way)).containsExactly(A, B);
  }

  @Test
  void lookup_allBroke_theLastToBreakComesLast() throws UnknownHostException {
    for (int i = 0; i < 3; i++) {
      broken.broke(way, at(A));
      assertThat(looked(way)).containsExactly(B, A);
      broken.broke(way, at(B));
      assertThat(looked(way)).containsExactly(A, B);
    }
  }

  @Test
  void lookup_refused_countsOnceAnotherBroke() throws UnknownHostException {
    broken.refused(way, at(A));
    assertThat(looked(way)).containsExactly(A, B);
    broken.broke(way, at(A));
    broken.refused(way, at(B));
    assertThat(looked(way)).containsExactly(A, B);
  }

  @Test
  void lookup_ipv6Broke_isLeftOutWhereIpv4IsDue() throws UnknownHostException {
    addresses.set(0, SIX);
    broken.broke(way, at(SIX));
    assertThat(looked(way)).as("OkHttp begins with IPv6").containsExactly(B);
    broken.refused(way, at(B));
    assertThat(looked(way)).containsExactly(SIX, B);
  }

  @Test
  void lookup_onlyAddressOrOtherServer_staysAsItIs() throws UnknownHostException {
    addresses.remove(B);
    broken.broke(way, at(A));
    assertThat(looked(way)).containsExactly(A);
    addresses.add(B);
    broken.forget(way.key());
    assertThat(looked(way)).containsExactly(A, B);
    broken.broke(
        way, new InetSocketAddress(InetAddress.getByName(A), 80)); // under no name of the server
    assertThat(looked(way)).containsExactly(A, B);
    broken.broke(routes.to("orders", Server.of("orders-2.test", 80), dns, false), at(A));
    assertThat(looked(way)).containsExactly(A, B);
  }

  private List<InetAddress> found(String host) throws UnknownHostException {
    List<InetAddress> found = new ArrayList<>();
    for (String address : addresses) {
      found.add(InetAddress.getByName(address));
    }
    return found;
  }

  private static List<String> looked(ServerDns way) throws UnknownHostException {
    return way.lookup("orders").stream()
        .map(address -> Arrays.asList(A, B, SIX).get(index(address)))
        .toList();
  }

  private static int index(InetAddress address) {
    return address.getAddress().length > 4 ? 2 : address.getAddress()[3] - 1;
  }

  private InetSocketAddress at(String address) throws UnknownHostException {
    return new InetSocketAddress(way.named(InetAddress.getByName(address)), 80);
  }
}
