package io.evenload.opentelemetry;

import static java.util.Objects.requireNonNull;

import io.evenload.okhttp.LoadBalancingInterceptor;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.semconv.SchemaUrls;
import java.util.List;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;

/**
 * Makes a span of each attempt of a balanced call, after OpenTelemetry's conventions for HTTP
 * clients.
 *
 * <pre>{@code
 * OkHttpClient client = AttemptTracing.of(openTelemetry).install(balancing.install(new OkHttpClient.Builder()).build());
 * }</pre>
 *
 * <p>Failed connects, hedges, and attempts that were cut short have a span too; calls that are not
 * balanced have none. The parent is what is current where the call meets the balancer, or else
 * where the call was executed or enqueued; the attempts of one call are siblings. Each attempt
 * tells its server its own span, by the propagators' headers. The span is current while the attempt
 * runs, and ends with the headers of the response: the conventions say so, since a body may never
 * be read.
 *
 * <p>The span's name is the method. Its attributes are those of the conventions, where {@code
 * server.address} and {@code server.port} are those of the chosen server, {@code url.full} has the
 * logical host, and {@code http.request.resend_count} counts what the call sent or tried to send
 * before. When OkHttp sends again within an attempt, to follow a redirect or to authenticate, that
 * has a span of its own. Passwords in URLs, and the signatures in them that the conventions name,
 * read {@code REDACTED}. Besides:
 *
 * <ul>
 *   <li>{@code evenload.service}: the host that the service was added with;
 *   <li>{@code evenload.server}: the server's id;
 *   <li>{@code evenload.attempt.reason}: {@code first}, {@code retry} or {@code hedge};
 *   <li>{@code evenload.attempt.cancelled}: true if the caller gave up, or another attempt was
 *       faster; that is no error. If it was for a timeout, {@code error.type} is {@code timeout};
 *   <li>{@code evenload.attempt.cached}: true if the cache answered and the server was not asked.
 * </ul>
 *
 * <p>OpenTelemetry's own instrumentation of OkHttp may be there too: create its call factory with
 * the client that {@link #install} returned. Its spans, one for each request on the network, then
 * are children of these, and servers are told of those.
 *
 * <p>Immutable and thread-safe; keeps nothing of servers or calls.
 */
public final class AttemptTracing {

  private static final String INSTRUMENTATION = "io.evenload.opentelemetry";

  private final Tracer tracer;
  private final TextMapPropagator propagator;

  /** Nothing is recorded, ever, and nobody told. */
  private final boolean noop;

  private AttemptTracing(OpenTelemetry openTelemetry) {
    tracer = openTelemetry.tracerBuilder(INSTRUMENTATION).setSchemaUrl(SchemaUrls.V1_40_0).build();
    propagator = openTelemetry.getPropagators().getTextMapPropagator();
    noop =
        tracer.equals(TracerProvider.noop().get(INSTRUMENTATION)) && propagator.fields().isEmpty();
  }

  /**
   * Returns a tracing that makes its spans by this tracer provider, and tells servers of them by
   * these propagators.
   */
  public static AttemptTracing of(OpenTelemetry openTelemetry) {
    return new AttemptTracing(requireNonNull(openTelemetry, "openTelemetry"));
  }

  /**
   * Returns a client like this one, with which it shares all its resources, whose attempts are
   * traced. Interceptors that were added to it behind the balancing one run within the spans. If
   * the {@link OpenTelemetry} is a no-op, it is this very client.
   *
   * @throws IllegalArgumentException if the client has no {@link LoadBalancingInterceptor}, or is
   *     traced already
   */
  public OkHttpClient install(OkHttpClient client) {
    if (client.interceptors().stream().anyMatch(AttemptInterceptor.class::isInstance)) {
      throw new IllegalArgumentException("client: traced already (expected: once)");
    }
    int balancing = balancingIndex(client);
    if (noop) {
      return client;
    }
    OkHttpClient.Builder traced = client.newBuilder();
    traced.interceptors().add(balancing + 1, new AttemptInterceptor(tracer, propagator));
    // Before all others, so that those of other instrumentations run within the span.
    traced.networkInterceptors().add(0, AttemptSpan::onNetwork);
    return traced.eventListenerFactory(TracedCall.noting(client.eventListenerFactory())).build();
  }

  private static int balancingIndex(OkHttpClient client) {
    List<Interceptor> interceptors = client.interceptors();
    for (int i = 0; i < interceptors.size(); i++) {
      if (interceptors.get(i) instanceof LoadBalancingInterceptor) {
        return i;
      }
    }
    throw new IllegalArgumentException(
        "client: no LoadBalancingInterceptor (expected: installed before)");
  }
}
