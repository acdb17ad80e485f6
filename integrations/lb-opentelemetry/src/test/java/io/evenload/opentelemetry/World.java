package io.evenload.opentelemetry;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.evenload.testing.VirtualTime;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.ContextPropagators;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.ReadWriteSpan;
import io.opentelemetry.sdk.trace.ReadableSpan;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The servers, clients and spans of one test. After the test it checks what must hold after every
 * test: each span that was started has ended, and none twice.
 */
final class World implements AfterEachCallback {

  static final String HOST = "orders.test";

  /** Takes the servers in the order of the list, each once: tests then know who is next. */
  static final Chooser IN_ORDER =
      (eligible, request) -> {
        for (Endpoint endpoint : eligible) {
          if (!request.skips(endpoint)) {
            return endpoint;
          }
        }
        return eligible.get(0);
      };

  /** So long a test waits for what is bound to come, before it fails. */
  static final int PATIENCE_SECONDS = 30;

  /** Kept, since the settings of a logger go with it. Broken connections are what is tested. */
  private static final List<Logger> QUIET =
      List.of(
          Logger.getLogger(OkHttpClient.class.getName()),
          Logger.getLogger(MockWebServer.class.getName()));

  /** Where the SDK tells of spans that are ended twice. */
  private static final Logger SDK_SPANS = Logger.getLogger("io.opentelemetry.sdk.trace.SdkSpan");

  static {
    QUIET.forEach(logger -> logger.setLevel(Level.SEVERE));
    SDK_SPANS.setLevel(Level.ALL);
    SDK_SPANS.setUseParentHandlers(false);
  }

  private final Deque<AutoCloseable> resources = new ArrayDeque<>();
  private final VirtualTime time = new VirtualTime();
  private final InMemorySpanExporter exporter = InMemorySpanExporter.create();
  private final AtomicInteger started = new AtomicInteger();
  private final Semaphore ended = new Semaphore(0);
  private final Queue<String> complaints = new ConcurrentLinkedQueue<>();
  private final OpenTelemetrySdk openTelemetry =
      OpenTelemetrySdk.builder()
          .setTracerProvider(
              SdkTracerProvider.builder()
                  .addSpanProcessor(SimpleSpanProcessor.create(exporter))
                  .addSpanProcessor(new Counting())
                  .build())
          .setPropagators(ContextPropagators.create(W3CTraceContextPropagator.getInstance()))
          .build();

  World() {
    Handler handler = new Complaints();
    SDK_SPANS.addHandler(handler);
    resources.push(() -> SDK_SPANS.removeHandler(handler));
    resources.push(openTelemetry);
  }

  /** The time of the balancers; it stands still. */
  VirtualTime time() {
    return time;
  }

  OpenTelemetrySdk openTelemetry() {
    return openTelemetry;
  }

  MockWebServer server() throws IOException {
    MockWebServer server = new MockWebServer();
    resources.push(server);
    server.start(InetAddress.getLoopbackAddress(), 0);
    return server;
  }

  /** What discovery would say of it. */
  static Server at(String id, MockWebServer server) {
    return Server.builder("127.0.0.1", server.getPort()).id(id).build();
  }

  /** A server whose port refuses connections. It is bound, so that nobody else can take it. */
  Server refusing(String id) throws IOException {
    Socket bound = new Socket();
    resources.push(bound);
    bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
    return Server.builder("127.0.0.1", bound.getLocalPort()).id(id).build();
  }

  /** A balancer whose control path runs on the test's thread alone. */
  LoadBalancer balancer(ServerList servers) {
    LoadBalancer balancer =
        LoadBalancer.builder("orders")
            .servers(servers)
            .chooser(IN_ORDER)
            .leakSampling(0)
            .withoutOutlierDetection()
            .scheduler(time)
            .nanoTime(time)
            .build();
    resources.push(balancer);
    return balancer;
  }

  /** An interceptor for {@link #HOST} without chance: no random wait, no breaker, no budget. */
  LoadBalancingInterceptor.Builder balancing(Server... servers) {
    return LoadBalancingInterceptor.builder()
        .service(HOST, balancer(ServerList.of(servers)))
        .withoutCircuitBreaker()
        .retry(retries().build());
  }

  static RetryPolicy.Builder retries() {
    return RetryPolicy.builder()
        .baseBackoff(Duration.ZERO)
        .maxBackoff(Duration.ZERO)
        .withoutBudget();
  }

  /** A traced client of these servers, preferred in this order. */
  OkHttpClient client(Server... servers) {
    return client(balancing(servers).build(), client -> {});
  }

  /** A traced client whose calls are hedged after a millisecond. */
  OkHttpClient hedgingClient(Server... servers) {
    RetryPolicy policy = retries().hedge(HedgePolicy.after(Duration.ofMillis(1))).build();
    return client(balancing(servers).retry(policy).build(), client -> {});
  }

  OkHttpClient client(
      LoadBalancingInterceptor balancing, Consumer<OkHttpClient.Builder> beforeTracing) {
    OkHttpClient.Builder client = balancing.install(new OkHttpClient.Builder());
    beforeTracing.accept(client);
    return traced(client.build());
  }

  OkHttpClient traced(OkHttpClient client) {
    return traced(client, openTelemetry);
  }

  /** Closes the client's connections after the test, before the servers. */
  OkHttpClient traced(OkHttpClient client, OpenTelemetry openTelemetry) {
    resources.push(
        () -> {
          client.dispatcher().executorService().shutdownNow();
          client.connectionPool().evictAll();
        });
    return AttemptTracing.of(openTelemetry).install(client);
  }

  static Request request(String path) {
    return new Request.Builder().url("http://" + HOST + path).build();
  }

  /** Calls, and returns the status; the body is read. */
  static int get(OkHttpClient client, String path) throws IOException {
    try (var response = client.newCall(request(path)).execute()) {
      String unused = response.body().string();
      return response.code();
    }
  }

  /** Starts a span for calls to be within. */
  Span parent() {
    return openTelemetry.getTracer("test").spanBuilder("parent").startSpan();
  }

  /** Waits until so many spans have ended, and returns them in the order of their starts. */
  List<SpanData> spans(int count) throws InterruptedException {
    assertThat(ended.tryAcquire(count, PATIENCE_SECONDS, TimeUnit.SECONDS))
        .as("%s spans, of %s", count, exporter.getFinishedSpanItems())
        .isTrue();
    ended.release(count);
    assertThat(exporter.getFinishedSpanItems()).hasSize(count);
    return exporter.getFinishedSpanItems().stream()
        .sorted(Comparator.comparingLong(SpanData::getStartEpochNanos))
        .toList();
  }

  /** Enqueues the call; the latch opens when it is over, and its response closed. */
  static CountDownLatch enqueue(Call call) {
    CountDownLatch over = new CountDownLatch(1);
    call.enqueue(
        new Callback() {
          @Override
          public void onFailure(Call failed, IOException e) {
            over.countDown();
          }

          @Override
          public void onResponse(Call answered, Response response) {
            response.close();
            over.countDown();
          }
        });
    return over;
  }

  /** The next request that the server got. */
  static RecordedRequest received(MockWebServer server) throws InterruptedException {
    RecordedRequest request = server.takeRequest(PATIENCE_SECONDS, TimeUnit.SECONDS);
    assertThat(request).as("request").isNotNull();
    return request;
  }

  /** Checks that the next request told the server of this span, as its parent. */
  static void assertTold(MockWebServer server, SpanData span) throws InterruptedException {
    assertThat(received(server).getHeaders().values("traceparent"))
        .containsExactly(
            "00-"
                + span.getTraceId()
                + "-"
                + span.getSpanId()
                + "-"
                + span.getSpanContext().getTraceFlags().asHex());
  }

  @Override
  public void afterEach(ExtensionContext context) throws Exception {
    try {
      if (context.getExecutionException().isEmpty()) {
        assertThat(ended.availablePermits()).as("spans that ended").isEqualTo(started.get());
        assertThat(complaints).isEmpty();
        assertThat(Context.current()).as("context that is left").isSameAs(Context.root());
      }
    } finally {
      while (!resources.isEmpty()) {
        resources.pop().close();
      }
    }
  }

  private final class Counting implements SpanProcessor {
    @Override
    public void onStart(Context parent, ReadWriteSpan span) {
      started.incrementAndGet();
    }

    @Override
    public boolean isStartRequired() {
      return true;
    }

    @Override
    public void onEnd(ReadableSpan span) {
      ended.release();
    }

    @Override
    public boolean isEndRequired() {
      return true;
    }
  }

  private final class Complaints extends Handler {
    @Override
    public void publish(LogRecord complaint) {
      complaints.add(complaint.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
