package io.evenload.opentelemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.semconv.ErrorAttributes;
import java.util.List;

/** What tests ask of spans. */
final class Spans {

  private Spans() {}

  static String id(Span span) {
    return span.getSpanContext().getSpanId();
  }

  /** The only one that is a child. */
  static SpanData child(Span parent, List<SpanData> spans) {
    List<SpanData> children =
        spans.stream().filter(span -> span.getParentSpanId().equals(id(parent))).toList();
    assertThat(children).hasSize(1);
    return children.get(0);
  }

  /** The only one that was made for this reason; a hedge may begin before the first attempt. */
  static SpanData withReason(String reason, List<SpanData> spans) {
    List<SpanData> found = spans.stream().filter(span -> reason(span).equals(reason)).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  static String reason(SpanData span) {
    return String.valueOf(span.getAttributes().get(AttemptSpan.REASON));
  }

  static void assertError(SpanData span, String type) {
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.ERROR);
    assertThat(span.getAttributes().get(ErrorAttributes.ERROR_TYPE)).isEqualTo(type);
    assertThat(span.getAttributes().get(AttemptSpan.CANCELLED)).isNull();
  }

  static void assertCancelled(SpanData span) {
    assertThat(span.getAttributes().get(AttemptSpan.CANCELLED)).isTrue();
    assertThat(span.getAttributes().get(ErrorAttributes.ERROR_TYPE)).isNull();
    assertThat(span.getStatus().getStatusCode()).isEqualTo(StatusCode.UNSET);
    assertThat(span.getEvents()).isEmpty();
  }
}
