package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.BalancedClient.Ended;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import okhttp3.Interceptor;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Interceptors of the user's outside the balancing one, and, by mistake, inside it. */
class OtherInterceptorsTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("59: an interceptor outside may retry by itself; the first attempt has ended then")
  void outerInterceptor_retries_firstAttemptEnded(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(429));
    List<Integer> inFlightAtChoice = new CopyOnWriteArrayList<>();
    BalancedClient client =
        backends
            .client(a)
            .balancing(Policies.attempts(1))
            .chooser(
                (eligible, request) -> {
                  inFlightAtChoice.add(eligible.get(0).inFlight());
                  return eligible.get(0);
                })
            .http(http -> http.addInterceptor(OtherInterceptorsTest::retryOnce))
            .build();

    assertThat(client.get("/").code()).isEqualTo(200);
    assertThat(inFlightAtChoice).hasSizeGreaterThanOrEqualTo(2).containsOnly(0);
    assertThat(client.ended()).extracting(Ended::server).containsExactly("a", "a");
    assertThat(client.ended().get(1)).isEqualTo(succeeded(a));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("59: the second try of an interceptor outside reaches the server chosen for it")
  void outerInterceptor_retries_reachesServerChosen(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).always(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(Policies.attempts(1))
            .chooser((eligible, request) -> eligible.get(a.hits() == 0 ? 0 : 1))
            .http(http -> http.addInterceptor(OtherInterceptorsTest::retryOnce))
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("59: one that retries before it closes gets OkHttp's error, and nothing leaks")
  @ReliesOnInternals("each attempt is another call")
  void outerInterceptor_retriesBeforeClosing_isIllegalState(Wire wire) {
    Backend a = backends.start("a", wire).next(response -> response.code(429));
    BalancedClient client =
        backends
            .client(a)
            .balancing(Policies.attempts(1))
            .http(
                http ->
                    http.addInterceptor(
                        chain -> {
                          try (Response first = chain.proceed(chain.request())) {
                            return chain.proceed(first.request());
                          }
                        }))
            .build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IllegalStateException.class);
    assertThat(client.inFlight()).isZero();
    assertThat(a.hits()).isEqualTo(1);
  }

  @Test
  @DisplayName("59: an interceptor outside sees one request and one response, whatever the tries")
  void outerInterceptor_retriedInside_seesOneExchange() throws IOException {
    Backend a = backends.start("a").next(response -> response.code(503));
    Backend b = backends.start("b");
    List<String> seen = new CopyOnWriteArrayList<>();
    BalancedClient client =
        backends
            .client(a, b)
            .http(
                http ->
                    http.addInterceptor(
                        chain -> {
                          Response response = chain.proceed(chain.request());
                          seen.add(response.request().url() + " " + response.code());
                          return response;
                        }))
            .build();

    client.get("/v1");

    assertThat(seen).containsExactly("http://" + BalancedClient.HOST + "/v1 200");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("59: one next to the network that throws ends the attempt and blames nobody")
  void networkInterceptor_throws_serverIsNotBlamed(Wire wire) {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client =
        backends
            .client(a, b)
            .http(
                http ->
                    http.addNetworkInterceptor(
                        chain -> {
                          throw new IllegalStateException("a bug of the user's");
                        }))
            .build();

    assertThatThrownBy(() -> client.get("/")).hasMessage("a bug of the user's");
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
    assertThat(b.hits()).isZero();
  }

  private static Response retryOnce(Interceptor.Chain chain) throws IOException {
    Response first = chain.proceed(chain.request());
    if (first.isSuccessful()) {
      return first;
    }
    first.close();
    return chain.proceed(chain.request());
  }
}
