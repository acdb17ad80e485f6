package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.Server;
import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.Response;
import okio.BufferedSource;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Servers whose headers are there at once, and whose bodies are slow, stall or break. */
class SlowBodyTest {

  private static final int LARGE = 1 << 20;
  private static final String DOWNLOAD = "x".repeat(50_000);

  @RegisterExtension final Backends backends = new Backends();

  /** Over each protocol, by the call itself and by a call of its own. */
  static Stream<Arguments> ways() {
    return Stream.of(Wire.values())
        .flatMap(wire -> Stream.of(false, true).map(nested -> Arguments.of(wire, nested)));
  }

  private BalancedClient.Builder client(boolean nested, Backend... servers) {
    BalancedClient.Builder client = backends.client(servers);
    return nested ? client.balancing(LoadBalancingInterceptor.Builder::separateCalls) : client;
  }

  /** 50 kB/s, while the others send all at once. */
  private static MockResponse.Builder throttled(MockResponse.Builder response) {
    return response.body(DOWNLOAD).throttleBody(5_000, 100, TimeUnit.MILLISECONDS);
  }

  @ParameterizedTest
  @MethodSource("ways")
  void oneOfFour_isThrottled_oneCallerAvoidsItAfterAFewDownloads(Wire wire, boolean nested)
      throws IOException {
    Backend slow = backends.start("slow", wire).always(SlowBodyTest::throttled);
    Backend[] servers = {slow, download("a", wire), download("b", wire), download("c", wire)};
    BalancedClient client =
        client(nested, servers).balancer(balancer -> balancer.chooser(Choosers.peakEwma())).build();
    for (int call = 0; call < 80; call++) {
      assertThat(client.get("/download").body()).hasSize(DOWNLOAD.length());
    }
    assertThat(slow.hits()).as("a fair share is 20").isLessThanOrEqualTo(10);
    if (slow.hits() > 0) {
      assertThat(latencyMillis(client, slow.server())).isGreaterThan(500);
    }
  }

  @ParameterizedTest
  @MethodSource("ways")
  void body_stallsUntilTheReadTimesOut_isAFailure(Wire wire, boolean nested) {
    Backend a = stalling("a", wire);
    BalancedClient client =
        client(nested, a).http(http -> http.readTimeout(Duration.ofMillis(300))).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);
    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void body_stallsUntilTheCallsTimeIsOver_isAFailure(Wire wire, boolean nested) {
    Backend a = stalling("a", wire);
    BalancedClient client =
        client(nested, a).http(http -> http.callTimeout(Duration.ofSeconds(4))).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);
    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void body_breaksMidway_isAFailure(Wire wire, boolean nested) {
    Backend a =
        backends
            .start("a", wire)
            .always(
                response ->
                    response
                        .body("x".repeat(LARGE))
                        .onResponseBody(new SocketEffect.CloseSocket()));
    // once, as the end of the connection may overtake the headers, which is retried
    BalancedClient client = client(nested, a).balancing(Policies.attempts(1)).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);
    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void body_closedEarlyByItsCaller_isNeitherSuccessNorFailure(Wire wire, boolean nested)
      throws IOException {
    Backend a = stalling("a", wire);
    BalancedClient client = client(nested, a).build();

    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      BufferedSource source = response.body().source();
      assertThat(source.readByte()).isEqualTo((byte) 'x');
    }
    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void body_closedUnread_isWhatItsHeadersSay(Wire wire, boolean nested) throws IOException {
    Backend a = download("a", wire);
    BalancedClient client = client(nested, a).build();

    client.http().newCall(client.request("/").build()).execute().close();
    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(succeeded(a));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void error_whoseBodyIsClosedEarly_isAFailure(Wire wire, boolean nested) throws IOException {
    Backend a = backends.start("a", wire).always(r -> r.code(500).body(DOWNLOAD));
    BalancedClient client = client(nested, a).build();

    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(response.body().source().readByte()).isEqualTo((byte) 'x');
    }
    client.await(() -> client.inFlight() == 0);
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @MethodSource("ways")
  void body_thatComesWithItsHeaders_isNotWatched(Wire wire, boolean nested) throws IOException {
    Backend a =
        backends
            .start("a", wire)
            .next(response -> response.body("x".repeat(1_024)))
            .next(response -> response.body("x".repeat(1_025)))
            .next(response -> response.chunkedBody("x", 1));
    BalancedClient client = client(nested, a).build();

    assertThat(isWatched(client)).as("a kilobyte").isFalse();
    assertThat(isWatched(client)).as("more").isTrue();
    if (wire == Wire.HTTP_1) {
      assertThat(isWatched(client)).as("of unknown length").isTrue();
    }
  }

  private static boolean isWatched(BalancedClient client) throws IOException {
    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      return response.body().getClass().getName().startsWith(BodyWait.class.getName());
    }
  }

  private Backend download(String id, Wire wire) {
    return backends.start(id, wire).always(response -> response.body(DOWNLOAD));
  }

  /** A server that sends a half of what it announced, and then nothing. */
  private Backend stalling(String id, Wire wire) {
    return backends
        .start(id, wire)
        .always(
            response ->
                response.body("x".repeat(LARGE)).onResponseBody(SocketEffect.Stall.INSTANCE));
  }

  private static double latencyMillis(BalancedClient client, Server server) {
    return client.balancer().status().endpoints().stream()
            .filter(endpoint -> endpoint.server().id().equals(server.id()))
            .mapToDouble(EndpointStatus::latencyNanos)
            .sum()
        / 1e6;
  }
}
