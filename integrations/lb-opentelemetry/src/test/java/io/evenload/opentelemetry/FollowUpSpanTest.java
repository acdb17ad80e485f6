package io.evenload.opentelemetry;

import static io.evenload.opentelemetry.Answers.redirect;
import static io.evenload.opentelemetry.Answers.status;
import static io.evenload.opentelemetry.Spans.assertError;
import static io.evenload.opentelemetry.Spans.reason;
import static io.evenload.opentelemetry.World.HOST;
import static io.evenload.opentelemetry.World.assertTold;
import static io.evenload.opentelemetry.World.at;
import static io.evenload.opentelemetry.World.get;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.ServerList;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import io.opentelemetry.semconv.UrlAttributes;
import java.util.List;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Spans of what OkHttp sends again within an attempt, or the balancer elsewhere. */
final class FollowUpSpanTest {

  @RegisterExtension final World world = new World();

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
}
