package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.PoisonedCalls.Fault;
import io.evenload.okhttp.PoisonedCalls.Results;
import java.io.IOException;
import java.time.Duration;
import java.util.function.UnaryOperator;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * One route that fails at every server: the others must not notice, and no server is out for it.
 * With all defaults, but for the choosers.
 */
@Tag("simulation")
final class PoisonRouteTest {

  private static final long SEED = 20_260_214;
  private static final int[] SERVERS = {2, 3, 4, 10, 50};

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @CsvSource({
    "STATUS_500, 0.1", "STATUS_500, 0.3", "STATUS_500, 0.6", "STATUS_500, 0.9",
    "STATUS_503, 0.1", "STATUS_503, 0.3", "STATUS_503, 0.6", "STATUS_503, 0.9",
    "RESET, 0.1", "RESET, 0.3", "RESET, 0.6", "RESET, 0.9"
  })
  void poisonRoute_failsEverywhere_costsNoOtherRouteAndNoServer(Fault fault, double part) {
    for (int servers : SERVERS) {
      clean(calls(servers, 1, part, fault), 600, servers);
      clean(calls(servers, 300, part, fault), 30, servers);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.3, 0.6, 0.9})
  void poisonRoute_byRoundRobinOrInSessions_costsNoOtherRouteAndNoServer(double part) {
    UnaryOperator<LoadBalancer.Builder> inTurn = b -> b.chooser(Choosers.roundRobin());
    for (int servers : SERVERS) {
      clean(new PoisonedCalls(SEED, servers, 1, part, Fault.STATUS_500, inTurn), 600, servers);
      clean(new PoisonedCalls(SEED, servers, 300, part, Fault.STATUS_500, inTurn), 30, servers);
      clean(calls(servers, 1, part, Fault.STATUS_500).sticky(), 600, servers);
      clean(calls(servers, 300, part, Fault.STATUS_500).sticky(), 30, servers);
    }
  }

  private static void clean(PoisonedCalls calls, int seconds, int servers) {
    Results results = calls.pass(Duration.ofSeconds(seconds));
    assertThat(results.success()).as("%s servers", servers).isGreaterThanOrEqualTo(0.999);
    assertThat(calls.out()).as("%s servers", servers).isEmpty();
  }

  /**
   * Servers may be out, as those that are silent pile up where the others do not go; other routes
   * do not notice.
   */
  @ParameterizedTest
  @CsvSource({
    "TIMEOUT, 0.1", "TIMEOUT, 0.3", "TIMEOUT, 0.6", "TIMEOUT, 0.9",
    "GIVEN_UP, 0.1", "GIVEN_UP, 0.3", "GIVEN_UP, 0.6", "GIVEN_UP, 0.9"
  })
  void poisonRoute_isNeverAnswered_costsNoOtherRoute(Fault fault, double part) {
    for (int servers : SERVERS) {
      assertThat(calls(servers, 1, part, fault).pass(Duration.ofMinutes(10)).success())
          .as("%s servers", servers)
          .isGreaterThanOrEqualTo(0.999);
      assertThat(calls(servers, 100, part, fault).pass(Duration.ofSeconds(40)).success())
          .as("%s servers", servers)
          .isGreaterThanOrEqualTo(0.999);
    }
  }

  /** The poisoned key goes to one server, which looks worse than its peers, and then to another. */
  @ParameterizedTest
  @ValueSource(doubles = {0.1, 0.6})
  void poisonedKey_atOneServerAtATime_costsNoOtherKey(double part) {
    UnaryOperator<LoadBalancer.Builder> byKey = builder -> builder.chooser(Choosers.maglev());
    for (int servers : SERVERS) {
      Results results =
          new PoisonedCalls(SEED, servers, 300, part, Fault.STATUS_500, byKey)
              .keyed()
              .pass(Duration.ofSeconds(30));
      assertThat(results.success()).as("%s servers", servers).isGreaterThanOrEqualTo(0.999);
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 0.1, 0.3, 0.6})
  void poisonRoute_besideOneServerThatFailsAll_thatOneGoes(double part) {
    for (int servers : new int[] {3, 4, 10, 50}) {
      PoisonedCalls calls = calls(servers, 300, part, Fault.STATUS_500).firstFails(1);
      calls.pass(Duration.ofSeconds(10));
      Results results = calls.pass(Duration.ofSeconds(15));
      assertThat(results.shareOfFirst()).as("%s servers", servers).isLessThan(0.02);
      assertThat(calls.out()).as("%s servers", servers).allMatch(out -> out.startsWith("s0: "));
    }
  }

  private static PoisonedCalls calls(int servers, double perSecond, double part, Fault fault) {
    return new PoisonedCalls(SEED, servers, perSecond, part, fault, UnaryOperator.identity());
  }

  /** Six of ten calls, over real sockets, with the breakers of the defaults. */
  @ParameterizedTest
  @EnumSource(Wire.class)
  void poisonRoute_overRealSockets_costsNoOtherRouteAndNoServer(Wire wire) throws IOException {
    Backend[] servers = new Backend[4];
    for (int i = 0; i < servers.length; i++) {
      servers[i] = backends.start("s" + i, wire);
      servers[i].web().setDispatcher(new Poisoned("s" + i));
    }
    BalancedClient client =
        backends
            .client(servers)
            .balancer(balancer -> balancer.chooser(Choosers.powerOfTwoChoices()))
            .balancing(options -> options.circuitBreaker(CircuitBreaker.defaults()))
            .build();
    for (int call = 0; call < 600; call++) {
      boolean poison = call % 5 < 3;
      Reply reply = client.get(poison ? "/poison" : "/orders");
      assertThat(reply.code()).isEqualTo(poison ? 500 : 200);
    }
    assertThat(client.balancer().status().endpoints())
        .extracting(EndpointStatus::state)
        .containsOnly(EndpointState.ELIGIBLE);
  }

  private static final class Poisoned extends Dispatcher {
    private final String id;

    Poisoned(String id) {
      this.id = id;
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      int status = request.getUrl().encodedPath().equals("/poison") ? 500 : 200;
      return new MockResponse.Builder().code(status).setHeader(Backend.ID, id).body(id).build();
    }
  }
}
