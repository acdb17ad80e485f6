package io.evenload.examples;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.config.EvenloadConfig;
import io.evenload.micrometer.CallMetrics;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.opentelemetry.AttemptTracing;
import io.evenload.status.StatusPage;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * A service that calls another one, {@code orders}, for each of its requests, with all that one
 * wants when it runs for real: a configuration, metrics, traces, a status page, and an end.
 */
final class ShopService implements AutoCloseable {

  private static final int CONCURRENT_CALLS = 64;
  private static final int MOST_SERVERS_WITH_METERS = 100;

  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final LatestSpans spans = new LatestSpans();
  private final OpenTelemetrySdk telemetry = telemetry(spans);
  private final Tracer tracer = telemetry.getTracer("shop");
  private final LoadBalancer orders;
  private final LoadBalancerMetrics metrics;
  private final StatusPage page;
  private final OkHttpClient client;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer http;

  /**
   * Starts the service at this machine's loopback address.
   *
   * @param properties what the keys of docs/configuration.md set
   * @param servers those of {@code orders}
   * @param port 0 for any free one
   */
  ShopService(Properties properties, ServerList servers, int port) throws IOException {
    EvenloadConfig config = EvenloadConfig.of(properties);
    orders = config.balancer("orders").servers(servers).build();
    LoadBalancingInterceptor balancing =
        config.interceptor(orders).listener(CallMetrics.of(registry)).build();
    client =
        AttemptTracing.of(telemetry)
            .install(balancing.install(new OkHttpClient.Builder(), CONCURRENT_CALLS).build());
    metrics = LoadBalancerMetrics.monitorServers(registry, orders, MOST_SERVERS_WITH_METERS);
    page = StatusPage.of(orders);

    http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    http.createContext("/", this::item);
    http.createContext("/balancers", page.handler());
    http.createContext("/metrics", exchange -> send(exchange, 200, registry.scrape()));
    http.createContext("/traces", exchange -> send(exchange, 200, spans.text()));
    http.setExecutor(threads);
    http.start();
  }

  /** The service's address without a path, such as {@code http://127.0.0.1:8080}. */
  String url() {
    String host = http.getAddress().getAddress().getHostAddress();
    String inUrls = host.indexOf(':') >= 0 ? "[" + host + "]" : host; // the loopback of IPv6
    return "http://" + inUrls + ":" + http.getAddress().getPort();
  }

  LoadBalancer orders() {
    return orders;
  }

  /** What the service is for. The attempts at orders are children of the span that this makes. */
  @SuppressWarnings("try") // the scope is only to be closed
  private void item(HttpExchange exchange) throws IOException {
    Span span = tracer.spanBuilder("GET /{item}").setSpanKind(SpanKind.SERVER).startSpan();
    try (Scope scope = span.makeCurrent()) {
      answer(exchange);
    } finally {
      span.end();
    }
  }

  private void answer(HttpExchange exchange) throws IOException {
    Request request =
        new Request.Builder().url("http://orders/v1/items" + exchange.getRequestURI()).build();
    try (Response response = client.newCall(request).execute()) {
      send(exchange, response.isSuccessful() ? 200 : 502, response.body().string());
    } catch (IOException e) {
      send(exchange, 502, "orders cannot be asked: " + e.getMessage());
    }
  }

  private static OpenTelemetrySdk telemetry(LatestSpans spans) {
    return OpenTelemetrySdk.builder()
        .setTracerProvider(
            SdkTracerProvider.builder().addSpanProcessor(SimpleSpanProcessor.create(spans)).build())
        .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
        .build();
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    try (exchange) {
      byte[] body = text.getBytes(UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  /** Ends everything that was started, the way in first. */
  @Override
  public void close() {
    http.stop(0);
    threads.shutdownNow();
    client.dispatcher().executorService().shutdown();
    client.connectionPool().evictAll();
    page.close();
    metrics.close();
    orders.close();
    registry.close();
    telemetry.close();
  }
}
