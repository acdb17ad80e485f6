package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.World.HOST;
import static io.evenload.opentelemetry.World.assertTold;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.get;
import static io.evenload.opentelemetry.World.received;
import static io.evenload.opentelemetry.World.request;
import static io.evenload.opentelemetry.World.retries;
import static io.evenload.opentelemetry.World.stallThenAnswer;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.semconv.ErrorAttributes;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.NetworkAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import io.opentelemetry.semconv.UrlAttributes;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Cache;
import okhttp3.CacheControl;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.WebSocket;
import okhttp3.WebSocketListener;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

@SuppressWarnings("try") // scopes that are only to be closed
final class AttemptTracingTest {

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
  void call_withinASpan_isItsChild() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    Span parent = parent();

    try (Scope scope = parent.makeCurrent()) {
      get(world.client(at("a", a)), "/");
    }
    parent.end();

    SpanData attempt = child(parent, world.spans(2));
    assertThat(attempt.getName()).isEqualTo("GET");
    assertTold(a, attempt);
  }

  @Test
  void enqueuedCall_withinASpan_isItsChild() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    Span parent = parent();

    try (Scope scope = parent.makeCurrent()) {
      enqueue(world.client(at("a", a)).newCall(request("/")));
    }
    world.spans(1);
    parent.end();

    assertTold(a, child(parent, world.spans(2)));
  }

  @Test
  void interceptorBefore_withASpanOfItsOwn_isTheParent() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    AtomicReference<Span> logical = new AtomicReference<>();
    OkHttpClient client =
        world.traced(
            world
                .balancing(at("a", a))
                .build()
                .install(
                    new OkHttpClient.Builder()
                        .addInterceptor(
                            chain -> {
                              Span span = parent();
                              logical.set(span);
                              try (Scope scope = span.makeCurrent()) {
                                return chain.proceed(chain.request());
                              } finally {
                                span.end();
                              }
                            }))
                .build());

    get(client, "/");

    assertTold(a, child(logical.get(), world.spans(2)));
  }

  @Test
  void interceptorBehind_runsWithinTheSpan() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    List<String> current = new ArrayList<>();
    Interceptor behind =
        chain -> {
          current.add(id(Span.current()));
          return chain.proceed(chain.request());
        };
    OkHttpClient client =
        world.client(
            world.balancing(at("a", a)).build(),
            http -> http.addInterceptor(behind).addNetworkInterceptor(behind));

    get(client, "/");

    assertThat(current).hasSize(2).containsOnly(world.spans(1).get(0).getSpanId());
  }

  @Test
  void call_retriedAfter503_isTwoSpansWithoutTheDetaching() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    a.enqueue(status(503));
    b.enqueue(status(200));
    Span parent = parent();

    try (Scope scope = parent.makeCurrent()) {
      assertThat(get(world.client(at("a", a), at("b", b)), "/")).isEqualTo(200);
    }

    List<SpanData> spans = world.spans(2);
    parent.end();
    assertThat(spans).extracting(SpanData::getParentSpanId).containsOnly(id(parent));
    assertThat(spans)
        .extracting(span -> span.getAttributes().get(ServerAttributes.SERVER_PORT))
        .containsExactly((long) a.getPort(), (long) b.getPort());
    assertError(spans.get(0), "503");
    assertThat(spans.get(0).getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE))
        .isEqualTo(503);
    assertThat(spans.get(0).getAttributes().get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT)).isNull();
    assertThat(spans.get(1).getAttributes().get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT))
        .isEqualTo(1);
    assertThat(reason(spans.get(1))).isEqualTo("retry");
    assertTold(a, spans.get(0));
    assertTold(b, spans.get(1));
  }

  @Test
  void connect_refused_isAFailedSpan() throws Exception {
    Server a = world.refusing("a");
    MockWebServer b = world.server();
    b.enqueue(status(200));

    get(world.client(a, at("b", b)), "/");

    List<SpanData> spans = world.spans(2);
    assertError(spans.get(0), ConnectException.class.getName());
    assertThat(spans.get(0).getAttributes().get(ServerAttributes.SERVER_PORT))
        .isEqualTo((long) a.port());
    assertThat(spans.get(0).getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE)).isNull();
    assertThat(spans.get(0).getEvents()).hasSize(1);
    assertThat(reason(spans.get(1))).isEqualTo("retry");
    assertTold(b, spans.get(1));
  }

  @Test
  void connection_resetBeforeTheResponse_isAFailedSpanWithItsPeer() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    a.enqueue(new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build());
    b.enqueue(status(200));

    get(world.client(at("a", a), at("b", b)), "/");

    List<SpanData> spans = world.spans(2);
    assertThat(spans.get(0).getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(spans.get(0).getAttributes().get(ErrorAttributes.ERROR_TYPE)).endsWith("Exception");
    assertThat(spans.get(0).getAttributes().get(NetworkAttributes.NETWORK_PEER_PORT))
        .isEqualTo((long) a.getPort());
    assertTold(a, spans.get(0));
    assertTold(b, spans.get(1));
  }

  @Test
  void hedge_wins_loserIsCancelledAndNoError() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    stallThenAnswer(a, b);
    OkHttpClient client =
        world.client(
            world
                .balancing(at("a", a), at("b", b))
                .retry(retries().hedge(HedgePolicy.after(Duration.ofMillis(1))).build())
                .build(),
            http -> {});
    Span parent = parent();

    try (Scope scope = parent.makeCurrent()) {
      assertThat(get(client, "/")).isEqualTo(200);
    }

    List<SpanData> spans = world.spans(2);
    parent.end();
    assertThat(spans).extracting(SpanData::getParentSpanId).containsOnly(id(parent));
    SpanData first = withReason("first", spans);
    SpanData hedge = withReason("hedge", spans);
    assertCancelled(first);
    assertThat(first.getAttributes().get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT)).isNull();
    assertThat(hedge.getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE)).isEqualTo(200);
    assertThat(hedge.getAttributes().get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT)).isEqualTo(1);
    assertTold(b, hedge);
  }

  @Test
  void attempt_cutByItsTimeout_isAnError() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    a.enqueue(stalled());
    b.enqueue(status(200));
    OkHttpClient client =
        world.client(
            world
                .balancing(at("a", a), at("b", b))
                .retry(retries().attemptTimeout(Duration.ofSeconds(2)).build())
                .build(),
            http -> {});

    assertThat(get(client, "/")).isEqualTo(200);

    assertError(world.spans(2).get(0), "timeout");
  }

  @Test
  void call_timesOut_isAnError() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(stalled());
    OkHttpClient client =
        world.client(
            world.balancing(at("a", a)).build(), http -> http.callTimeout(Duration.ofSeconds(1)));

    assertThatThrownBy(() -> get(client, "/"))
        .isInstanceOf(InterruptedIOException.class)
        .hasMessage("timeout");

    assertError(world.spans(1).get(0), "timeout");
  }

  @Test
  void call_cancelled_isNoError() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(stalled());
    Call call = world.client(at("a", a)).newCall(request("/"));
    CountDownLatch failed = enqueue(call);

    String told = received(a).getHeaders().get("traceparent");
    call.cancel();

    assertThat(failed.await(30, TimeUnit.SECONDS)).isTrue();
    SpanData span = world.spans(1).get(0);
    assertCancelled(span);
    assertThat(told).contains(span.getSpanId());
  }

  @Test
  void interceptorBehind_throws_isAnError() throws Exception {
    MockWebServer a = world.server();
    OkHttpClient client =
        world.client(
            world.balancing(at("a", a)).build(),
            http ->
                http.addNetworkInterceptor(
                    chain -> {
                      throw new UnsupportedOperationException("not today");
                    }));

    assertThatThrownBy(() -> get(client, "/")).isInstanceOf(UnsupportedOperationException.class);

    assertError(world.spans(1).get(0), UnsupportedOperationException.class.getName());
  }

  @Test
  void connect_interrupted_isAnError() throws Exception {
    MockWebServer a = world.server();
    OkHttpClient client =
        world
            .client(at("a", a))
            .newBuilder()
            .addInterceptor(AttemptTracingTest::interrupted)
            .build();

    assertThatThrownBy(() -> get(client, "/")).isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();

    assertError(world.spans(1).get(0), InterruptedException.class.getName());
  }

  /**
   * Throws as OkHttp does, whose language need not declare it, when it is interrupted as it
   * connects.
   */
  @SuppressWarnings("unchecked") // the compiler is to believe that it is unchecked
  private static <E extends Exception> Response interrupted(Interceptor.Chain chain) throws E {
    throw (E) new InterruptedException();
  }

  @Test
  void noServer_isNoSpan() throws Exception {
    OkHttpClient client =
        world.client(
            LoadBalancingInterceptor.of(HOST, world.balancer(ServerList.of())), http -> {});

    assertThatThrownBy(() -> get(client, "/")).isInstanceOf(IOException.class);

    assertThat(world.spans(0)).isEmpty();
  }

  @Test
  void redirect_withinTheService_isASpanForEachRequest() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(redirect("/new"));
    a.enqueue(status(200));

    get(world.client(at("a", a)), "/old");

    List<SpanData> spans = world.spans(2);
    assertThat(spans).extracting(span -> reason(span)).containsOnly("first");
    assertThat(spans)
        .extracting(span -> span.getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE))
        .containsExactly(302L, 200L);
    assertThat(spans)
        .extracting(span -> span.getAttributes().get(UrlAttributes.URL_FULL))
        .containsExactly("http://orders.test/old", "http://orders.test/new");
    assertThat(spans)
        .extracting(span -> span.getAttributes().get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT))
        .containsExactly(null, 1L);
    assertThat(spans)
        .extracting(span -> span.getStatus().getStatusCode())
        .containsOnly(StatusCode.UNSET);
    assertTold(a, spans.get(0));
    assertTold(a, spans.get(1));
  }

  @Test
  void redirect_toAnotherService_isAnAttemptThere() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    a.enqueue(redirect("http://users.test/v1"));
    b.enqueue(status(200));
    OkHttpClient client =
        world.client(
            world
                .balancing(at("a", a))
                .service("users.test", world.balancer(ServerList.of(at("b", b))))
                .build(),
            http -> {});

    assertThat(get(client, "/")).isEqualTo(200);

    List<SpanData> spans = world.spans(2);
    assertThat(spans.get(0).getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    assertThat(spans.get(0).getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE))
        .isEqualTo(302);
    assertThat(spans)
        .extracting(span -> span.getAttributes().get(AttemptSpan.SERVICE))
        .containsExactly(HOST, "users.test");
    assertThat(spans.get(1).getAttributes().get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT))
        .isEqualTo(1);
    assertTold(a, spans.get(0));
    assertTold(b, spans.get(1));
  }

  @Test
  void redirect_toAForeignHost_namesThatHost() throws Exception {
    MockWebServer a = world.server();
    MockWebServer foreign = world.server();
    a.enqueue(redirect("http://localhost:" + foreign.getPort() + "/"));
    foreign.enqueue(status(404));

    get(world.client(at("a", a)), "/");

    SpanData span = world.spans(2).get(1);
    assertThat(span.getAttributes().get(ServerAttributes.SERVER_ADDRESS)).isEqualTo("localhost");
    assertThat(span.getAttributes().get(ServerAttributes.SERVER_PORT))
        .isEqualTo((long) foreign.getPort());
    assertError(span, "404");
    assertTold(foreign, span);
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

  @Test
  void call_notBalanced_isNoSpanAndToldNothing() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    Request request = new Request.Builder().url(a.url("/")).build();

    world.client(at("a", a)).newCall(request).execute().close();

    assertThat(world.spans(0)).isEmpty();
    assertThat(received(a).getHeaders().get("traceparent")).isNull();
  }

  @Test
  void call_notBalancedButMadeWithinAnAttempt_isNotTakenForIt() throws Exception {
    MockWebServer a = world.server();
    MockWebServer login = world.server();
    a.enqueue(status(200));
    login.enqueue(status(401));
    AtomicReference<OkHttpClient> self = new AtomicReference<>();
    OkHttpClient client =
        world.client(
            world.balancing(at("a", a)).build(),
            http ->
                http.addNetworkInterceptor(
                    chain -> {
                      if (chain.request().url().host().equals(HOST)) {
                        Request request = new Request.Builder().url(login.url("/")).build();
                        self.get().newCall(request).execute().close();
                      }
                      return chain.proceed(chain.request());
                    }));
    self.set(client);

    get(client, "/");

    SpanData span = world.spans(1).get(0);
    assertThat(span.getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE)).isEqualTo(200);
    assertThat(span.getAttributes().get(NetworkAttributes.NETWORK_PEER_PORT))
        .isEqualTo((long) a.getPort());
    assertThat(received(login).getHeaders().get("traceparent")).isNull();
    assertTold(a, span);
  }

  @Test
  void request_ofAnotherResponse_isTracedAnew() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    a.enqueue(status(200));
    OkHttpClient client = world.client(at("a", a));
    Request again;
    try (Response response = client.newCall(request("/")).execute()) {
      again = response.request();
    }

    client.newCall(again).execute().close();

    List<SpanData> spans = world.spans(2);
    assertThat(spans.get(1).getAttributes().get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT)).isNull();
    assertThat(spans.get(1).getTraceId()).isNotEqualTo(spans.get(0).getTraceId());
    assertTold(a, spans.get(0));
    assertTold(a, spans.get(1));
  }

  @Test
  void servers_comingAndGoing_eachHasItsSpan() throws Exception {
    MockWebServer a = world.server();
    UpdatableServerList list = new UpdatableServerList();
    OkHttpClient client =
        world.client(LoadBalancingInterceptor.of(HOST, world.balancer(list)), http -> {});
    for (int i = 0; i < 10_000; i++) {
      list.update(List.of(at("s" + i, a)));
      if (i % 20 == 0) {
        a.enqueue(status(200));
        get(client, "/");
      }
    }

    assertThat(world.spans(500))
        .extracting(span -> span.getAttributes().get(AttemptSpan.SERVER))
        .doesNotHaveDuplicates();
  }

  @Test
  void openTelemetry_doesNothing_callIsUntouched() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    OkHttpClient client =
        AttemptTracing.of(OpenTelemetry.noop())
            .install(
                world.balancing(at("a", a)).build().install(new OkHttpClient.Builder()).build());

    assertThat(get(client, "/")).isEqualTo(200);

    assertThat(received(a).getHeaders().names()).doesNotContain("traceparent");
    client.connectionPool().evictAll();
  }

  @Test
  void install_withoutBalancing_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> world.traced(new OkHttpClient()))
        .withMessage("client: no LoadBalancingInterceptor (expected: installed before)");
  }

  @Test
  void install_twice_isRefused() throws Exception {
    OkHttpClient traced = world.client(world.refusing("a"));

    assertThatIllegalArgumentException()
        .isThrownBy(() -> world.traced(traced))
        .withMessage("client: traced already (expected: once)");
  }

  private Span parent() {
    return world.openTelemetry().getTracer("test").spanBuilder("parent").startSpan();
  }

  private static String id(Span span) {
    return span.getSpanContext().getSpanId();
  }

  /** The only one that is a child. */
  private static SpanData child(Span parent, List<SpanData> spans) {
    List<SpanData> children =
        spans.stream().filter(span -> span.getParentSpanId().equals(id(parent))).toList();
    assertThat(children).hasSize(1);
    return children.get(0);
  }

  /** The only one that was made for this reason; a hedge may begin before the first attempt. */
  private static SpanData withReason(String reason, List<SpanData> spans) {
    List<SpanData> found = spans.stream().filter(span -> reason(span).equals(reason)).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  private static String reason(SpanData span) {
    return String.valueOf(span.getAttributes().get(AttemptSpan.REASON));
  }

  private static void assertError(SpanData span, String type) {
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(span.getAttributes().get(ErrorAttributes.ERROR_TYPE)).isEqualTo(type);
    assertThat(span.getAttributes().get(AttemptSpan.CANCELLED)).isNull();
  }

  private static void assertCancelled(SpanData span) {
    assertThat(span.getAttributes().get(AttemptSpan.CANCELLED)).isTrue();
    assertThat(span.getAttributes().get(ErrorAttributes.ERROR_TYPE)).isNull();
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    assertThat(span.getEvents()).isEmpty();
  }

  private static CountDownLatch enqueue(Call call) {
    CountDownLatch over = new CountDownLatch(1);
    call.enqueue(
        new Callback() {
          @Override
          public void onFailure(Call failed, IOException e) {
            over.countDown();
          }

          @Override
          public void onResponse(Call answered, Response response) {
            response.close();
            over.countDown();
          }
        });
    return over;
  }

  private static MockResponse status(int status) {
    return new MockResponse.Builder().code(status).build();
  }

  private static MockResponse redirect(String to) {
    return new MockResponse.Builder().code(302).addHeader("Location", to).build();
  }

  /** Takes the request, and never answers. */
  private static MockResponse stalled() {
    return new MockResponse.Builder().onResponseStart(SocketEffect.Stall.INSTANCE).build();
  }
}
