package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import mockwebserver3.SocketEffect;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a response and an exception tell of the attempts of their call. */
class AttemptsTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  void attemptsOf_retried_listsEachAttempt(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    List<CallAttempt> attempts = attempts(client, client.request("/").build());

    assertThat(attempts).hasSize(2);
    CallAttempt first = attempts.get(0);
    assertThat(first.server()).isEqualTo(a.server());
    assertThat(first.reason()).isEqualTo(Reason.FIRST);
    assertThat(first.outcome()).isEqualTo(Outcome.FAILURE);
    assertThat(first.status()).isEqualTo(503);
    assertThat(first.failure()).isNull();
    assertThat(first.took()).isPositive();
    CallAttempt second = attempts.get(1);
    assertThat(second.server()).isEqualTo(b.server());
    assertThat(second.reason()).isEqualTo(Reason.RETRY);
    assertThat(second.outcome()).isEqualTo(Outcome.SUCCESS);
    assertThat(second.status()).isEqualTo(200);
    assertThat(second.start()).isGreaterThanOrEqualTo(first.start().plus(first.took()));
    assertThat(second).asString().startsWith("RETRY at b after ").contains(" ms: 200 in ");
  }

  @Test
  void attemptsOf_afterException_listsIt() throws IOException {
    Server a = backends.refusing("a");
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a, b.server()).build();

    List<CallAttempt> attempts = attempts(client, client.request("/").build());

    assertThat(attempts).extracting(CallAttempt::status).containsExactly(0, 200);
    assertThat(attempts.get(0).failure()).isInstanceOf(IOException.class);
    assertThat(attempts.get(0).outcome()).isEqualTo(Outcome.REFUSED);
  }

  @Test
  void attemptsOf_outerInterceptorRebuildsResponse_stillListsThem() throws IOException {
    Backend a = backends.start("a");
    Interceptor rebuilding =
        chain -> {
          Response response = chain.proceed(chain.request());
          return response.newBuilder().header("Rebuilt", "yes").code(201).build();
        };
    BalancedClient client =
        backends.client(a).http(http -> http.addInterceptor(rebuilding)).build();

    assertThat(attempts(client, client.request("/").build()))
        .extracting(CallAttempt::status)
        .containsExactly(200);
  }

  @Test
  void attemptsOf_requestOfAnotherResponse_listsItsOwn() throws IOException {
    Backend a = backends.start("a").next(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client = backends.client(a, b).build();
    Request again;
    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      again = response.request();
      assertThat(LoadBalancingInterceptor.attemptsOf(response)).hasSize(2);
    }

    assertThat(attempts(client, again)).hasSize(1);
    assertThat(client.ended()).hasSize(3);
  }

  @Test
  void attemptsOf_notBalanced_isEmpty() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = backends.client(a).build();
    Request request = new Request.Builder().url("http://localhost:" + a.port() + "/").build();

    assertThat(attempts(client, request)).isEmpty();
    assertThat(LoadBalancingInterceptor.attemptsOf(new IOException("another"))).isEmpty();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void attemptsOf_exception_namesTheServers(Wire wire) throws IOException {
    Server a = backends.refusing("a");
    Backend b = backends.start("b", wire).next(response -> response.code(503));
    Server c = backends.refusing("c");
    BalancedClient client = backends.client(wire, a, b.server(), c).build();

    IOException failure = catchThrowableOfType(IOException.class, () -> client.get("/"));

    List<CallAttempt> attempts = LoadBalancingInterceptor.attemptsOf(failure);
    assertThat(attempts)
        .extracting(attempt -> attempt.server().id())
        .containsExactly("a", "b", "c");
    assertThat(attempts).extracting(CallAttempt::status).containsExactly(0, 503, 0);
    assertThat(attempts.get(2).failure()).isSameAs(failure);
    assertThat(failure.getSuppressed()).contains(attempts.get(0).failure());
    assertThat(failure.getSuppressed())
        .anySatisfy(
            suppressed ->
                assertThat(suppressed)
                    .hasMessageStartingWith("orders.test: FIRST at a after ")
                    .hasMessageContaining("; RETRY at b after ")
                    .hasMessageContaining(": 503 in "));
  }

  @Test
  void attemptsOf_callTimeout_namesTheServer() {
    Backend a =
        backends
            .start("a")
            .always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    BalancedClient client =
        backends.client(a).http(http -> http.callTimeout(Duration.ofMillis(300))).build();

    InterruptedIOException failure =
        catchThrowableOfType(InterruptedIOException.class, () -> client.get("/"));

    assertThat(failure).hasMessage("timeout");
    assertThat(LoadBalancingInterceptor.attemptsOf(failure))
        .extracting(attempt -> attempt.server().id())
        .containsExactly("a");
  }

  @Test
  void attemptsOf_sameExceptionThrownAgain_doesNotGrow() {
    Backend a = backends.start("a");
    IOException always = new IOException("out of order");
    BalancedClient client =
        backends
            .client(a)
            .inside(
                http ->
                    http.addInterceptor(
                        chain -> {
                          throw always;
                        }))
            .build();

    for (int i = 0; i < 3; i++) {
      assertThat(catchThrowableOfType(IOException.class, () -> client.get("/"))).isSameAs(always);
    }

    assertThat(always.getSuppressed()).hasSize(1);
  }

  @Test
  void attemptsOf_outerRetry_listsBothWays() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(500));
    BalancedClient client =
        backends
            .client(a)
            .http(
                http ->
                    http.addInterceptor(
                        chain -> {
                          chain.proceed(chain.request()).close();
                          return chain.proceed(chain.request());
                        }))
            .build();

    assertThat(attempts(client, client.request("/").build()))
        .extracting(CallAttempt::reason)
        .containsExactly(Reason.FIRST, Reason.FIRST);
  }

  @Test
  void attemptsOf_read_keepsResponseUsable() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = backends.client(a).build();
    OkHttpClient http = client.http();

    try (Response response = http.newCall(client.request("/").build()).execute()) {
      assertThat(LoadBalancingInterceptor.attemptsOf(response)).hasSize(1);
      Reply reply = Reply.read(response);
      assertThat(reply.body()).isEqualTo("a");
    }
  }

  private static List<CallAttempt> attempts(BalancedClient client, Request request)
      throws IOException {
    try (Response response = client.http().newCall(request).execute()) {
      return LoadBalancingInterceptor.attemptsOf(response);
    }
  }
}
