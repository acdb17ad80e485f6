package io.evenload.benchmarks;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.micrometer.CallMetrics;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.opentelemetry.AttemptTracing;
import io.evenload.status.StatusPage;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.common.CompletableResultCode;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * What metrics, traces and the status page add to a balanced call. As in {@link CallOverhead} all
 * call the same server in turn, round by round; here each round begins with another one. Each round
 * gives one ratio to the client without any of them; the median counts. A second client without
 * shows how much of that is noise, and {@link BareSpans} what of traces is the SDK's own.
 */
final class ObservedCallOverhead {

  private static final int WARMUP_ROUNDS = 100;
  private static final int ROUNDS = 310;
  private static final int CALLS_PER_ROUND = 100; // short, so that a mood of the machine meets all

  private static final Request REQUEST = new Request.Builder().url("http://orders/").build();

  private final Protocol protocol;
  private final ServerList servers;
  private final Deque<AutoCloseable> resources = new ArrayDeque<>();
  private final List<Variant> variants = new ArrayList<>();

  private ObservedCallOverhead(Protocol protocol, int port) {
    this.protocol = protocol;
    this.servers = ServerList.of(Server.of("127.0.0.1", port));
    OpenTelemetry recording = openTelemetry(Sampler.alwaysOn());
    add("nothing", false, null, false);
    add("nothing, again", false, null, false);
    add("metrics", true, null, false);
    add("status page", false, null, true);
    add("traces that are off (no-op)", false, OpenTelemetry.noop(), false);
    add("metrics, status page, traces off", true, OpenTelemetry.noop(), true);
    add("traces, each dropped by the sampler", false, openTelemetry(Sampler.alwaysOff()), false);
    addBare("a span of the SDK alone", recording, port, false);
    addBare("a span of the SDK alone, and its header", recording, port, true);
    add("traces, each recorded", false, recording, false);
    add("metrics, status page, traces recorded", true, recording, true);
  }

  private OpenTelemetry openTelemetry(Sampler sampler) {
    SdkTracerProvider spans =
        SdkTracerProvider.builder()
            .setSampler(sampler)
            .addSpanProcessor(BatchSpanProcessor.builder(new Dropping()).build())
            .build();
    resources.push(spans);
    return OpenTelemetrySdk.builder()
        .setTracerProvider(spans)
        .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
        .build();
  }

  /** Prints the table. */
  public static void main(String[] arguments) throws Exception {
    System.out.println(table());
  }

  /** Measures each protocol; returns a table in Markdown. */
  static String table() throws IOException {
    List<String> lines = new ArrayList<>();
    lines.add("### Whole calls, observed\n");
    lines.add("| protocol | with | / nothing, median | quartiles | B/call more |");
    lines.add("|---|---|--:|--:|--:|");
    for (Protocol protocol : List.of(Protocol.HTTP_1_1, Protocol.H2_PRIOR_KNOWLEDGE)) {
      try (MockWebServer server = CallRound.server(protocol)) {
        lines.addAll(new ObservedCallOverhead(protocol, server.getPort()).run());
      }
    }
    return String.join("\n", lines) + "\n";
  }

  /** Adds a client with a balancer of its own; null is no tracing. */
  private void add(String title, boolean metrics, @Nullable OpenTelemetry traces, boolean page) {
    LoadBalancer balancer = LoadBalancer.builder("orders").servers(servers).build();
    resources.push(balancer);
    LoadBalancingInterceptor.Builder balancing =
        LoadBalancingInterceptor.builder().service("orders", balancer);
    if (metrics) {
      MeterRegistry registry = new SimpleMeterRegistry();
      resources.push(LoadBalancerMetrics.monitorServers(registry, balancer, 10));
      balancing.listener(CallMetrics.of(registry));
    }
    if (page) {
      resources.push(StatusPage.of(balancer));
    }
    OkHttpClient plain = balancing.build().install(CallRound.client(protocol)).build();
    OkHttpClient client = traces == null ? plain : AttemptTracing.of(traces).install(plain);
    variants.add(new Variant(title, client, () -> client.newCall(REQUEST).execute()));
  }

  private void addBare(String title, OpenTelemetry traces, int port, boolean told) {
    LoadBalancer balancer = LoadBalancer.builder("orders").servers(servers).build();
    resources.push(balancer);
    OkHttpClient client =
        LoadBalancingInterceptor.of("orders", balancer).install(CallRound.client(protocol)).build();
    variants.add(new Variant(title, client, new BareSpans(traces, client, REQUEST, port, told)));
  }

  private List<String> run() throws IOException {
    for (int i = 0; i < WARMUP_ROUNDS; i++) {
      for (Variant variant : variants) {
        variant.round();
      }
    }
    for (int i = 0; i < ROUNDS; i++) {
      for (int j = 0; j < variants.size(); j++) {
        Variant variant = variants.get((i + j) % variants.size());
        variant.rounds.add(variant.round());
      }
    }
    Variant nothing = variants.get(0);
    List<String> rows =
        variants.stream().skip(1).map(variant -> variant.row(protocol, nothing)).toList();
    resources.forEach(ObservedCallOverhead::close);
    return rows;
  }

  private static void close(AutoCloseable resource) {
    try {
      resource.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  private record Variant(
      String title, OkHttpClient client, CallRound.Calling calling, List<CallRound> rounds) {

    Variant(String title, OkHttpClient client, CallRound.Calling calling) {
      this(title, client, calling, new ArrayList<>());
    }

    /** Over a new connection: whom a thread shares okio's pool of buffers with is up to chance. */
    CallRound round() throws IOException {
      client.connectionPool().evictAll();
      CallRound.of(calling, 1);
      return CallRound.of(calling, CALLS_PER_ROUND);
    }

    /** The least of all rounds, in which the pool always had a buffer. */
    long bytesPerCall() {
      return rounds.stream().mapToLong(CallRound::bytes).min().orElseThrow() / CALLS_PER_ROUND;
    }

    String row(Protocol protocol, Variant nothing) {
      double[] ratios = new double[ROUNDS];
      for (int i = 0; i < ROUNDS; i++) {
        ratios[i] = (double) rounds.get(i).nanos() / nothing.rounds.get(i).nanos();
      }
      Arrays.sort(ratios);
      return String.format(
          Locale.ROOT,
          "| %s | %s | %.3f | %.3f to %.3f | %d |",
          protocol,
          title,
          ratios[ROUNDS / 2],
          ratios[ROUNDS / 4],
          ratios[ROUNDS * 3 / 4],
          bytesPerCall() - nothing.bytesPerCall());
    }
  }

  /** Takes spans and does nothing with them. */
  private static final class Dropping implements SpanExporter {
    @Override
    public CompletableResultCode export(Collection<SpanData> spans) {
      return CompletableResultCode.ofSuccess();
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
}
