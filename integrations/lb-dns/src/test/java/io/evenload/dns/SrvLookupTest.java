package io.evenload.dns;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.DnsServerList.Family;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.VirtualTime;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xbill.DNS.Rcode;

/** SRV records. */
class SrvLookupTest {

  private static final String SOA = "test. 60 IN SOA ns.test. admin.test. 1 3600 600 86400 7";
  private static final String SRV_A = "_o._tcp.test. 10 IN SRV 0 3 8081 a.test.";
  private static final String SRV_B = "_o._tcp.test. 10 IN SRV 1 7 8082 b.test.";
  private static final String A = "a.test. 60 IN A 10.0.0.1";
  private static final String B = "b.test. 60 IN A 10.0.0.2";
  private static final String BOTH =
      "10.0.0.1:8081 weight=3 metadata=[target], 10.0.0.2:8082 weight=7 priority=1"
          + " metadata=[target]";

  private final VirtualTime time = new VirtualTime();
  private final FakeNameServer dns = new FakeNameServer("ns1").zone(SOA, SRV_A, SRV_B, A, B);
  private final Told told = new Told();

  private DnsLookup.Builder orders() {
    return DnsLookup.srv("_o._tcp.test")
        .resolvers(dns)
        .nanoTime(time)
        .scheduler(time)
        .random(new SplittableRandom(1));
  }

  private ServerList.Subscription subscribe() {
    ServerList.Subscription subscription = orders().build().subscribe(told);
    time.runDue();
    return subscription;
  }

  @Test
  void subscribe_targetsWithTheirAddresses_areServersAndNotAskedFor() {
    dns.glue = true;
    subscribe();
    assertThat(told.take()).containsExactly(BOTH);
    assertThat(told.servers().get(0).metadata()).containsEntry("target", "a.test");
    assertThat(dns.asked).containsExactly("_o._tcp.test. SRV");
  }

  @Test
  void subscribe_targetsWithoutTheirAddresses_areAskedFor() {
    subscribe();
    assertThat(told.take()).containsExactly(BOTH);
    assertThat(dns.asked).containsExactly("_o._tcp.test. SRV", "a.test. A", "b.test. A");
  }

  @Test
  void look_targetsWhoseAddressesHoldStill_areNotAskedForAgain() {
    subscribe();
    dns.takeAsked();
    time.advance(ofSeconds(22));
    assertThat(dns.takeAsked()).containsOnly("_o._tcp.test. SRV").hasSize(2);
    time.advance(ofSeconds(11));
    assertThat(dns.takeAsked()).contains("a.test. A", "b.test. A");
    assertThat(told.take()).containsSubsequence(BOTH, "confirmed", "confirmed");
  }

  @Test
  void look_ofLongTtls_isOnceInTheLongestInterval() {
    dns.zone(SOA, "_o._tcp.test. 86400 IN SRV 0 1 80 a.test.", "a.test. 86400 IN A 10.0.0.1");
    subscribe();
    dns.takeAsked();
    time.advance(ofSeconds(330));
    assertThat(dns.takeAsked()).contains("a.test. A").hasSizeBetween(20, 22);
  }

  @Test
  void look_targetThatMoved_isSeenWithItsTtl() {
    dns.zone(SOA, SRV_A, "a.test. 2 IN A 10.0.0.1");
    subscribe();
    dns.zone(SOA, SRV_A, "a.test. 2 IN A 10.0.0.9");
    time.advance(ofSeconds(3));
    assertThat(told.take()).last().asString().startsWith("10.0.0.9:8081");
  }

  @Test
  void subscribe_targetOfBothFamilies_isOneServer() {
    dns.glue = true;
    dns.zone(SOA, SRV_A, A, "a.test. 60 IN AAAA fd00::1", SRV_B, "b.test. 60 IN AAAA fd00::2");
    subscribe();
    assertThat(ids()).containsExactly("10.0.0.1:8081", "[fd00:0:0:0:0:0:0:2]:8082");
  }

  @Test
  void subscribe_targetOfTheOtherFamilyOnly_isAskedForThat() {
    dns.zone(SOA, SRV_A, "a.test. 60 IN AAAA fd00::1");
    subscribe();
    assertThat(ids()).containsExactly("[fd00:0:0:0:0:0:0:1]:8081");
    dns.zone(SOA, SRV_A, A, "a.test. 60 IN AAAA fd00::1");
    DnsLookup six = orders().family(Family.IPV6).build();
    six.subscribe(told);
    time.runDue();
    assertThat(ids()).containsExactly("[fd00:0:0:0:0:0:0:1]:8081");
  }

  /** The records are priority and weight of a, b and c; the weights those of the servers. */
  @ParameterizedTest
  @CsvSource({
    "0 60, 0 30, 0 10, 60 30 10",
    "0 0, 0 0, 0 0, 1 1 1",
    "0 0, 0 1, 0 65535, 1 12 786420",
    "0 0, 0 0, 1 5, 1 1 5",
    "0 5, 1 0, 1 2, 60 1 24",
  })
  void subscribe_weights_areSharesWithinAPriority(String a, String b, String c, String weights) {
    dns.zone(
        SOA,
        "_o._tcp.test. 10 IN SRV " + a + " 80 a.test.",
        "_o._tcp.test. 10 IN SRV " + b + " 80 b.test.",
        "_o._tcp.test. 10 IN SRV " + c + " 80 c.test.",
        A,
        B,
        "c.test. 60 IN A 10.0.0.3");
    subscribe();
    assertThat(told.servers().stream().map(server -> "" + server.weight()))
        .containsExactly(weights.split(" "));
  }

  @Test
  void subscribe_targetOfSeveralAddresses_sharesItsWeight() {
    dns.zone(
        SOA,
        "_o._tcp.test. 10 IN SRV 0 1 80 a.test.",
        "_o._tcp.test. 10 IN SRV 0 1 80 b.test.",
        A,
        B,
        "b.test. 60 IN A 10.0.0.3",
        "b.test. 60 IN A 10.0.0.4");
    subscribe();
    assertThat(told.servers().stream().map(Server::weight)).containsExactly(12, 4, 4, 4);
  }

  @Test
  void subscribe_recordsThatLeadToOneServer_areOne() {
    dns.zone(
        SOA,
        "_o._tcp.test. 10 IN SRV 0 3 80 a.test.",
        "_o._tcp.test. 10 IN SRV 0 4 80 b.test.",
        "_o._tcp.test. 10 IN SRV 2 50 80 c.test.",
        A,
        "b.test. 60 IN A 10.0.0.1",
        "c.test. 60 IN A 10.0.0.1");
    subscribe();
    assertThat(told.take()).containsExactly("10.0.0.1:80 weight=7 metadata=[target]");
  }

  @Test
  void subscribe_rootAsTarget_saysThatThereIsNoServer() {
    dns.zone(SOA, "_o._tcp.test. 10 IN SRV 0 0 0 .");
    subscribe();
    assertThat(told.take()).containsExactly("");
  }

  @Test
  void subscribe_targetWithoutAddress_isLeftOut() {
    dns.zone(SOA, SRV_A, SRV_B, B);
    subscribe();
    assertThat(ids()).containsExactly("10.0.0.2:8082");
  }

  @Test
  void look_targetThatFails_keepsItsAddressAndIsWarnedOfOnce() {
    subscribe();
    told.take();
    dns.codes.put("a.test. A", Rcode.SERVFAIL);
    dns.zone(SOA, SRV_A, SRV_B, A, "b.test. 60 IN A 10.0.0.7");
    try (CapturedLog log = new CapturedLog(DnsLookup.class)) {
      time.advance(ofSeconds(80));
      assertThat(log.messages())
          .containsExactly(
              "DnsLookup _o._tcp.test SRV: a question was not answered; what was known of them"
                  + " stays for 5 s at least: a.test.: SERVFAIL from ns1, SERVFAIL from ns1");
    }
    assertThat(ids()).containsExactly("10.0.0.1:8081", "10.0.0.7:8082");
    dns.takeAsked();
    time.advance(ofSeconds(6));
    assertThat(dns.takeAsked()).contains("a.test. A");
  }

  @Test
  void subscribe_newTargetThatFails_isLeftOutUntilItIsKnown() {
    dns.codes.put("a.test. A", Rcode.SERVFAIL);
    subscribe();
    assertThat(ids()).containsExactly("10.0.0.2:8082");
    dns.codes.clear();
    time.advance(ofSeconds(6));
    assertThat(ids()).containsExactly("10.0.0.1:8081", "10.0.0.2:8082");
  }

  @Test
  void subscribe_allTargetsFail_isAFailureAndNoEmptyList() {
    dns.codes.put("a.test. A", Rcode.SERVFAIL);
    dns.codes.put("b.test. A", Rcode.SERVFAIL);
    subscribe();
    assertThat(told.take())
        .containsExactly("failed: a.test.: SERVFAIL from ns1, SERVFAIL from ns1");
  }

  @Test
  void look_recordsThatAreNotAnswered_areAFailureAndTheListStays() {
    subscribe();
    told.take();
    dns.codes.put("_o._tcp.test. SRV", Rcode.SERVFAIL);
    time.advance(ofSeconds(11));
    assertThat(told.take())
        .isNotEmpty()
        .containsOnly("failed: _o._tcp.test.: SERVFAIL from ns1, SERVFAIL from ns1");
  }

  @Test
  void look_recordsThatAreGone_areAnEmptyList() {
    subscribe();
    told.take();
    dns.zone(SOA, A, B);
    time.advance(ofSeconds(11));
    assertThat(told.take()).containsExactly("");
  }

  @Test
  void subscribe_manyTargetsThatCannotBeAsked_areGivenUpAfterTheFirst() {
    List<String> lines = new ArrayList<>(List.of(SOA));
    for (int i = 0; i < 500; i++) {
      lines.add("_o._tcp.test. 10 IN SRV 0 1 80 t" + i + ".test.");
    }
    dns.zone(lines.toArray(String[]::new));
    for (int i = 0; i < 500; i++) {
      dns.codes.put("t" + i + ".test. A", Rcode.SERVFAIL);
    }
    subscribe();
    assertThat(dns.takeAsked()).hasSize(1 + 2 * Questions.MOST_AT_ONCE);
  }

  private List<String> ids() {
    return told.servers().stream().map(Server::id).toList();
  }
}
