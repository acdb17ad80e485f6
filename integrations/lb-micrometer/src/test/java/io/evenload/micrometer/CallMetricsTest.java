package io.evenload.micrometer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.evenload.okhttp.ThrottledException;
import io.evenload.okhttp.Throttling;
import io.evenload.testing.VirtualTime;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class CallMetricsTest {

  private static final Request REQUEST = new Request.Builder().url("http://orders/").build();

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final MockWebServer server = new MockWebServer();
  private LoadBalancer balancer;

  @BeforeEach
  void start() throws IOException {
    server.start();
    balancer = balancer(ServerList.of(Server.of("127.0.0.1", server.getPort())));
  }

  @AfterEach
  void stop() throws IOException {
    balancer.close();
    server.close();
  }

  @Test
  void calls_allOn_areCounted() throws Exception {
    try (EverythingOn everything = new EverythingOn(registry)) {
      everything.run();

      assertThat(scrape())
          .contains(
              "evenload_requests_seconds_count{outcome=\"success\",service=\"orders\"} 1",
              "evenload_requests_seconds_count{outcome=\"failure\",service=\"orders\"} 1",
              "evenload_requests_seconds_count{outcome=\"success\",service=\"users\"} 1",
              "evenload_requests_seconds_count{outcome=\"no_server\",service=\"users\"} 0",
              "evenload_retries_total{reason=\"503\",service=\"orders\"} 1.0",
              "evenload_retries_refused_total{refusal=\"attempts_exhausted\",service=\"orders\"}"
                  + " 1.0",
              "evenload_hedges_total{service=\"orders\"} 1.0",
              "evenload_hedges_won_total{service=\"orders\"} 1.0",
              "evenload_hedges_total{service=\"users\"} 0.0",
              "evenload_hedges_refused_total{refusal=\"no_server\",service=\"users\"} 1.0",
              "evenload_misrouted_total{service=\"orders\"} 0.0");
    }
  }

  @Test
  void request_endsInAnyWay_isCountedByOutcome() throws Exception {
    OkHttpClient client = client(RetryPolicy.none(), balancer);
    server.enqueue(status(404));
    server.enqueue(status(500));
    server.enqueue(stalled());
    server.enqueue(stalled());

    client.newCall(REQUEST).execute().close();
    client.newCall(REQUEST).execute().close();
    OkHttpClient impatient = client.newBuilder().callTimeout(Duration.ofSeconds(1)).build();
    assertThatThrownBy(() -> impatient.newCall(REQUEST).execute())
        .isInstanceOf(InterruptedIOException.class);
    cancelOnceReceived(client.newCall(REQUEST));

    assertThat(requests())
        .containsExactlyInAnyOrder(
            "evenload_requests_seconds_count{outcome=\"success\",service=\"orders\"} 1",
            "evenload_requests_seconds_count{outcome=\"failure\",service=\"orders\"} 2",
            "evenload_requests_seconds_count{outcome=\"cancelled\",service=\"orders\"} 1",
            "evenload_requests_seconds_count{outcome=\"no_server\",service=\"orders\"} 0",
            "evenload_requests_seconds_count{outcome=\"throttled\",service=\"orders\"} 0");
    client.connectionPool().evictAll();
  }

  @Test
  void request_withoutAServer_isCountedAsSuch() {
    OkHttpClient client = client(RetryPolicy.none(), balancer(ServerList.of()));

    assertThatThrownBy(() -> client.newCall(REQUEST).execute()).isInstanceOf(IOException.class);

    assertThat(requests())
        .contains("evenload_requests_seconds_count{outcome=\"no_server\",service=\"orders\"} 1");
  }

  @Test
  void request_thatIsNotSent_isCountedAsThrottled() throws Exception {
    OkHttpClient client =
        LoadBalancingInterceptor.builder()
            .service("orders", balancer)
            .retry(RetryPolicy.none())
            .throttling(Throttling.builder().minimumCalls(1).build())
            .listener(CallMetrics.of(registry))
            .build()
            .install(new OkHttpClient.Builder())
            .build();
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return status(429);
          }
        });
    int unsent = 0;
    for (int i = 0; i < 100_000 && unsent == 0; i++) { // the share is found ten times a second
      try {
        client.newCall(REQUEST).execute().close();
      } catch (ThrottledException e) {
        unsent++;
      }
    }

    assertThat(requests())
        .contains("evenload_requests_seconds_count{outcome=\"throttled\",service=\"orders\"} 1");
    assertThat(registry.get("evenload.throttling").gauge().value()).isGreaterThan(0);
    client.connectionPool().evictAll();
  }

  @Test
  void budget_isThatOfTheLastInterceptor() {
    OkHttpClient first = client(RetryPolicy.builder().withoutBudget().build(), balancer);
    assertThat(scrape()).contains("evenload_retry_budget_retries{service=\"orders\"} +Inf");

    OkHttpClient second = client(RetryPolicy.builder().budgetPerSecond(3).build(), balancer);

    assertThat(scrape()).contains("evenload_retry_budget_retries{service=\"orders\"} 30.0");
    assertThat(scrape()).contains("evenload_connections{service=\"orders\"} 0.0");
    assertThat(List.of(first, second)).as("still in use").doesNotContainNull();
  }

  private void cancelOnceReceived(Call call) throws InterruptedException {
    CountDownLatch failed = new CountDownLatch(1);
    call.enqueue(
        new Callback() {
          @Override
          public void onFailure(Call cancelled, IOException e) {
            failed.countDown();
          }

          @Override
          public void onResponse(Call answered, Response response) {
            response.close();
          }
        });
    for (int received = 0; received < 4; received++) {
      assertThat(server.takeRequest(30, TimeUnit.SECONDS)).isNotNull();
    }
    call.cancel();
    assertThat(failed.await(30, TimeUnit.SECONDS)).isTrue();
  }

  private OkHttpClient client(RetryPolicy policy, LoadBalancer balancer) {
    return LoadBalancingInterceptor.builder()
        .service("orders", balancer)
        .retry(policy)
        .listener(CallMetrics.of(registry))
        .build()
        .install(new OkHttpClient.Builder())
        .build();
  }

  private static LoadBalancer balancer(ServerList servers) {
    VirtualTime time = new VirtualTime();
    return LoadBalancer.builder("orders")
        .servers(servers)
        .chooser(Choosers.roundRobin())
        .nanoTime(time)
        .scheduler(time)
        .build();
  }

  private static MockResponse status(int status) {
    return new MockResponse.Builder().code(status).build();
  }

  private static MockResponse stalled() {
    return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
  }

  private List<String> requests() {
    return scrape().stream()
        .filter(line -> line.startsWith("evenload_requests_seconds_count"))
        .toList();
  }

  private List<String> scrape() {
    return Stream.of(registry.scrape().split("\n")).filter(line -> !line.startsWith("#")).toList();
  }
}
