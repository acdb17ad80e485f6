package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import okhttp3.MediaType;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConnectionPolicyTest {

  private final ConnectionPolicy.Builder builder = ConnectionPolicy.builder();

  @Test
  void defaults_changeNothing() {
    assertThat(ConnectionPolicy.defaults())
        .hasToString(
            "ConnectionPolicy{maxAge=PT0S, drainStreams=PT0S, streamTypes=[text/event-stream],"
                + " warm=0, warmUrl=null, warmWithin=PT5S}");
  }

  @Test
  void build_outOfRange_isRefusedInWords() {
    assertThatThrownBy(() -> builder.maxAge(Duration.ofMillis(1)))
        .hasMessage("maxAge: PT0.001S (expected: PT0S, or PT1S to PT24H)");
    assertThatThrownBy(() -> builder.maxAge(Duration.ofDays(2)))
        .hasMessage("maxAge: PT48H (expected: PT0S, or PT1S to PT24H)");
    assertThatThrownBy(() -> builder.drainStreams(Duration.ofSeconds(-1)))
        .hasMessage("drainStreams: PT-1S (expected: PT0S, or PT0.001S to PT24H)");
    assertThatThrownBy(() -> builder.warm(101)).hasMessage("warm: 101 (expected: 0 to 100)");
    assertThatThrownBy(() -> builder.warm(-1)).hasMessage("warm: -1 (expected: 0 to 100)");
    assertThatThrownBy(() -> builder.warmWithin(Duration.ZERO))
        .hasMessage("warmWithin: PT0S (expected: PT0.001S to PT24H)");
    assertThatThrownBy(() -> builder.warmUrl("https://10.0.0.1/"))
        .hasMessage("warmUrl: 'https://10.0.0.1/' (expected: a URL with a host name)");
    assertThatThrownBy(() -> builder.warmUrl("orders"))
        .hasMessage("warmUrl: 'orders' (expected: a URL with a host name)");
    assertThatThrownBy(() -> builder.streamTypes("text"))
        .hasMessage("streamTypes: 'text' (expected: a media type without parameters)");
    assertThatThrownBy(() -> builder.streamTypes("text/plain; charset=utf-8"))
        .hasMessageContaining("(expected: a media type without parameters)");
  }

  @ParameterizedTest
  @CsvSource({
    "text/event-stream, true",
    "Text/Event-Stream; charset=utf-8, true",
    "application/x-ndjson, true",
    "application/octet-stream, false",
    ", false"
  })
  void isStream_goesByTheType(String type, boolean expected) {
    ConnectionPolicy policy =
        builder.streamTypes("text/event-stream", "Application/X-NDJSON").build();
    MediaType media = type == null ? null : MediaType.parse(type);
    Response response =
        new Response.Builder()
            .request(new Request.Builder().url("http://orders/").build())
            .protocol(Protocol.HTTP_1_1)
            .code(200)
            .message("OK")
            .body(ResponseBody.create("", media))
            .build();

    assertThat(policy.isStream(response)).isEqualTo(expected);
  }
}
