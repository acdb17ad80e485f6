package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import io.evenload.EndpointState;
import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import okhttp3.Call;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Two services of one interceptor, each with options of its own. */
class ServiceOptionsTest {

  private static final String USERS = "users.test";

  @RegisterExtension final Backends backends = new Backends();

  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");
  private final Backend c = backends.start("c");
  private final Backend d = backends.start("d");
  private final LoadBalancer users =
      backends.closeAfterTest(
          LoadBalancer.builder("users")
              .servers(ServerList.of(c.server(), d.server()))
              .chooser(BalancedClient.IN_ORDER)
              .withoutOutlierDetection()
              .build());

  @Test
  void service_ownRetries_holdForItAlone() throws IOException {
    a.always(response -> response.code(503));
    c.always(response -> response.code(503));
    BalancedClient client = client(own -> own.retry(RetryPolicy.none()));

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(users(client).code()).isEqualTo(503);
    assertThat(d.hits()).isZero();
  }

  @Test
  void service_ownCircuitBreaker_holdsForItAlone() throws IOException {
    a.always(response -> response.code(503));
    c.always(response -> response.code(503));
    BalancedClient client = client(own -> own.circuitBreaker(breaker()));

    for (int i = 0; i < 4; i++) {
      client.get("/");
      users(client);
    }

    client.await(() -> state(users, c) == EndpointState.BREAKER_OPEN);
    assertThat(state(client.balancer(), a)).isEqualTo(EndpointState.ELIGIBLE);
  }

  @Test
  void service_ownAffinityAndTimeoutHeader_holdForItAlone() throws IOException {
    List<String> asked = new CopyOnWriteArrayList<>();
    Affinity affinity =
        Affinity.by(
            request -> {
              asked.add(request.url().host());
              return "ann";
            });
    BalancedClient client = client(own -> own.affinity(affinity).timeoutHeader("X-Left"));

    withTimeout(client, client.request("/").build());
    withTimeout(client, users());

    assertThat(asked).containsOnly(USERS);
    assertThat(a.onlyRequest().getHeaders().get("X-Left")).isNull();
    assertThat(c.onlyRequest().getHeaders().get("X-Left")).isNotNull();
  }

  @Test
  void service_redirectBetween_isBalancedByTheOptionsOfEach() throws IOException {
    a.always(response -> response.code(302).setHeader("Location", "http://" + USERS + "/"));
    c.always(response -> response.code(501));
    BalancedClient client =
        client(own -> own.retry(Policies.immediate(2).statuses(Set.of(501)).build()));

    assertThat(client.get("/").server()).isEqualTo("d");
    assertThat(b.hits()).isZero();
  }

  @Test
  void service_optionsOfTheBuilder_holdWhereItHasNone() throws IOException {
    c.always(response -> response.code(503));
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(all -> all.service(USERS, users, own -> own.timeoutHeader("X-Left")))
            .balancing(all -> all.retry(RetryPolicy.none())) // after the service
            .build();

    assertThat(users(client).code()).isEqualTo(503);
  }

  @Test
  void reconfigure_oneService_leavesTheOtherAlone() throws IOException {
    a.always(response -> response.code(503));
    c.always(response -> response.code(503));
    BalancedClient client = client(own -> {});

    client.interceptor().reconfigure("Users.Test", own -> own.retry(RetryPolicy.none()));

    assertThat(users(client).code()).isEqualTo(503);
    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void reconfigure_allServices_changesEachAndKeepsTheRestOfIt() throws IOException {
    a.always(response -> response.code(503));
    c.always(response -> response.code(503));
    BalancedClient client = client(own -> own.timeoutHeader("X-Left"));

    client.interceptor().reconfigure(options -> options.retry(RetryPolicy.none()));

    assertThat(client.get("/").code()).isEqualTo(503);
    assertThat(withTimeout(client, users()).code()).isEqualTo(503);
    assertThat(c.onlyRequest().getHeaders().get("X-Left")).isNotNull();
  }

  @Test
  void reconfigure_throwsAtTheSecondService_changesNone() throws IOException {
    a.always(response -> response.code(503));
    BalancedClient client = client(own -> {});
    AtomicInteger services = new AtomicInteger();

    assertThatIllegalStateException()
        .isThrownBy(
            () ->
                client
                    .interceptor()
                    .reconfigure(
                        options -> {
                          options.retry(RetryPolicy.none());
                          if (services.incrementAndGet() == 2) {
                            throw new IllegalStateException("cannot read the file");
                          }
                        }));

    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void reconfigure_unknownService_isRefused() {
    BalancedClient client = client(own -> {});

    assertThatIllegalArgumentException()
        .isThrownBy(() -> client.interceptor().reconfigure("other", options -> {}))
        .withMessageStartingWith("host: 'other' (expected: one of [");
  }

  @Test
  void build_serviceWithInvalidOption_throwsIt() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> client(own -> own.waitForRoom(Duration.ofHours(2))))
        .withMessage("waitForRoom: PT2H (expected: PT0S to PT1H)");
  }

  private BalancedClient client(Consumer<ServiceOptions<?>> own) {
    return backends.client(a, b).balancing(all -> all.service(USERS, users, own)).build();
  }

  private static CircuitBreaker breaker() {
    return CircuitBreaker.builder()
        .window(4)
        .minimumAttempts(4)
        .openTime(Duration.ofHours(1))
        .build();
  }

  private static Request users() {
    return new Request.Builder().url("http://" + USERS + "/").build();
  }

  private static Reply users(BalancedClient client) throws IOException {
    return client.execute(users());
  }

  private static Reply withTimeout(BalancedClient client, Request request) throws IOException {
    Call call = client.http().newCall(request);
    call.timeout().timeout(30, TimeUnit.SECONDS);
    return Reply.read(call.execute());
  }

  private static EndpointState state(LoadBalancer balancer, Backend backend) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(backend.id()))
        .findFirst()
        .orElseThrow()
        .state();
  }
}
