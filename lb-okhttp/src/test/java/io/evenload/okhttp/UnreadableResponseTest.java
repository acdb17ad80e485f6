package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.net.ProtocolException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Responses at which OkHttp 5.5.1 throws what no caller of it expects. */
class UnreadableResponseTest {

  private static final String NEGATIVE_STATUS = "HTTP/1.1 -01 Below\r\n\r\n";
  private static final String NEGATIVE_LENGTH = "HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n";

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @ValueSource(strings = {NEGATIVE_STATUS, NEGATIVE_LENGTH})
  void get_unreadableResponse_goesToNextServer(String response) throws IOException {
    RawBackend a = sending(response);
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @ValueSource(strings = {NEGATIVE_STATUS, NEGATIVE_LENGTH})
  void post_unreadableResponse_failsWithIoException(String response) throws IOException {
    RawBackend a = sending(response);
    Backend b = backends.start("b");
    BalancedClient client = backends.client(Wire.HTTP_1, a.server(), b.server()).build();

    assertThatThrownBy(() -> client.post("/", "one order"))
        .isInstanceOf(ProtocolException.class)
        .hasMessageContaining("Unexpected");
    assertThat(b.hits()).isZero();
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @Test
  void get_retryAfterBeyondInt_isReturned() throws IOException {
    Backend a = backends.start("a");
    String seconds = "99999999999";
    a.always(response -> response.code(503).setHeader("Retry-After", seconds));
    BalancedClient client = backends.client(a).build();

    Reply reply = client.get("/");

    assertThat(reply.code()).isEqualTo(503);
    assertThat(reply.headers().get("Retry-After")).isEqualTo(seconds);
    assertThat(client.calls().refusals()).containsExactly(Refusal.RETRY_AFTER_TOO_LONG);
  }

  private RawBackend sending(String response) throws IOException {
    return backends.raw(
        "a",
        connection -> {
          connection.readRequest();
          byte[] bytes = response.getBytes(ISO_8859_1);
          connection.send(bytes, 0, bytes.length);
        });
  }
}
