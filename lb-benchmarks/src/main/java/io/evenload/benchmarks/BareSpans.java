package io.evenload.benchmarks;

import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.NetworkAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import io.opentelemetry.semconv.UrlAttributes;
import java.io.IOException;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Makes calls, each with a span by the SDK alone, whose attributes are those that an attempt's span
 * has, and are known beforehand: what would remain if all else were for nothing.
 */
final class BareSpans implements CallRound.Calling {

  private static final AttributeKey<String> SERVICE = AttributeKey.stringKey("evenload.service");
  private static final AttributeKey<String> SERVER = AttributeKey.stringKey("evenload.server");
  private static final AttributeKey<String> REASON =
      AttributeKey.stringKey("evenload.attempt.reason");

  private final Tracer tracer;
  private final TextMapPropagator propagator;
  private final OkHttpClient client;
  private final Request request;
  private final long port;
  private final boolean told;

  /**
   * Makes spans for calls.
   *
   * @param port the server's
   * @param told whether the span is current during the call, and the server told of it
   */
  BareSpans(
      OpenTelemetry openTelemetry, OkHttpClient client, Request request, int port, boolean told) {
    this.tracer = openTelemetry.getTracer("bare");
    this.propagator = openTelemetry.getPropagators().getTextMapPropagator();
    this.client = client;
    this.request = request;
    this.port = port;
    this.told = told;
  }

  @Override
  public Response execute() throws IOException {
    Span span =
        tracer
            .spanBuilder(request.method())
            .setSpanKind(SpanKind.CLIENT)
            .setAttribute(HttpAttributes.HTTP_REQUEST_METHOD, request.method())
            .setAttribute(ServerAttributes.SERVER_ADDRESS, "127.0.0.1")
            .setAttribute(ServerAttributes.SERVER_PORT, port)
            .setAttribute(UrlAttributes.URL_FULL, request.url().toString())
            .setAttribute(SERVICE, "orders")
            .setAttribute(SERVER, "127.0.0.1:80")
            .setAttribute(REASON, "first")
            .startSpan();
    Response response = told ? tell(span) : client.newCall(request).execute();
    span.setAttribute(NetworkAttributes.NETWORK_PROTOCOL_VERSION, "1.1");
    span.setAttribute(NetworkAttributes.NETWORK_PEER_ADDRESS, "127.0.0.1");
    span.setAttribute(NetworkAttributes.NETWORK_PEER_PORT, port);
    span.setAttribute(HttpAttributes.HTTP_RESPONSE_STATUS_CODE, (long) response.code());
    span.end();
    return response;
  }

  @SuppressWarnings("try") // the scope is only to be closed
  private Response tell(Span span) throws IOException {
    Context context = Context.current().with(span);
    Request.Builder copy = request.newBuilder();
    propagator.inject(context, copy, (builder, name, value) -> builder.header(name, value));
    try (Scope scope = context.makeCurrent()) {
      return client.newCall(copy.build()).execute();
    }
  }
}
