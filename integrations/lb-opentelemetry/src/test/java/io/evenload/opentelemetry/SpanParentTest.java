package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.Answers.stallThenAnswer;
import static io.evenload.opentelemetry.Answers.status;
import static io.evenload.opentelemetry.Spans.child;
import static io.evenload.opentelemetry.Spans.id;
import static io.evenload.opentelemetry.World.HOST;
import static io.evenload.opentelemetry.World.assertTold;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.enqueue;
import static io.evenload.opentelemetry.World.get;
import static io.evenload.opentelemetry.World.received;
import static io.evenload.opentelemetry.World.request;
import static io.evenload.opentelemetry.World.retries;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Scope;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.NetworkAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockWebServer;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Whose children spans are, and who is told of them. */
@SuppressWarnings("try") // scopes that are only to be closed
final class SpanParentTest {

  @RegisterExtension final World world = new World();

  private final AtomicReference<Span> logical = new AtomicReference<>();

  @Test
  void call_withinASpan_isItsChild() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    Span parent = world.parent();

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
    Span parent = world.parent();

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

    get(traced(world.balancing(at("a", a))), "/");

    assertTold(a, child(logical.get(), world.spans(2)));
  }

  @Test
  void interceptorBefore_enqueuedAndHedged_isTheParentOfBoth() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    stallThenAnswer(a, b);
    OkHttpClient client =
        traced(
            world
                .balancing(at("a", a), at("b", b))
                .retry(retries().hedge(HedgePolicy.after(Duration.ofMillis(1))).build()));
    Span parent = world.parent();

    try (Scope scope = parent.makeCurrent()) {
      enqueue(client.newCall(request("/")));
    }
    List<SpanData> spans = world.spans(3);
    parent.end();

    assertThat(spans.stream().filter(span -> span.getParentSpanId().equals(id(logical.get()))))
        .extracting(Spans::reason)
        .containsExactlyInAnyOrder("first", "hedge");
  }

  /** A traced client with an interceptor that has a span of its own, before the balancing one. */
  private OkHttpClient traced(LoadBalancingInterceptor.Builder balancing) {
    Interceptor spanning =
        chain -> {
          Span span = world.parent();
          logical.set(span);
          try (Scope scope = span.makeCurrent()) {
            return chain.proceed(chain.request());
          } finally {
            span.end();
          }
        };
    return world.traced(
        balancing.build().install(new OkHttpClient.Builder().addInterceptor(spanning)).build());
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
}
