package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.Answers.redirect;
import static io.evenload.opentelemetry.Answers.status;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.get;
import static io.evenload.opentelemetry.World.received;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import io.opentelemetry.sdk.trace.samplers.SamplingResult;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import io.opentelemetry.semconv.UrlAttributes;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Attempts without a span that is recorded; servers are told all the same. */
@SuppressWarnings("try") // scopes that are only to be closed
final class UnrecordedSpanTest {

  private static final ContextPropagators PROPAGATORS =
      ContextPropagators.create(W3CTraceContextPropagator.getInstance());

  private static final String TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
  private static final String SPAN_ID = "b7ad6b7169203331";

  @RegisterExtension final World world = new World();

  private final List<Attributes> sampled = new ArrayList<>();

  @Test
  void dropped_retried_eachServerIsToldItsOwnUnsampledSpan() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    a.enqueue(status(503));
    b.enqueue(status(200));

    try (Scope scope = remoteParent().makeCurrent()) {
      assertThat(get(dropping(at("a", a), at("b", b)), "/")).isEqualTo(200);
    }

    assertThat(List.of(SPAN_ID, unsampled(a), unsampled(b))).doesNotHaveDuplicates();
    assertThat(world.spans(0)).isEmpty();
  }

  @Test
  void dropped_redirected_eachRequestTellsItsOwnUnsampledSpan() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(redirect("/new"));
    a.enqueue(status(200));

    try (Scope scope = remoteParent().makeCurrent()) {
      assertThat(get(dropping(at("a", a)), "/old")).isEqualTo(200);
    }

    String first = unsampled(a);
    assertThat(List.of(SPAN_ID, first, unsampled(a))).doesNotHaveDuplicates();
    assertThat(sampled)
        .extracting(attributes -> attributes.get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT))
        .containsExactly(null, 1L);
  }

  @Test
  void dropped_failed_failsAsWithoutTraces() throws Exception {
    OkHttpClient client = dropping(world.refusing("a"));

    assertThatThrownBy(() -> get(client, "/")).isInstanceOf(IOException.class);

    assertThat(world.spans(0)).isEmpty();
  }

  @Test
  void sampler_seesWhatTheConventionsWantForIt() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));

    get(dropping(at("a", a)), "/v1");

    assertThat(sampled).hasSize(1);
    assertThat(sampled.get(0).asMap())
        .containsEntry(HttpAttributes.HTTP_REQUEST_METHOD, "GET")
        .containsEntry(ServerAttributes.SERVER_ADDRESS, "127.0.0.1")
        .containsEntry(ServerAttributes.SERVER_PORT, (long) a.getPort())
        .containsEntry(UrlAttributes.URL_FULL, "http://orders.test/v1");
  }

  @Test
  void noTracer_parentIsPassedOn() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    a.enqueue(status(200));
    OkHttpClient client = untraced(OpenTelemetry.propagating(PROPAGATORS), at("a", a));

    try (Scope scope = remoteParent().makeCurrent()) {
      get(client, "/");
    }
    get(client, "/");

    assertThat(traceparent(a)).containsExactly("00-" + TRACE_ID + "-" + SPAN_ID + "-01");
    assertThat(traceparent(a)).as("without a parent").isEmpty();
  }

  private OkHttpClient dropping(Server... servers) {
    SdkTracerProvider dropping = SdkTracerProvider.builder().setSampler(new Dropping()).build();
    return untraced(
        OpenTelemetrySdk.builder().setTracerProvider(dropping).setPropagators(PROPAGATORS).build(),
        servers);
  }

  private OkHttpClient untraced(OpenTelemetry openTelemetry, Server... servers) {
    return world.traced(
        world.balancing(servers).build().install(new OkHttpClient.Builder()).build(),
        openTelemetry);
  }

  private static Context remoteParent() {
    return Context.root()
        .with(
            Span.wrap(
                SpanContext.createFromRemoteParent(
                    TRACE_ID, SPAN_ID, TraceFlags.getSampled(), TraceState.getDefault())));
  }

  /** The span that the next request tells of, which is not sampled, and in the parent's trace. */
  private static String unsampled(MockWebServer server) throws InterruptedException {
    List<String> told = traceparent(server);
    assertThat(told).hasSize(1);
    assertThat(told.get(0)).matches("00-" + TRACE_ID + "-[0-9a-f]{16}-00");
    return told.get(0).split("-", -1)[2];
  }

  private static List<String> traceparent(MockWebServer server) throws InterruptedException {
    return received(server).getHeaders().values("traceparent");
  }

  private final class Dropping implements Sampler {
    @Override
    public SamplingResult shouldSample(
        Context parent,
        String traceId,
        String name,
        SpanKind kind,
        Attributes attributes,
        List<LinkData> links) {
      sampled.add(Attributes.builder().putAll(attributes).build());
      return SamplingResult.drop();
    }

    @Override
    public String getDescription() {
      return "drops all";
    }
  }
}
