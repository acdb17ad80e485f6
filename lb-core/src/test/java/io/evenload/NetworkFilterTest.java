package io.evenload;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.spi.ILoggingEvent;
import io.evenload.discovery.DnsServerList;
import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Lists that lead where no server may be. */
class NetworkFilterTest {

  private static final Server GOOD = Server.of("10.0.0.1", 80);
  private static final Server OTHER = Server.of("10.0.0.2", 80);
  private static final Server METADATA = Server.builder("169.254.169.254", 80).id("meta").build();
  private static final Server NAME = Server.of("orders.internal", 80);

  private final World world = new World(31);
  private final UpdatableServerList list = new UpdatableServerList();
  private final LoadBalancer balancer = world.balancer(list).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void probes_areKeptWithinTheNetworks_alsoWhenTheyChange() {
    List<String> asked = new ArrayList<>();
    HealthProbe probe = new KeptProbe("none", asked);
    try (LoadBalancer checked = world.balancer(list).healthCheck(HealthCheck.of(probe)).build()) {
      list.update(List.of(NAME));
      world.time.advance(ofSeconds(20));
      assertThat(asked).isNotEmpty().containsOnly(Networks.defaults().toString());
      asked.clear();

      Networks ours = Networks.of("10.0.0.0/8");
      checked.reconfigure(options -> options.networks(ours));
      world.time.advance(ofSeconds(20));
      assertThat(asked).isNotEmpty().containsOnly(ours.toString());
    }
  }

  /** Says by which networks it was asked; there may be any. */
  private record KeptProbe(String networks, List<String> asked) implements HealthProbe {
    @Override
    public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
      asked.add(networks);
      return CompletableFuture.completedFuture(HealthReport.healthy());
    }

    @Override
    public HealthProbe within(Networks networks) {
      return new KeptProbe(networks.toString(), asked);
    }
  }

  @Test
  void list_withAMetadataAddress_leavesItOutAndWarnsOnce() {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      list.update(List.of(GOOD, METADATA, NAME));
      list.update(List.of(NAME, GOOD, METADATA, OTHER));

      assertThat(known(balancer)).containsExactlyInAnyOrder(GOOD, NAME, OTHER);
      assertThat(log.messages())
          .containsExactly(
              "orders: 1 of the 3 servers of the list refused, as their addresses are not in its"
                  + " networks: meta at 169.254.169.254:80 (expected: no link-local and no metadata"
                  + " address)");
    }
  }

  @Test
  void list_ofRefusedAlone_isAFailureThatLastsUntilAnother() {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      list.update(List.of(GOOD, OTHER));
      world.time.advance(ofSeconds(10));
      list.update(List.of(METADATA));
      list.confirmed();
      world.time.advance(ofMinutes(10)); // longer than an empty list would be kept away

      assertThat(known(balancer)).containsExactly(GOOD, OTHER);
      assertThat(balancer.status().listAge()).isGreaterThan(ofMinutes(10));
      assertThat(world.events.lists).filteredOn(line -> line.startsWith("failed")).hasSize(2);
      assertThat(log.events()).hasSize(1);
      ILoggingEvent event = log.events().get(0);
      assertThat(event.getFormattedMessage())
          .isEqualTo("orders: the server list could not be refreshed; the last one stays in force");
      assertThat(event.getThrowableProxy().getClassName()).isEqualTo(IOException.class.getName());
      assertThat(event.getThrowableProxy().getMessage()).contains("meta at 169.254.169.254:80");
    }
    list.update(List.of(OTHER));
    assertThat(known(balancer)).contains(OTHER);
    assertThat(balancer.status().listAge()).isZero();
  }

  @Test
  void list_thatWasNeverGood_leavesTheBalancerNotReady() {
    list.update(List.of(METADATA));

    assertThat(balancer.ready().toCompletableFuture()).isNotDone();
    list.update(List.of(GOOD));
    assertThat(balancer.ready().toCompletableFuture()).isCompleted();
  }

  @Test
  void list_ofManyRefused_isNamedInOneBearableLine() {
    List<Server> many =
        new ArrayList<>(
            IntStream.range(0, 1_000)
                .mapToObj(i -> Server.of("169.254.1." + i % 256, 1 + i))
                .toList());
    many.add(GOOD);
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      list.update(many);

      assertThat(log.messages()).hasSize(1);
      assertThat(log.messages().get(0)).contains("and 990 more").hasSizeLessThan(600);
    }
  }

  @Test
  void lists_thatChangeAllTheTime_doNotFloodTheLog() {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class)) {
      for (int i = 0; i < 1_000; i++) {
        list.update(List.of(GOOD, Server.of("169.254.169.254", 1 + i)));
      }
      assertThat(log.messages()).hasSize(RateLimitedLog.BURST);
    }
  }

  @Test
  void fixedList_withALinkLocalAddress_isTrustedUnlessNetworksAreGiven() {
    try (LoadBalancer fixed = world.balancer(METADATA, GOOD).build();
        LoadBalancer limited =
            world.balancer(METADATA, GOOD).networks(Networks.of("10.0.0.0/8")).build()) {
      assertThat(known(fixed)).containsExactly(METADATA, GOOD);
      assertThat(known(limited)).containsExactly(GOOD);
      assertThat(fixed.networks()).as("names are not").isEqualTo(Networks.defaults());
      assertThat(limited.networks()).isEqualTo(Networks.of("10.0.0.0/8"));
    }
  }

  @Test
  void networks_given_limitTheList() {
    try (LoadBalancer limited =
            world.balancer(list).networks(Networks.of("10.0.0.0/31", "169.254.0.0/16")).build();
        LoadBalancer unlimited = world.balancer(list).networks(Networks.all()).build()) {
      list.update(List.of(GOOD, OTHER, METADATA, NAME));

      assertThat(known(limited)).containsExactlyInAnyOrder(GOOD, METADATA, NAME);
      assertThat(known(unlimited)).containsExactlyInAnyOrder(GOOD, OTHER, METADATA, NAME);
    }
  }

  @Test
  void networks_changedWhileItRuns_holdForTheLastList() {
    list.update(List.of(GOOD, OTHER, METADATA));
    assertThat(known(balancer)).containsExactly(GOOD, OTHER);

    balancer.reconfigure(options -> options.networks(Networks.all()));
    assertThat(eligible(balancer)).containsExactlyInAnyOrder(GOOD, OTHER, METADATA);
    balancer.reconfigure(options -> options.networks(Networks.of("10.0.0.1")));
    assertThat(eligible(balancer)).containsExactly(GOOD);
    balancer.reconfigure(LoadBalancer.Builder::withoutNetworks);
    assertThat(eligible(balancer)).containsExactlyInAnyOrder(GOOD, OTHER);
  }

  @Test
  void dns_thatIsRebound_doesNotLeadToMetadata() throws Exception {
    List<InetAddress> answer = new ArrayList<>(List.of(InetAddress.getByName("10.0.0.1")));
    DnsServerList dns =
        DnsServerList.builder("orders.internal", 80)
            .resolver(name -> List.copyOf(answer))
            .nanoTime(world.time)
            .scheduler(world.time)
            .build();
    try (LoadBalancer orders = world.balancer(dns).build()) {
      world.time.runDue();
      assertThat(known(orders)).containsExactly(GOOD);
      answer.set(0, InetAddress.getByName("169.254.169.254"));
      world.time.advance(ofMinutes(20));

      assertThat(known(orders)).containsExactly(GOOD);
      assertThat(orders.status().listAge()).isGreaterThan(ofMinutes(19));
      answer.add(InetAddress.getByName("fe80::1"));
      answer.add(InetAddress.getByName("10.0.0.2"));
      world.time.advance(ofMinutes(1));
      assertThat(eligible(orders)).containsExactly(OTHER);
    }
  }

  private static List<Server> known(LoadBalancer balancer) {
    return balancer.status().endpoints().stream()
        .map(LoadBalancerStatus.EndpointStatus::server)
        .toList();
  }

  private static List<Server> eligible(LoadBalancer balancer) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.state() == EndpointState.ELIGIBLE)
        .map(LoadBalancerStatus.EndpointStatus::server)
        .toList();
  }
}
