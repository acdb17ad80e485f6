package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.Answers.stallThenAnswer;
import static io.evenload.opentelemetry.Answers.status;
import static io.evenload.opentelemetry.World.HOST;
import static io.evenload.opentelemetry.World.assertTold;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Scope;
import io.opentelemetry.instrumentation.okhttp.v3_0.OkHttpTelemetry;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * What comes out beside OpenTelemetry's own instrumentation of OkHttp, whose call factory is made
 * of the traced client: its spans are of requests on the network, and children of the attempts.
 */
@SuppressWarnings("try") // scopes that are only to be closed
final class OtherInstrumentationTest {

  private static final String OURS = "io.evenload.opentelemetry";

  @RegisterExtension final World world = new World();

  private final Span parent =
      world.openTelemetry().getTracer("test").spanBuilder("parent").startSpan();

  @Test
  void retried_eachAttemptHasItsRequest() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    a.enqueue(status(503));
    b.enqueue(status(200));

    assertThat(execute(both(world.client(at("a", a), at("b", b))))).isEqualTo(200);

    List<SpanData> spans = world.spans(5);
    List<SpanData> attempts = ours(spans);
    assertThat(attempts).hasSize(2).allSatisfy(this::assertChildOfParent);
    assertTold(a, requestOf(attempts.get(0), spans));
    assertTold(b, requestOf(attempts.get(1), spans));
    assertThat(requestOf(attempts.get(1), spans).getAttributes())
        .satisfies(
            attributes -> {
              assertThat(attributes.get(ServerAttributes.SERVER_ADDRESS)).isEqualTo(HOST);
              assertThat(attributes.get(HttpAttributes.HTTP_REQUEST_RESEND_COUNT)).isEqualTo(1);
            });
  }

  @Test
  void enqueued_hasTheSameParents() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(status(200));
    CompletableFuture<Integer> status = new CompletableFuture<>();

    try (Scope scope = parent.makeCurrent()) {
      both(world.client(at("a", a)))
          .newCall(request("/"))
          .enqueue(
              new Callback() {
                @Override
                public void onFailure(Call call, IOException e) {
                  status.completeExceptionally(e);
                }

                @Override
                public void onResponse(Call call, Response response) {
                  response.close();
                  status.complete(response.code());
                }
              });
    }
    assertThat(status.get(30, TimeUnit.SECONDS)).isEqualTo(200);
    parent.end();

    List<SpanData> spans = world.spans(3);
    assertChildOfParent(ours(spans).get(0));
    assertTold(a, requestOf(ours(spans).get(0), spans));
  }

  @Test
  void refused_hasAnAttemptWithoutARequest() throws Exception {
    Server a = world.refusing("a");
    MockWebServer b = world.server();
    b.enqueue(status(200));

    execute(both(world.client(a, at("b", b))));

    List<SpanData> spans = world.spans(4);
    List<SpanData> attempts = ours(spans);
    assertThat(attempts)
        .extracting(span -> span.getStatus().getStatusCode())
        .containsExactly(StatusCode.ERROR, StatusCode.UNSET);
    assertTold(b, requestOf(attempts.get(1), spans));
  }

  @Test
  void refusedByAll_theirsHasASpanForTheCall() throws Exception {
    Call.Factory client = both(world.client(world.refusing("a"), world.refusing("b")));

    assertThatThrownBy(() -> execute(client)).isInstanceOf(IOException.class);

    List<SpanData> spans = world.spans(5);
    assertThat(ours(spans)).hasSize(3).allSatisfy(this::assertChildOfParent);
    SpanData theirs =
        spans.stream()
            .filter(span -> span.getInstrumentationScopeInfo().getName().contains("okhttp"))
            .findFirst()
            .orElseThrow();
    assertChildOfParent(theirs);
  }

  @Test
  void redirected_oneAttemptHasBothRequests() throws Exception {
    MockWebServer a = world.server();
    a.enqueue(new MockResponse.Builder().code(302).addHeader("Location", "/new").build());
    a.enqueue(status(200));

    execute(both(world.client(at("a", a))));

    List<SpanData> spans = world.spans(4);
    assertThat(ours(spans)).hasSize(1);
    SpanData attempt = ours(spans).get(0);
    assertThat(attempt.getAttributes().get(HttpAttributes.HTTP_RESPONSE_STATUS_CODE))
        .isEqualTo(200);
    List<SpanData> requests = requestsOf(attempt, spans);
    assertThat(requests).hasSize(2);
    assertTold(a, requests.get(0));
    assertTold(a, requests.get(1));
  }

  @Test
  void hedged_requestIsAChildOfTheHedge() throws Exception {
    MockWebServer a = world.server();
    MockWebServer b = world.server();
    stallThenAnswer(a, b);
    OkHttpClient client = world.hedgingClient(at("a", a), at("b", b));

    assertThat(execute(both(client))).isEqualTo(200);

    List<SpanData> spans = world.spans(5);
    SpanData hedge =
        ours(spans).stream()
            .filter(span -> "hedge".equals(span.getAttributes().get(AttemptSpan.REASON)))
            .findFirst()
            .orElseThrow();
    assertChildOfParent(hedge);
    assertTold(b, requestOf(hedge, spans));
  }

  private Call.Factory both(OkHttpClient traced) {
    return OkHttpTelemetry.create(world.openTelemetry()).createCallFactory(traced);
  }

  private int execute(Call.Factory client) throws IOException {
    try (Scope scope = parent.makeCurrent();
        Response response = client.newCall(request("/")).execute()) {
      return response.code();
    } finally {
      parent.end();
    }
  }

  private void assertChildOfParent(SpanData span) {
    assertThat(span.getParentSpanId()).isEqualTo(parent.getSpanContext().getSpanId());
  }

  private static List<SpanData> ours(List<SpanData> spans) {
    return spans.stream()
        .filter(span -> span.getInstrumentationScopeInfo().getName().equals(OURS))
        .toList();
  }

  private static SpanData requestOf(SpanData attempt, List<SpanData> spans) {
    List<SpanData> requests = requestsOf(attempt, spans);
    assertThat(requests).hasSize(1);
    return requests.get(0);
  }

  private static List<SpanData> requestsOf(SpanData attempt, List<SpanData> spans) {
    return spans.stream()
        .filter(span -> span.getParentSpanId().equals(attempt.getSpanId()))
        .toList();
  }
}
