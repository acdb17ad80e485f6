package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Outcome;
import java.io.IOException;
import okhttp3.Request;
import okhttp3.Response;
import okio.BufferedSource;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Responses that the caller forgets to close. */
class LeakTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("56: the attempt of a forgotten response is given back when it becomes garbage")
  void response_forgotten_attemptIsGivenBack(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).always(response -> response.body("x".repeat(100_000)));
    BalancedClient client = backends.client(a).build();
    client.warmUp(a); // or OkHttp's connecting thread keeps the call

    forgetResponse(client);

    awaitGivenBack(client);
    assertThat(client.inFlight()).isZero();
    awaitLeakedConnectionsClosed(client, wire);
    assertThat(client.failureRate(a.server())).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("56: while the body's source is held, the attempt is in flight, not given back")
  void response_sourceHeld_attemptStaysInFlight(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).always(response -> response.body("x".repeat(100_000)));
    BalancedClient client = backends.client(a).build();

    try (BufferedSource held = sourceOfForgottenResponse(client)) {
      client.get("/so that another connection is there");
      forgetResponse(client);
      awaitGivenBack(client); // the other one, which shows that the collector came round
      assertThat(client.inFlight()).isEqualTo(1);
      assertThat(held.readByteArray()).hasSize(100_000);
    }

    assertThat(client.inFlight()).isZero();
    awaitLeakedConnectionsClosed(client, wire);
  }

  private static void forgetResponse(BalancedClient client) throws IOException {
    sourceOfForgottenResponse(client).request(1);
  }

  @SuppressWarnings({"resource", "MustBeClosedChecker"}) // what is tested
  private static BufferedSource sourceOfForgottenResponse(BalancedClient client)
      throws IOException {
    Response response = client.http().newCall(client.request("/").build()).execute();
    assertThat(client.inFlight()).isPositive();
    return response.body().source();
  }

  /** Waits for the end of the one attempt that nobody will end but the interceptor. */
  private static void awaitGivenBack(BalancedClient client) {
    client.await(
        () -> {
          System.gc();
          return client.ended().stream().anyMatch(end -> end.outcome() == Outcome.CANCELLED);
        });
  }

  /**
   * OkHttp looks for leaked connections only when another connection becomes idle, so this makes
   * calls to a host that is not balanced.
   */
  private void awaitLeakedConnectionsClosed(BalancedClient client, Wire wire) {
    Backend other = backends.start("other", wire.tls() ? Wire.HTTP_1 : wire);
    Request elsewhere = new Request.Builder().url("http://localhost:" + other.port() + "/").build();
    client.await(
        () -> {
          System.gc();
          try {
            client.execute(elsewhere);
          } catch (IOException e) {
            throw new AssertionError(e);
          }
          return client.busyConnections() == 0;
        });
  }
}
