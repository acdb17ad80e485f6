package io.evenload.testing.okhttp;

import static io.evenload.testing.okhttp.AttemptsAssert.assertThatAttemptsOf;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.LoadBalancer;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import java.io.IOException;
import java.net.SocketException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The servers here are plain ones of MockWebServer, as a service's older tests have them. */
final class PassThroughTest {

  @RegisterExtension final Backends backends = new Backends();

  private final MockWebServer server = new MockWebServer();
  private final AtomicInteger outer = new AtomicInteger();
  private final AtomicInteger inner = new AtomicInteger();
  private Backend users;
  private OkHttpClient production;

  /** What production code builds; no server of "orders" can be reached in a test. */
  @BeforeEach
  void buildProductionClient() throws IOException {
    server.start();
    users = backends.start("users");
    LoadBalancer ordersBalancer =
        backends.watch(LoadBalancer.of("orders", Server.of("orders-1.internal", 8080)));
    LoadBalancer usersBalancer = backends.watch(backends.balancer("users", users).build());
    LoadBalancingInterceptor balancing =
        LoadBalancingInterceptor.builder()
            .service("orders", ordersBalancer)
            .service("users", usersBalancer)
            .build();
    OkHttpClient.Builder builder = new OkHttpClient.Builder();
    builder.addInterceptor(
        chain -> {
          outer.incrementAndGet();
          return chain.proceed(chain.request());
        });
    balancing.install(builder);
    builder.addInterceptor(
        chain -> {
          inner.incrementAndGet();
          return chain.proceed(chain.request());
        });
    production = backends.watch(builder.build());
  }

  @AfterEach
  void close() {
    server.close();
  }

  @Test
  void of_service_callsTheServerUnderTheServicesName() throws Exception {
    server.enqueue(new MockResponse.Builder().body("stub").build());
    OkHttpClient client = PassThrough.of(production, "Orders", server.getPort());

    assertThat(Clients.text(client, "http://orders/v1/items?id=1")).isEqualTo("200 stub");

    RecordedRequest request = server.takeRequest();
    assertThat(request.getTarget()).isEqualTo("/v1/items?id=1");
    assertThat(request.getHeaders().get("Host")).isEqualTo("orders");
    assertThat(outer).hasValue(1);
    assertThat(inner).hasValue(1);
  }

  @Test
  void of_serverFails_everyCallIsOneAttempt() throws IOException {
    OkHttpClient client = PassThrough.of(production, "orders", server.getPort());

    for (int i = 0; i < 100; i++) { // many more than any breaker, budget or ejection would bear
      server.enqueue(new MockResponse.Builder().code(503).setHeader("Retry-After", "0").build());
      try (Response response = Clients.get(client, "http://orders/")) {
        assertThat(response.code()).isEqualTo(503);
        assertThatAttemptsOf(response).hasSize(1);
      }
    }

    assertThat(server.getRequestCount()).isEqualTo(100);
    server.enqueue(new MockResponse.Builder().build());
    assertThat(Clients.text(client, "http://orders/")).isEqualTo("200 ");
  }

  @Test
  void of_connectionBreaks_callerSeesItAfterOneAttempt() throws IOException {
    Backend resetting = backends.start("resetting").always(Reply.reset());
    OkHttpClient client = PassThrough.of(production, "orders", resetting.port());

    assertThatExceptionOfType(SocketException.class)
        .isThrownBy(() -> Clients.text(client, "http://orders/"));

    assertThat(resetting.requestCount()).isEqualTo(1);
  }

  @Test
  void of_requestWithWishes_heedsNone() throws IOException {
    server.enqueue(new MockResponse.Builder().code(503).build());
    OkHttpClient client = PassThrough.of(production, "orders", server.getPort());
    Request request =
        new Request.Builder()
            .url("http://orders/")
            .post(RequestBody.create("body", null))
            .tag(RetryPolicy.class, RetryPolicy.of(3))
            .tag(
                RequestContext.class,
                RequestContext.create().only(server -> server.id().startsWith("orders-1")))
            .build();

    try (Response response = client.newCall(request).execute()) {
      assertThat(response.code()).isEqualTo(503);
    }
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void of_otherServices_areBalancedAsBefore() throws IOException {
    users.next(Reply.status(503));
    OkHttpClient client = PassThrough.of(production, "orders", server.getPort());

    try (Response response = Clients.get(client, "http://users/")) {
      assertThatAttemptsOf(response).wentTo("users", "users").hadStatuses(503, 200);
    }
    assertThat(server.getRequestCount()).isZero();
  }

  @Test
  void of_otherServicesAndThenThoseToo_mapsBoth() throws IOException {
    server.enqueue(new MockResponse.Builder().body("stub").build());
    Backend stub = backends.start("stub of users");
    OkHttpClient client =
        PassThrough.of(
            PassThrough.of(production, "orders", server.getPort()), "users", stub.port());

    assertThat(
            List.of(Clients.text(client, "http://orders/"), Clients.text(client, "http://users/")))
        .containsExactly("200 stub", "200 stub of users");
    assertThat(users.requestCount()).isZero();
  }

  @Test
  void of_clientWithoutBalancing_leadsItThereToo() throws IOException {
    server.enqueue(new MockResponse.Builder().body("stub").build());
    OkHttpClient client = PassThrough.of(new OkHttpClient(), "orders", server.getPort());

    assertThat(Clients.text(client, "http://orders/")).isEqualTo("200 stub");
  }

  @Test
  void productionClient_urlOfTheServerItself_passesThrough() throws IOException {
    server.enqueue(new MockResponse.Builder().code(503).body("stub").build());

    assertThat(Clients.text(production, server.url("/").toString())).isEqualTo("503 stub");
    assertThat(server.getRequestCount()).isEqualTo(1);
  }

  @Test
  void of_badHostOrPort_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PassThrough.of(production, "10.0.0.1", 80))
        .withMessageContaining("host");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> PassThrough.of(production, "orders", 0))
        .withMessageContaining("port");
  }
}
