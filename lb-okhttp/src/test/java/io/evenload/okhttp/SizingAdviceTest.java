package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import okhttp3.ConnectionPool;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The one warning of a client that is too small, and the helper that makes one that fits. */
class SizingAdviceTest {

  private final UpdatableServerList list = new UpdatableServerList();
  private final LoadBalancer balancer = LoadBalancer.builder("orders").servers(list).build();
  private final LoadBalancingInterceptor balancing =
      LoadBalancingInterceptor.of("orders", balancer);
  private final Warnings warnings = new Warnings();

  @AfterEach
  void close() {
    warnings.close();
    balancer.close();
  }

  @Test
  @ReliesOnInternals("no advice")
  void enqueue_defaultClient_isWarnedOnceOfBoth() throws Exception {
    servers(8);
    OkHttpClient client = answering(balancing.install(new OkHttpClient.Builder()));

    for (int i = 0; i < 3; i++) {
      enqueue(client);
    }

    assertThat(warnings.messages())
        .containsExactly(
            "orders: the client is small for 8 servers: its dispatcher runs 5 enqueued calls at"
                + " once to all of them together (Dispatcher.setMaxRequestsPerHost,"
                + " setMaxRequests), and its pool keeps 5 idle connections in all"
                + " (ConnectionPool.maxIdleConnections)."
                + " LoadBalancingInterceptor.install(client, concurrentCalls) sets both");
  }

  @Test
  void execute_defaultClientAndFewServers_isNoReasonToWarn() throws IOException {
    servers(5);
    OkHttpClient client = answering(balancing.install(new OkHttpClient.Builder()));

    execute(client);
    execute(client);

    assertThat(warnings.messages()).isEmpty();
  }

  @Test
  @ReliesOnInternals("no advice")
  void execute_moreServersThanThePoolKeeps_isWarnedOfThePoolAlone() throws IOException {
    servers(6);
    OkHttpClient client = answering(balancing.install(new OkHttpClient.Builder()));

    execute(client);

    assertThat(warnings.messages())
        .singleElement()
        .asString()
        .contains("its pool keeps 5 idle connections")
        .doesNotContain("dispatcher");
  }

  @Test
  @ReliesOnInternals("no advice")
  void enqueue_afterExecute_isStillLookedAt() throws Exception {
    servers(3);
    OkHttpClient client = answering(balancing.install(new OkHttpClient.Builder()));

    execute(client);
    assertThat(warnings.messages()).isEmpty();
    enqueue(client);

    assertThat(warnings.messages())
        .singleElement()
        .asString()
        .contains("for 3 servers: its dispatcher runs 5 enqueued calls")
        .doesNotContain("pool");
  }

  @Test
  void enqueue_oneServer_isNoReasonToWarn() throws Exception {
    servers(1);
    enqueue(answering(balancing.install(new OkHttpClient.Builder())));

    assertThat(warnings.messages()).isEmpty();
  }

  @Test
  void enqueue_clientThatFits_isNoReasonToWarn() throws Exception {
    servers(8);
    enqueue(answering(balancing.install(new OkHttpClient.Builder(), 8)));

    assertThat(warnings.messages()).isEmpty();
  }

  @Test
  @ReliesOnInternals("no advice")
  void derivedClient_withItsOwnDispatcher_isWhatIsLookedAt() throws Exception {
    servers(8);
    OkHttpClient fits = answering(balancing.install(new OkHttpClient.Builder(), 8));

    enqueue(fits.newBuilder().dispatcher(new Dispatcher()).build());

    assertThat(warnings.messages()).singleElement().asString().contains("runs 5 enqueued calls");
  }

  @Test
  void install_withConcurrentCalls_sizesBoth() {
    OkHttpClient client = balancing.install(new OkHttpClient.Builder(), 256).build();

    assertThat(client.dispatcher().getMaxRequests())
        .as("and a share for other hosts")
        .isEqualTo(512);
    assertThat(client.dispatcher().getMaxRequestsPerHost()).isEqualTo(256);
    assertThat(client.interceptors()).contains(balancing);
    assertThat(client.networkInterceptors()).hasSize(1);
  }

  @Test
  void install_outOfRange_isRejected() {
    for (int wrong : new int[] {0, -1, 100_001}) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> balancing.install(new OkHttpClient.Builder(), wrong))
          .withMessage("concurrentCalls: " + wrong + " (expected: 1 to 100000)");
    }
  }

  @Test
  void execute_largerPool_isNoReasonToWarn() throws IOException {
    servers(8);
    ConnectionPool eight = new ConnectionPool(8, 1, TimeUnit.MINUTES);
    execute(answering(balancing.install(new OkHttpClient.Builder().connectionPool(eight))));

    assertThat(warnings.messages()).isEmpty();
  }

  private void servers(int count) {
    List<Server> servers =
        IntStream.rangeClosed(1, count).mapToObj(i -> Server.of("10.0.0." + i, 80)).toList();
    list.update(servers);
  }

  /** A client whose calls are answered before they reach the network. */
  private static OkHttpClient answering(OkHttpClient.Builder client) {
    return client
        .addInterceptor(
            chain ->
                new Response.Builder()
                    .request(chain.request())
                    .protocol(Protocol.HTTP_1_1)
                    .code(200)
                    .message("")
                    .build())
        .build();
  }

  private static void execute(OkHttpClient client) throws IOException {
    client.newCall(new Request.Builder().url("http://orders/").build()).execute().close();
  }

  private static void enqueue(OkHttpClient client) {
    Request request = new Request.Builder().url("http://orders/").build();
    assertThat(PendingReply.enqueue(client.newCall(request)).reply().code()).isEqualTo(200);
  }
}
