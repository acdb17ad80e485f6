package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.RawBackend.Connection;
import java.io.IOException;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * An HTTP/2 server that says goodbye to a connection while requests are on it. It names the last
 * stream that it may have processed (RFC 9113, 6.8).
 */
class GoAwayTest {

  private static final int NO_STREAM = 0;
  private static final int ANY_STREAM = Integer.MAX_VALUE;

  @RegisterExtension final Backends backends = new Backends();

  @Test
  @DisplayName("45: a POST on a stream that the goodbye excludes was not processed: it goes on")
  @ReliesOnInternals("a refusal is not read")
  void post_streamBeyondGoAway_goesToNextServer() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              readRequest(new FuzzHttp2(), connection);
              send(connection, FuzzHttp2.goAway(NO_STREAM));
              connection.awaitClientClose();
            });
    Backend b = backends.start("b", Wire.HTTP_2_CLEARTEXT);
    BalancedClient client = backends.client(b.wire(), a.server(), b.server()).build();

    assertThat(client.post("/orders", "one order").server()).isEqualTo("b");
    assertThat(b.onlyRequest().getBody().utf8()).isEqualTo("one order");
    assertThat(client.ended()).containsExactly(refused(a.server()), succeeded(b));
  }

  @Test
  @DisplayName("45: a POST on a stream that the goodbye includes gets its answer")
  void post_streamWithinGoAway_isAnswered() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection -> {
              FuzzHttp2 http2 = new FuzzHttp2();
              int stream = readRequest(http2, connection);
              send(connection, FuzzHttp2.goAway(ANY_STREAM)); // the announcement, then the cut
              send(connection, FuzzHttp2.goAway(stream));
              send(connection, FuzzHttp2.emptyResponse(stream));
              connection.awaitClientClose();
            });
    BalancedClient client = backends.client(Wire.HTTP_2_CLEARTEXT, a.server()).build();

    assertThat(client.post("/orders", "one order").code()).isEqualTo(200);
    assertThat(client.post("/orders", "another").code()).isEqualTo(200);
    assertThat(a.connections()).isEqualTo(2);
    assertThat(client.ended()).extracting(Ended::outcome).containsOnly(Outcome.SUCCESS);
  }

  @Test
  @DisplayName("45: a stream that the goodbye includes and nobody answers: only a GET goes on")
  void streamWithinGoAway_connectionCloses_getGoesToNextServerAndPostFails() throws IOException {
    RawBackend a =
        backends.raw(
            "a",
            connection ->
                send(connection, FuzzHttp2.goAway(readRequest(new FuzzHttp2(), connection))));
    Backend b = backends.start("b", Wire.HTTP_2_CLEARTEXT);
    BalancedClient client = backends.client(b.wire(), a.server(), b.server()).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThatThrownBy(() -> client.post("/orders", "one order")).isInstanceOf(IOException.class);
    assertThat(b.hits()).isEqualTo(1);
    assertThat(client.ended())
        .containsExactly(failed(a.server()), succeeded(b), failed(a.server()));
  }

  private static int readRequest(FuzzHttp2 http2, Connection connection) throws IOException {
    int stream = http2.readHead(connection);
    http2.readBody(connection, stream);
    return stream;
  }

  private static void send(Connection connection, byte[] frame) throws IOException {
    connection.send(frame, 0, frame.length);
  }
}
