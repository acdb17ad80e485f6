package io.evenload.dns;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.discovery.DnsServerList.Family;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.xbill.DNS.Rcode;

/** A and AAAA records, and what holds for all lists. */
class DnsLookupTest {

  private static final String SOA = "test. 60 IN SOA ns.test. admin.test. 1 3600 600 86400 7";
  private static final String ONE = "orders.test. 20 IN A 10.0.0.1";
  private static final String TWO = "orders.test. 20 IN A 10.0.0.2";
  private static final String SIX = "orders.test. 20 IN AAAA fd00::1";

  private final VirtualTime time = new VirtualTime();
  private final FakeNameServer dns = new FakeNameServer("ns1").zone(SOA, TWO, ONE, SIX);
  private final FakeNameServer other = new FakeNameServer("ns2").zone(SOA, ONE);
  private final Told told = new Told();

  private DnsLookup.Builder orders() {
    return driven(DnsLookup.addresses("orders.test", 8080));
  }

  private DnsLookup.Builder driven(DnsLookup.Builder list) {
    return list.resolvers(dns).nanoTime(time).scheduler(time).random(new SplittableRandom(1));
  }

  private ServerList.Subscription subscribe(DnsLookup.Builder list) {
    ServerList.Subscription subscription = list.build().subscribe(told);
    time.runDue();
    return subscription;
  }

  @Test
  void subscribe_addressesOfBothFamilies_areServersInOrder() {
    subscribe(orders());
    assertThat(told.take())
        .containsExactly("10.0.0.1:8080, 10.0.0.2:8080, [fd00:0:0:0:0:0:0:1]:8080");
    assertThat(dns.asked).containsExactly("orders.test. A", "orders.test. AAAA");
  }

  @Test
  void subscribe_oneFamily_asksForNoOther() {
    subscribe(orders().family(Family.IPV6));
    assertThat(told.take()).containsExactly("[fd00:0:0:0:0:0:0:1]:8080");
    assertThat(dns.asked).containsExactly("orders.test. AAAA");
  }

  @Test
  void subscribe_ofTheSubscriber_isNotBlocked() {
    orders().build().subscribe(told);
    assertThat(dns.asked).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"20, 20", "0, 1", "86400, 30"})
  void look_afterAnAnswer_waitsForItsTtlWithinBounds(int ttl, int seconds) {
    dns.zone(SOA, "orders.test. %d IN A 10.0.0.1".formatted(ttl));
    subscribe(orders().family(Family.IPV4));
    time.advance(ofSeconds(seconds).minusMillis(1));
    assertThat(dns.takeAsked()).hasSize(1);
    time.advance(ofMillis(100L * seconds + 1));
    assertThat(dns.takeAsked()).hasSize(1);
  }

  @Test
  void look_withBoundsOfItsOwn_keepsThem() {
    subscribe(orders().minInterval(ofSeconds(40)).maxInterval(ofSeconds(50)));
    dns.takeAsked();
    time.advance(ofSeconds(39));
    assertThat(dns.takeAsked()).isEmpty();
    time.advance(ofSeconds(5));
    assertThat(dns.takeAsked()).hasSize(2);
  }

  @Test
  void look_changedAddresses_areAnUpdateAndOthersConfirmed() {
    subscribe(orders());
    told.take();
    time.advance(ofSeconds(22));
    dns.zone(SOA, ONE);
    time.advance(ofSeconds(22));
    assertThat(told.take()).containsExactly("confirmed", "10.0.0.1:8080");
  }

  @Test
  void look_nameThatDoesNotExistAnyMore_isEmptyForTheNegativeTtl() {
    subscribe(orders());
    told.take();
    dns.zone(SOA);
    time.advance(ofSeconds(22));
    assertThat(told.take()).containsExactly("");
    dns.takeAsked();
    time.advance(ofSeconds(60));
    assertThat(dns.takeAsked().size() / 2).as("looks in a minute").isBetween(7, 9);
    assertThat(told.take()).containsOnly("confirmed");
  }

  @Test
  void look_nameWithoutAddresses_isEmpty() {
    dns.zone(SOA, "orders.test. 20 IN TXT none");
    subscribe(orders());
    assertThat(told.take()).containsExactly("");
  }

  @ParameterizedTest
  @ValueSource(ints = {Rcode.SERVFAIL, Rcode.REFUSED, Rcode.NOTIMP, Rcode.FORMERR})
  void look_refused_isToldAndTheListStays(int code) {
    subscribe(orders());
    told.take();
    dns.codes.put("", code);
    time.advance(ofSeconds(22));
    String twice = Rcode.string(code) + " from ns1, " + Rcode.string(code) + " from ns1";
    assertThat(told.take()).isNotEmpty().containsOnly("failed: orders.test.: " + twice);
  }

  @Test
  void look_timedOut_isToldAndSeenAgainSoon() {
    subscribe(orders());
    told.take();
    dns.failures.put("", new SocketTimeoutException());
    time.advance(ofSeconds(60));
    assertThat(told.take())
        .isNotEmpty()
        .containsOnly("failed: orders.test.: time-out from ns1, time-out from ns1");
    dns.failures.clear();
    dns.zone(SOA, ONE);
    time.advance(ofSeconds(4));
    assertThat(told.take()).first().isEqualTo("10.0.0.1:8080");
  }

  @Test
  void look_truncatedOrReferred_isAFailure() {
    dns.truncates = true;
    subscribe(orders().attempts(1));
    assertThat(told.take()).containsExactly("failed: orders.test.: truncated from ns1");
    dns.truncates = false;
    dns.authoritative = false;
    dns.zone("test. 60 IN NS ns.test.", "orders.test. 20 IN TXT none");
    time.advance(ofSeconds(1));
    assertThat(told.take()).containsExactly("failed: orders.test.: referral from ns1");
  }

  @Test
  void look_resolverThatThrows_isAFailure() {
    dns.throwing = true;
    subscribe(orders().attempts(1));
    assertThat(told.take())
        .containsExactly("failed: orders.test.: java.lang.IllegalStateException: broken from ns1");
  }

  @Test
  void look_firstNameServerDown_asksTheOtherAndBeginsWithItFromThenOn() {
    dns.failures.put("", new IOException("unreachable"));
    subscribe(orders().resolvers(dns, other).family(Family.IPV4));
    assertThat(told.take()).containsExactly("10.0.0.1:8080");
    time.advance(ofSeconds(22));
    assertThat(told.take()).containsExactly("confirmed");
    assertThat(dns.asked).hasSize(1);
    assertThat(other.asked).hasSize(2);
  }

  @Test
  void look_oneFamilyFails_keepsItsLastAddresses() {
    subscribe(orders());
    told.take();
    dns.codes.put("orders.test. AAAA", Rcode.SERVFAIL);
    dns.zone(SOA, ONE);
    time.advance(ofSeconds(22));
    assertThat(told.take()).containsExactly("10.0.0.1:8080, [fd00:0:0:0:0:0:0:1]:8080");
  }

  @Test
  void look_oneFamilyFailsAndTheOtherHasNone_isAFailure() {
    dns.codes.put("orders.test. AAAA", Rcode.SERVFAIL);
    dns.zone(SOA, "orders.test. 20 IN TXT none");
    subscribe(orders().attempts(1));
    assertThat(told.take()).containsExactly("failed: orders.test.: SERVFAIL from ns1");
  }

  @Test
  void look_aliases_areFollowedAndTheirTtlCounts() {
    dns.zone(
        SOA,
        "orders.test. 3 IN CNAME a.test.",
        "a.test. 20 IN CNAME b.test.",
        "b.test. 20 IN A 10.0.0.3");
    subscribe(orders().family(Family.IPV4));
    assertThat(told.take()).containsExactly("10.0.0.3:8080");
    dns.takeAsked();
    time.advance(ofMillis(3_400));
    assertThat(dns.takeAsked()).hasSize(1);
  }

  @Test
  void look_aliasIntoAnotherZone_isAskedFor() {
    dns.zone(SOA, "orders.test. 20 IN CNAME far.example.");
    subscribe(orders().family(Family.IPV4));
    assertThat(dns.takeAsked()).startsWith("orders.test. A", "far.example. A");
  }

  @Test
  void look_aliasesInACircle_end() {
    dns.zone(SOA, "orders.test. 20 IN CNAME orders.test.");
    subscribe(orders().attempts(1));
    assertThat(dns.takeAsked()).hasSizeLessThan(50);
    assertThat(told.take()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource({
    "orders.test, 1, 'orders.test. A,orders.test.eu. A,orders.test.us. A'",
    "orders.test, 2, 'orders.test.eu. A,orders.test.us. A,orders.test. A'",
    "orders, 1, 'orders.eu. A,orders.us. A,orders. A'",
    "orders.test., 5, 'orders.test. A'",
  })
  void look_searchDomains_areTriedInOrder(String name, int ndots, String asked) {
    dns.zone(SOA, "eu. 60 IN SOA ns.eu. a.eu. 1 2 3 4 5");
    subscribe(
        driven(DnsLookup.addresses(name, 80))
            .family(Family.IPV4)
            .searchDomains("eu", "us.")
            .ndots(ndots));
    assertThat(dns.takeAsked()).containsExactly(asked.split(","));
    assertThat(told.take()).containsExactly("");
  }

  @Test
  void look_searchDomainThatFails_endsTheSearch() {
    dns.zone(SOA, "orders.us. 60 IN A 10.0.0.9");
    dns.codes.put("orders.eu. A", Rcode.SERVFAIL);
    dns.codes.put("orders.eu. AAAA", Rcode.SERVFAIL);
    subscribe(driven(DnsLookup.addresses("orders", 80)).searchDomains("eu", "us").attempts(1));
    assertThat(told.take()).containsExactly("failed: orders.eu.: SERVFAIL from ns1");
  }

  @Test
  void look_nameTooLongWithADomain_isNotAskedFor() {
    String label = "a".repeat(60) + ".";
    subscribe(
        driven(DnsLookup.addresses(label + label + label + "a".repeat(20), 80))
            .family(Family.IPV4)
            .searchDomains(label + "test"));
    assertThat(dns.takeAsked()).hasSize(1);
  }

  @Test
  void look_nameThatIsNotAscii_isAskedForInAscii() {
    subscribe(driven(DnsLookup.addresses("bücher.test.", 80)).family(Family.IPV4));
    assertThat(dns.takeAsked()).containsExactly("xn--bcher-kva.test. A");
  }

  @Test
  void refresh_beforeTheTtlIsOver_asks() {
    ServerList.Subscription subscription = subscribe(orders());
    dns.zone(SOA, ONE);
    time.advance(ofSeconds(3));
    subscription.refresh();
    time.runDue();
    assertThat(told.take()).last().isEqualTo("10.0.0.1:8080");
  }

  @Test
  void close_ofASubscription_endsTheQuestions() {
    ServerList.Subscription subscription = subscribe(orders());
    subscription.close();
    dns.takeAsked();
    time.advance(Duration.ofHours(1));
    assertThat(dns.takeAsked()).isEmpty();
    assertThat(time.pending()).isZero();
  }

  @Test
  void balancer_metadataAddresses_areRefused() {
    dns.zone(SOA, ONE, "orders.test. 20 IN A 169.254.169.254", "orders.test. 20 IN AAAA fe80::1");
    try (LoadBalancer balancer =
        time.drive(LoadBalancer.builder("orders")).servers(orders().build()).build()) {
      time.runDue();
      assertThat(balancer.status().endpoints()).hasSize(1);
    }
  }

  @Test
  void toString_ofLists_saysWhichNameItIs() {
    assertThat(orders().build()).hasToString("DnsLookup orders.test:8080");
    assertThat(DnsLookup.srv("_a._tcp.test").build()).hasToString("DnsLookup _a._tcp.test SRV");
  }

  @Test
  void build_intervalsThatDoNotFit_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> orders().minInterval(ofSeconds(31)).build())
        .withMessage("minInterval: PT31S (expected: <= maxInterval, PT30S)");
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "::1", "", "a b", "a..b", "a/b"})
  void addresses_noName_isRefused(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> DnsLookup.addresses(name, 80))
        .withMessage("name: '" + name + "' (expected: a name, such as orders.prod.internal)");
  }

  @Test
  void options_outOfRange_areRefused() {
    DnsLookup.Builder list = orders();
    assertRefused(() -> DnsLookup.addresses("a", 0), "port: 0 (expected: 1 to 65535)");
    assertRefused(
        () -> list.minInterval(ofMillis(99)), "minInterval: PT0.099S (expected: PT0.1S to PT24H)");
    assertRefused(
        () -> list.maxInterval(Duration.ofDays(2)),
        "maxInterval: PT48H (expected: PT0.1S to PT24H)");
    assertRefused(() -> list.timeout(ofMillis(9)), "timeout: PT0.009S (expected: PT0.1S to PT1M)");
    assertRefused(() -> list.attempts(0), "attempts: 0 (expected: 1 to 10)");
    assertRefused(() -> list.ndots(16), "ndots: 16 (expected: 0 to 15)");
    assertRefused(list::nameServers, "nameServers: none (expected: at least one)");
    assertRefused(list::resolvers, "resolvers: none (expected: at least one)");
    assertRefused(
        () -> list.searchDomains("a b"),
        "searchDomains: 'a b' (expected: a name, such as orders.prod.internal)");
    for (String bad : List.of("ns1.internal", "10.0.0.2:0", "", "[::1]", "10.0.0.2:53:53")) {
      assertRefused(
          () -> list.nameServers(bad),
          "nameServers: "
              + bad
              + " (expected: an address, such as 10.0.0.2, 10.0.0.2:5353 or [fd00::2]:53)");
    }
  }

  private static void assertRefused(Runnable option, String message) {
    assertThatIllegalArgumentException().isThrownBy(option::run).withMessage(message);
  }

  @Test
  void servers_ofTheSystem_areAsked() {
    assertThat(Checks.server("10.0.0.2").getPort()).isEqualTo(53);
    assertThat(Checks.server("10.0.0.2:8600").getPort()).isEqualTo(8600);
    assertThat(Checks.server("fd00::2").getPort()).isEqualTo(53);
    assertThat(Checks.server("[fd00::2]:54").getPort()).isEqualTo(54);
  }
}
