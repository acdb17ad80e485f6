package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.Answers.stallThenAnswer;
import static io.evenload.opentelemetry.Answers.stalled;
import static io.evenload.opentelemetry.Answers.status;
import static io.evenload.opentelemetry.Spans.assertCancelled;
import static io.evenload.opentelemetry.Spans.assertError;
import static io.evenload.opentelemetry.Spans.id;
import static io.evenload.opentelemetry.Spans.reason;
import static io.evenload.opentelemetry.Spans.withReason;
import static io.evenload.opentelemetry.World.HOST;
import static io.evenload.opentelemetry.World.assertTold;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.enqueue;
import static io.evenload.opentelemetry.World.get;
import static io.evenload.opentelemetry.World.received;
import static io.evenload.opentelemetry.World.request;
import static io.evenload.opentelemetry.World.retries;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.semconv.ErrorAttributes;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.NetworkAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Spans of attempts that failed or were cut short, and of those that followed. */
@SuppressWarnings("try") // scopes that are only to be closed
final class FailedSpanTest {

  @RegisterExtension final World world = new World();

  @Test
  void call_retriedAfter503_isTwoSpansWithoutTheDetaching() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    a.enqueue(status(503));
    b.enqueue(status(200));
    Span parent = world.parent();

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
    OkHttpClient client = world.hedgingClient(at("a", a), at("b", b));
    Span parent = world.parent();

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
        world.client(at("a", a)).newBuilder().addInterceptor(FailedSpanTest::interrupted).build();

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
}
