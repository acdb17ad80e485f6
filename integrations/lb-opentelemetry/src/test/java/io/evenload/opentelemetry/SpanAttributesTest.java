package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.Answers.status;
import static io.evenload.opentelemetry.World.HOST;
import static io.evenload.opentelemetry.World.assertTold;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.get;
import static io.evenload.opentelemetry.World.request;
import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.NetworkAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import io.opentelemetry.semconv.UrlAttributes;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What a span says of its attempt. */
final class SpanAttributesTest {

  @RegisterExtension final World world = new World();

  @Test
  void call_succeeds_isOneSpanByTheConventions() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));

    get(world.client(at("a", a)), "/v1/items?page=2");

    SpanData span = world.spans(1).get(0);
    assertThat(span.getName()).isEqualTo("GET");
    assertThat(span.getKind()).isEqualTo(SpanKind.CLIENT);
    assertThat(span.getParentSpanContext().isValid()).isFalse();
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    assertThat(span.getEvents()).isEmpty();
    assertThat(span.getInstrumentationScopeInfo().getName()).isEqualTo("io.evenload.opentelemetry");
    assertThat(span.getAttributes().asMap())
        .isEqualTo(
            Attributes.builder()
                .put(HttpAttributes.HTTP_REQUEST_METHOD, "GET")
                .put(HttpAttributes.HTTP_RESPONSE_STATUS_CODE, 200)
                .put(ServerAttributes.SERVER_ADDRESS, "127.0.0.1")
                .put(ServerAttributes.SERVER_PORT, (long) a.getPort())
                .put(UrlAttributes.URL_FULL, "http://orders.test/v1/items?page=2")
                .put(NetworkAttributes.NETWORK_PROTOCOL_VERSION, "1.1")
                .put(NetworkAttributes.NETWORK_PEER_ADDRESS, "127.0.0.1")
                .put(NetworkAttributes.NETWORK_PEER_PORT, (long) a.getPort())
                .put("evenload.service", HOST)
                .put("evenload.server", "a")
                .put("evenload.attempt.reason", "first")
                .build()
                .asMap());
    assertTold(a, span);
  }

  @Test
  void http2_retried_isToldOnEachStream() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    List<Protocol> protocols = List.of(Protocol.H2_PRIOR_KNOWLEDGE);
    a.setProtocols(protocols);
    b.setProtocols(protocols);
    a.enqueue(status(503));
    b.enqueue(status(200));
    OkHttpClient client =
        world.client(
            world.balancing(at("a", a), at("b", b)).build(), http -> http.protocols(protocols));

    get(client, "/");

    List<SpanData> spans = world.spans(2);
    assertThat(spans)
        .extracting(span -> span.getAttributes().get(NetworkAttributes.NETWORK_PROTOCOL_VERSION))
        .containsOnly("2");
    assertTold(a, spans.get(0));
    assertTold(b, spans.get(1));
  }

  @Test
  void webSocket_opened_isASpan() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(new MockResponse.Builder().webSocketUpgrade(new WebSocketListener() {}).build());
    CountDownLatch open = new CountDownLatch(1);

    WebSocket socket =
        world
            .client(at("a", a))
            .newWebSocket(
                request("/"),
                new WebSocketListener() {
                  @Override
                  public void onOpen(WebSocket webSocket, Response response) {
                    open.countDown();
                  }
                });
    assertThat(open.await(30, TimeUnit.SECONDS)).isTrue();
    SpanData span = world.spans(1).get(0);
    socket.cancel();

    assertThat(span.getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE)).isEqualTo(101);
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    assertTold(a, span);
  }

  @Test
  void cache_answers_spanSaysSo(@TempDir Path directory) throws Exception {
    MockWebServer a = world.server();
    a.enqueue(
        new MockResponse.Builder().addHeader("Cache-Control", "max-age=60").body("x").build());
    OkHttpClient client =
        world.client(
            world.balancing(at("a", a)).build(),
            http -> http.cache(new Cache(directory.toFile(), 1_000_000)));

    get(client, "/");
    get(client, "/");
    Request neverCached =
        request("/other").newBuilder().cacheControl(CacheControl.FORCE_CACHE).build();
    client.newCall(neverCached).execute().close();

    List<SpanData> spans = world.spans(3);
    assertThat(spans)
        .extracting(span -> span.getAttributes().get(AttemptSpan.CACHED))
        .containsExactly(null, true, true);
    assertThat(spans)
        .extracting(span -> span.getStatus().getStatusCode())
        .containsOnly(StatusCode.UNSET);
    assertThat(a.getRequestCount()).isEqualTo(1);
  }

  @Test
  void method_unknown_isOther() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    Request brew = request("/").newBuilder().method("BREW", null).build();

    world.client(at("a", a)).newCall(brew).execute().close();

    SpanData span = world.spans(1).get(0);
    assertThat(span.getName()).isEqualTo("HTTP");
    assertThat(span.getAttributes().get(HttpAttributes.HTTP_REQUEST_METHOD)).isEqualTo("_OTHER");
    assertThat(span.getAttributes().get(HttpAttributes.HTTP_REQUEST_METHOD_ORIGINAL))
        .isEqualTo("BREW");
  }

  @Test
  void url_withSecrets_isShownWithout() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    Request request =
        new Request.Builder()
            .url("http://me:hush@orders.test/x?a=1&X-Amz-Signature=hush&b=%20&c#part")
            .build();

    world.client(at("a", a)).newCall(request).execute().close();

    assertThat(world.spans(1).get(0).getAttributes().get(UrlAttributes.URL_FULL))
        .isEqualTo(
            "http://REDACTED:REDACTED@orders.test/x?a=1&X-Amz-Signature=REDACTED&b=%20&c#part");
  }
}
