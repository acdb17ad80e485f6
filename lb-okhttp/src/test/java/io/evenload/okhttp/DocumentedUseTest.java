package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.NoServerAvailableException;
import io.evenload.Outcome;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the Javadoc shows. */
final class DocumentedUseTest {

  @AutoClose private final MockWebServer server = new MockWebServer();

  @BeforeEach
  void start() throws Exception {
    server.start();
    server.enqueue(new MockResponse.Builder().body("items").build());
  }

  @Test
  void example_ofTheInterceptor_works() throws Exception {
    try (LoadBalancer orders = LoadBalancer.of("orders", there())) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", orders).install(new OkHttpClient.Builder()).build();
      Request request = new Request.Builder().url("http://orders/v1/items").build();
      try (Response response = client.newCall(request).execute()) {
        assertThat(response.body().string()).isEqualTo("items");
        assertThat(response.request().url().host()).isEqualTo("orders");
      }
    }
  }

  @Test
  void example_ofTheTag_keyReachesTheChooser() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    try (LoadBalancer orders =
        LoadBalancer.builder("orders")
            .servers(ServerList.of(there()))
            .chooser(
                (eligible, context) -> {
                  assertThat(context.key()).isEqualTo("user 7");
                  asked.incrementAndGet();
                  return eligible.get(0);
                })
            .build()) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", orders).install(new OkHttpClient.Builder()).build();
      Request request =
          new Request.Builder()
              .url("http://orders/v1/items")
              .tag(RequestContext.class, RequestContext.withKey("user 7"))
              .build();
      client.newCall(request).execute().close();
    }
    assertThat(asked).hasValue(1);
  }

  @Test
  void tag_calledTwice_isCopiedEachTime() throws Exception {
    server.enqueue(new MockResponse.Builder().build());
    RequestContext context = RequestContext.withKey("user 7");
    Request request =
        new Request.Builder().url("http://orders/").tag(RequestContext.class, context).build();
    try (LoadBalancer orders = LoadBalancer.of("orders", there())) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", orders).install(new OkHttpClient.Builder()).build();
      client.newCall(request).execute().close();
      client.newCall(request).execute().close();
    }
    assertThat(context.attemptNumber()).isZero();
  }

  @Test
  void call_noListYet_isTold() {
    try (LoadBalancer orders =
        LoadBalancer.builder("orders").servers(new UpdatableServerList()).build()) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", orders).install(new OkHttpClient.Builder()).build();
      Request request = new Request.Builder().url("http://orders/").build();
      assertThatThrownBy(() -> client.newCall(request).execute())
          .isExactlyInstanceOf(IOException.class)
          .hasMessage(
              "orders: no server available (0 known); no list of servers has arrived yet (see"
                  + " waitForServers)")
          .hasCauseInstanceOf(NoServerAvailableException.class);
    }
  }

  @Test
  void install_twice_balancesOnce() throws Exception {
    AtomicInteger attempts = new AtomicInteger();
    LoadBalancerListener counting =
        new LoadBalancerListener() {
          @Override
          public void attemptEnded(
              Server server, Outcome outcome, long latencyNanos, @Nullable Throwable cause) {
            attempts.incrementAndGet();
          }
        };
    try (LoadBalancer orders =
        LoadBalancer.builder("orders").servers(ServerList.of(there())).listener(counting).build()) {
      LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.of("orders", orders);
      OkHttpClient.Builder client = interceptor.install(new OkHttpClient.Builder());
      interceptor.install(client);
      Request request = new Request.Builder().url("http://orders/").build();
      client.build().newCall(request).execute().close();
      assertThat(orders.status().endpoints()).extracting("inFlight").isEqualTo(List.of(0));
    }
    assertThat(attempts).hasValue(1);
  }

  @Test
  void breaker_serverFails_isNotCalledUntilTheWaitIsOver() throws Exception {
    try (LoadBalancer orders =
        LoadBalancer.builder("orders")
            .servers(ServerList.of(there(), Server.of("127.0.0.1", 1)))
            .nanoTime(() -> 0) // so that the wait is never over
            .build()) {
      LoadBalancingInterceptor.builder().service("orders", orders).build();
      RequestContext onlyOne = RequestContext.create().only(server -> server.port() == 1);
      for (int i = 0; i < CircuitBreaker.DEFAULT_MINIMUM_ATTEMPTS; i++) {
        Attempt attempt = orders.start(onlyOne);
        attempt.fail(null);
      }
      for (int i = 0; i < 20; i++) {
        try (Attempt attempt = orders.start()) {
          assertThat(attempt.server().port()).isEqualTo(server.getPort());
        }
      }
    }
  }

  private Server there() {
    return Server.of("127.0.0.1", server.getPort());
  }
}
