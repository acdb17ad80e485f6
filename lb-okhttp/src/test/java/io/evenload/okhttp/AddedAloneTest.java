package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.internal.route.NetworkHalf;
import java.io.IOException;
import java.lang.reflect.Proxy;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** An interceptor that was added by {@code addInterceptor}, without its network half. */
final class AddedAloneTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  void post_unavailableAndRetryAfterZero_isSentOnce(Wire wire) throws IOException {
    Backend a =
        backends
            .start("a", wire)
            .always(response -> response.code(503).setHeader("Retry-After", "0"));
    BalancedClient client = alone(backends.client(a)).build();

    Reply reply = client.post("/orders", "one order");

    assertThat(reply.code()).isEqualTo(503);
    assertThat(reply.headers().get("Retry-After")).isEqualTo("0");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void get_retried_reachesServerChosen(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client =
        alone(backends.client(a, b))
            .balancing(LoadBalancingInterceptor.Builder::withoutDetaching)
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @Test
  void get_clientsInTurn_eachGoesByItsOwnInterceptors() throws IOException {
    Backend a =
        backends.start("a").always(response -> response.code(503).setHeader("Retry-After", "0"));
    BalancedClient client = backends.client(a).balancing(Policies.attempts(1)).build();
    OkHttpClient.Builder stripped = client.http().newBuilder();
    stripped.networkInterceptors().clear();
    OkHttpClient alone = stripped.build();

    for (int calls = 1; calls < 5; calls++) {
      OkHttpClient http = calls % 2 == 0 ? alone : client.http();
      http.newCall(client.request("/").build()).execute().close();
      assertThat(a.hits()).isEqualTo(calls);
    }
  }

  @Test
  void get_interceptorAddedAlone_isWarnedOfOnce() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = alone(backends.client(a)).build();
    try (Warnings warnings = new Warnings()) {
      client.get("/");
      client.get("/");
      boolean separate = Boolean.getBoolean("io.evenload.okhttp.separateCalls");
      assertThat(warnings.messages())
          .hasSize(separate ? 0 : 1)
          .allMatch(text -> text.contains("install(clientBuilder) adds both"));
    }
  }

  @Test
  void webSocket_retried_opensElsewhere() {
    Backend a = backends.start("a").next(response -> response.code(503));
    WebSocketListener silent = new WebSocketListener() {};
    Backend b = backends.start("b").nextBare(response -> response.webSocketUpgrade(silent));
    BalancedClient client = alone(backends.client(a, b)).build();

    WebSocket socket =
        client.http().newWebSocket(client.request("/socket").build(), new WebSocketListener() {});

    client.await(() -> b.hits() == 1);
    socket.cancel();
    client.await(() -> client.inFlight() == 0);
    assertThat(a.hits()).isEqualTo(1);
  }

  @Test
  void isNeeded_clientThatCannotBeLookedAt_dependsOnInstall() throws IOException {
    Call unknown =
        (Call)
            Proxy.newProxyInstance(
                getClass().getClassLoader(),
                new Class<?>[] {Call.class},
                (self, method, arguments) -> {
                  throw new UnsupportedOperationException(method.getName());
                });
    Separation separation =
        new Separation(false, new NetworkHalf(call -> null), new RateLimitedLog(() -> 0));
    assertThatThrownBy(() -> separation.isNeeded(unknown, "orders"))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "orders: the interceptor was added without its network half (expected:"
                + " loadBalancingInterceptor.install(clientBuilder) in place of"
                + " clientBuilder.addInterceptor(loadBalancingInterceptor))");
    separation.installed();
    assertThat(separation.isNeeded(unknown, "orders")).isFalse();
    Call known = new OkHttpClient().newCall(new Request.Builder().url("http://orders/").build());
    assertThat(separation.isNeeded(known, "orders")).isTrue();
  }

  private static BalancedClient.Builder alone(BalancedClient.Builder client) {
    return client.inside(http -> http.networkInterceptors().clear());
  }
}
