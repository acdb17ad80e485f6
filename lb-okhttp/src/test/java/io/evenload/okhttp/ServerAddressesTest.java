package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.Way.Caller;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A server whose name stands for two addresses, of which the first does not work. */
class ServerAddressesTest {

  private static final String FIRST = "127.0.0.2";
  private static final String SECOND = "127.0.0.1";

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("a POST goes to the second address if the first refuses, and nobody is to blame")
  void post_firstRefuses_goesToSecond(Way way) throws IOException {
    for (Wire wire : Wire.values()) {
      Server down = backends.refusing("down");
      Backend a = backends.start("a", wire, FIRST, down.port());
      assertThatPostIsSentOnce(caller(way, wire, a, SECOND, FIRST), a);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("... if nothing comes back from the first, tried beside it or after it")
  void post_firstSilent_goesToSecond(Way way) throws IOException {
    for (boolean beside : new boolean[] {true, false}) {
      Server silent = backends.unreachable("silent");
      Backend a = backends.start("a", Wire.HTTP_1, FIRST, silent.port());
      Caller caller =
          way.caller(
              backends,
              Wire.HTTP_1,
              a.port(),
              http -> http.fastFallback(beside).connectTimeout(Duration.ofMillis(500)),
              SECOND,
              FIRST);
      assertThatPostIsSentOnce(caller, a);
    }
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("... if the handshake with the first fails")
  void post_firstFailsHandshake_goesToSecond(Way way) throws IOException {
    Backend bad = backends.start("bad", Wire.HTTP_2, FIRST, 0);
    bad.always(MockResponse.Builder::failHandshake);
    Backend a = backends.start("a", Wire.HTTP_2, SECOND, bad.port());

    assertThatPostIsSentOnce(caller(way, Wire.HTTP_2, a, FIRST, SECOND), a);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("if no address works the server is to blame, and the failure names each")
  void post_allRefuse_isRefused(Way way) throws IOException {
    Server down = backends.refusing("down");
    Caller caller = way.caller(backends, Wire.HTTP_1, down.port(), http -> {}, FIRST, SECOND);

    assertThatThrownBy(() -> caller.post("/orders"))
        .isInstanceOf(ConnectException.class)
        .satisfies(
            e ->
                assertThat(e.getMessage() + e.getSuppressed()[0].getMessage())
                    .contains(FIRST)
                    .contains(SECOND));
    assertThat(caller.ended()).allMatch(ended -> ended.outcome() == Outcome.REFUSED);
  }

  @ParameterizedTest
  @EnumSource(Way.class)
  @DisplayName("an address whose connections broke in use comes last, also for a fresh connection")
  void post_firstBrokeInUse_goesToSecondEachTime(Way way) throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              connection.readRequest();
              connection.respond("200 OK");
            });
    Backend bad = backends.start("bad", Wire.HTTP_1, FIRST, a.server().port());
    bad.always(response -> response.onResponseStart(new SocketEffect.CloseSocket()));
    Caller caller = caller(way, Wire.HTTP_1, bad, FIRST, SECOND);

    if (way.balances()) {
      assertThatThrownBy(() -> caller.post("/lost")).isInstanceOf(IOException.class);
    } else {
      assertThat(caller.post("/sent twice").code()).isEqualTo(200);
      backends.await(a::noConnectionOpen);
    }
    for (int i = 0; i < 5; i++) {
      assertThat(caller.post("/" + i).server()).isEqualTo("a");
      backends.await(a::noConnectionOpen);
    }
    assertThat(bad.hits()).isEqualTo(1);
    assertThat(a.requests()).doesNotHaveDuplicates();
  }

  private Caller caller(Way way, Wire wire, Backend a, String... addresses) {
    return way.caller(backends, wire, a.port(), http -> {}, addresses);
  }

  private static void assertThatPostIsSentOnce(Caller caller, Backend a) throws IOException {
    assertThat(caller.post("/orders").server()).isEqualTo(a.id());
    assertThat(a.onlyRequest().getBody().utf8()).isEqualTo("one order");
    assertThat(caller.ended()).allMatch(ended -> ended.outcome() == Outcome.SUCCESS);
  }
}
