package io.evenload.examples;

import static io.opentelemetry.api.common.AttributeKey.longKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Keeps the latest spans for a look at them; a service would export them to its collector. */
final class LatestSpans implements SpanExporter {

  private static final int MOST = 200;

  private final Deque<SpanData> spans = new ArrayDeque<>();

  @Override
  public synchronized CompletableResultCode export(Collection<SpanData> ended) {
    spans.addAll(ended);
    while (spans.size() > MOST) {
      spans.removeFirst();
    }
    return CompletableResultCode.ofSuccess();
  }

  /** The spans, trace by trace, each in the order of their starts; the latest trace first. */
  synchronized String text() {
    Map<String, List<SpanData>> traces = new LinkedHashMap<>();
    spans
        .descendingIterator()
        .forEachRemaining(
            span -> traces.computeIfAbsent(span.getTraceId(), id -> new ArrayList<>()).add(span));
    StringBuilder text = new StringBuilder();
    traces.forEach(
        (id, trace) -> {
          trace.sort(Comparator.comparingLong(SpanData::getStartEpochNanos));
          text.append(id).append('\n');
          trace.forEach(span -> append(text, span));
        });
    return text.toString();
  }

  private static void append(StringBuilder text, SpanData span) {
    long millis = (span.getEndEpochNanos() - span.getStartEpochNanos()) / 1_000_000;
    Attributes attributes = span.getAttributes();
    String server = attributes.get(stringKey("evenload.server"));
    if (server == null) {
      text.append("  ").append(span.getName());
    } else {
      Long status = attributes.get(longKey("http.response.status_code"));
      text.append("    ")
          .append(attributes.get(stringKey("evenload.attempt.reason")))
          .append(" at ")
          .append(server)
          .append(": ")
          .append(status != null ? status : attributes.get(stringKey("error.type")));
    }
    text.append(", ").append(millis).append(" ms\n");
  }

  @Override
  public CompletableResultCode flush() {
    return CompletableResultCode.ofSuccess();
  }

  @Override
  public CompletableResultCode shutdown() {
    return CompletableResultCode.ofSuccess();
  }
}
