package io.evenload.okhttp;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.health.HealthCheck;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.Okio;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * nginx and HAProxy as servers, which are reloaded, stopped, killed, frozen, removed and added
 * while eight threads call: every GET is answered but those whose response broke after it had
 * begun, no POST is executed twice, and nothing is left over.
 *
 * <p>Why no GET can run out of attempts: at most one server is broken at any time, and two of the
 * other four stand behind an HAProxy that fails one request in ten. An attempt goes to a server
 * that the call has not tried while there is one, so at least two of {@value #ATTEMPTS} reach
 * servers that are well.
 */
class RealServersIT {

  private static final int THREADS = 8;
  private static final int ATTEMPTS = 6;
  private static final int KEEP_ALIVE_REQUESTS = 200;
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(2);
  private static final long OUTAGE_MILLIS = 1200;
  private static final long REST_MILLIS = 600;

  @RegisterExtension final Backends backends = new Backends();
  @TempDir Path directory;

  private final CountDownLatch over = new CountDownLatch(1);
  private final AtomicInteger gets = new AtomicInteger();
  private final AtomicInteger posts = new AtomicInteger();
  private final AtomicInteger orders = new AtomicInteger();
  private final Queue<String> failedGets = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicInteger> brokenBodies = new ConcurrentSkipListMap<>();
  private final Map<String, AtomicInteger> failedPosts = new ConcurrentSkipListMap<>();
  private final Queue<IOException> postFailures = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicInteger> executed = new ConcurrentHashMap<>();
  private final Map<String, List<CallAttempt>> attempts = new ConcurrentHashMap<>();
  private final Queue<String> succeeded = new ConcurrentLinkedQueue<>();
  private final List<RealServer> nginx = new ArrayList<>();
  private final List<RealServer> listed = new ArrayList<>();
  private final UpdatableServerList list = new UpdatableServerList();

  @BeforeEach
  void startServers() throws IOException {
    HttpServer application =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    application.createContext(
        "/orders/",
        exchange -> {
          try (exchange) {
            exchange.getRequestBody().readAllBytes();
            String order = exchange.getRequestURI().getPath();
            executed.computeIfAbsent(order, any -> new AtomicInteger()).incrementAndGet();
            exchange.sendResponseHeaders(200, -1);
          }
        });
    application.start();
    backends.closeAfterTest(() -> application.stop(0));
    int port = application.getAddress().getPort();
    for (String id : List.of("a", "b", "c", "d", "e", "spare")) {
      nginx.add(start(RealServer.nginx(id, directory, KEEP_ALIVE_REQUESTS, port)));
    }
    listed.addAll(nginx.subList(0, 3));
    listed.add(start(RealServer.flakyHaproxy("proxy-d", directory, nginx.get(3))));
    listed.add(start(RealServer.flakyHaproxy("proxy-e", directory, nginx.get(4))));
    list();
  }

  private RealServer start(RealServer server) throws IOException {
    backends.closeAfterTest(server);
    return server.start(backends.signal());
  }

  private void list() {
    list.update(listed.stream().map(RealServer::server).toList());
  }

  @ParameterizedTest
  @CsvSource({"HTTP_2, 45", "HTTP_1_1, 20"})
  void calls_whileRealServersFail_areAnsweredAndPostsExecutedOnce(Protocol protocol, int seconds)
      throws Exception {
    BalancedClient client = client(protocol, false); // HAProxy refuses what it has passed on
    Map<String, Integer> done = whileCalling(client, () -> disturb(seconds));

    report(protocol, client, done);
    assertThat(client.calls().retries()).as("retries").isPositive();
    assertCallsWereRight(client);
  }

  /**
   * Nobody can tell whether a server began with a request that was being written when its
   * connection closed, so such a POST fails. All other calls are saved.
   */
  @Test
  void calls_whileConnectionsGoAway_succeedButForPostsBeingWritten() throws Exception {
    listed.subList(3, 5).clear();
    list();
    BalancedClient client = client(Protocol.HTTP_2, true);
    Map<String, Integer> done = whileCalling(client, this::reloadOften);

    report(Protocol.HTTP_2, client, done);
    assertThat(brokenBodies).as("GETs that failed after their response had begun").isEmpty();
    assertThat(postFailures)
        .as("POSTs that failed, but not as they were written")
        .filteredOn(failure -> !failedInWriting(failure))
        .isEmpty();
    assertThat(failedPosts.values().stream().mapToInt(AtomicInteger::get).sum())
        .as("POSTs that failed, be it with an answer or without")
        .isEqualTo(postFailures.size());
    assertCallsWereRight(client);
  }

  private static boolean failedInWriting(IOException failure) {
    return Arrays.stream(failure.getStackTrace())
        .anyMatch(frame -> frame.getClassName().equals("okhttp3.internal.http2.Http2Writer"));
  }

  /** nginx says GOAWAY when it reloads, and after every {@value #KEEP_ALIVE_REQUESTS} requests. */
  private Map<String, Integer> reloadOften() throws IOException {
    int reloads = 0;
    for (long end = endIn(10); System.nanoTime() < end; reloads++) {
      nginx.get(reloads % 3).reload();
      pause(REST_MILLIS);
    }
    return Map.of("reload", reloads);
  }

  private Map<String, Integer> whileCalling(
      BalancedClient client, Callable<Map<String, Integer>> disturbance) throws Exception {
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      RandomGenerator random = new SplittableRandom(i);
      callers.add(Threads.start(() -> callUntilOver(client, random)));
    }
    Map<String, Integer> done = disturbance.call();
    over.countDown();
    for (Thread caller : callers) {
      caller.join();
    }
    return done;
  }

  private void assertCallsWereRight(BalancedClient client) throws IOException {
    assertThat(failedGets).as("GETs that failed although nothing of a response came").isEmpty();
    assertThat(executed.keySet().stream().filter(order -> executed.get(order).get() > 1))
        .as("POSTs that were executed twice")
        .extracting(order -> order + " by " + attempts.get(order))
        .isEmpty();
    assertThat(executed.keySet()).containsAll(succeeded);
    assertThat(postsLogged()).doesNotHaveDuplicates();
    assertThat(gets.get()).as("GETs").isGreaterThan(100);
    backends.await(() -> client.inFlight() == 0 && client.busyConnections() == 0);
    client.http().connectionPool().evictAll();
    assertThat(client.http().connectionPool().connectionCount()).isZero();
  }

  private BalancedClient client(Protocol protocol, boolean refusalsTrusted) {
    OkHttpClient.Builder prober = new OkHttpClient.Builder();
    Wire.HTTP_2.configure(prober);
    OkHttpClient probing = prober.hostnameVerifier((host, session) -> true).build();
    backends.closeAfterTest(() -> probing.dispatcher().executorService().shutdown());
    backends.closeAfterTest(() -> probing.connectionPool().evictAll());
    HealthCheck check =
        HealthCheck.builder(probe(probing))
            .interval(Duration.ofMillis(500))
            .fastInterval(Duration.ofMillis(200))
            .build();
    return backends
        .client(Wire.HTTP_2, new Server[0])
        .servers(list)
        .chooser(Choosers.powerOfTwoChoices())
        .balancer(balancer -> balancer.healthCheck(check))
        .balancing(
            options ->
                options.retry(
                    Policies.immediate(ATTEMPTS).refusalsTrusted(refusalsTrusted).build()))
        .http(
            http ->
                http.readTimeout(READ_TIMEOUT)
                    .protocols(
                        protocol == Protocol.HTTP_2
                            ? List.of(Protocol.HTTP_2, Protocol.HTTP_1_1)
                            : List.of(Protocol.HTTP_1_1)))
        .build();
  }

  private static HealthProbe probe(OkHttpClient probing) {
    return (server, timeout) -> {
      CompletableFuture<HealthReport> report = new CompletableFuture<>();
      String url = "https://" + server.host() + ":" + server.port() + "/";
      Call call = probing.newCall(new Request.Builder().url(url).build());
      call.timeout().timeout(timeout.toMillis(), MILLISECONDS);
      call.enqueue(
          new Callback() {
            @Override
            public void onFailure(Call failed, IOException failure) {
              report.completeExceptionally(failure);
            }

            @Override
            public void onResponse(Call answered, Response response) {
              response.close();
              report.complete(HealthReport.healthy());
            }
          });
      return report;
    };
  }

  private void callUntilOver(BalancedClient client, RandomGenerator random) {
    while (over.getCount() > 0) {
      int kind = random.nextInt(10);
      if (kind < 2) {
        post(client);
      } else {
        get(client, kind == 2 ? "/big" : "/");
      }
      backends.signal().changed();
    }
  }

  private void get(BalancedClient client, String path) {
    gets.incrementAndGet();
    Request request = client.request(path).build();
    try (Response response = client.http().newCall(request).execute()) {
      if (response.code() != 200) {
        failedGets.add(path + ": " + response.code());
        return;
      }
      try {
        response.body().source().readAll(Okio.blackhole());
      } catch (IOException e) {
        count(brokenBodies, e);
      }
    } catch (IOException | RuntimeException e) {
      failedGets.add(path + ": " + e + ", before it: " + List.of(e.getSuppressed()));
    }
  }

  private void post(BalancedClient client) {
    posts.incrementAndGet();
    String order = "/orders/" + orders.incrementAndGet();
    Request request = client.request(order).post(RequestBody.create("one order", null)).build();
    try (Response response = client.http().newCall(request).execute()) {
      attempts.put(order, LoadBalancingInterceptor.attemptsOf(response));
      if (response.code() == 200) {
        succeeded.add(order);
      } else {
        count(failedPosts, response.code());
      }
    } catch (IOException e) {
      attempts.put(order, LoadBalancingInterceptor.attemptsOf(e));
      postFailures.add(e);
      count(failedPosts, e);
    }
  }

  private static void count(Map<String, AtomicInteger> reasons, Object reason) {
    String text =
        reason instanceof IOException e
            ? e.getClass().getSimpleName() + " (" + e.getMessage() + ")"
            : "" + reason;
    reasons.computeIfAbsent(text, any -> new AtomicInteger()).incrementAndGet();
  }

  /** What is done to one server. */
  @FunctionalInterface
  private interface Disturbance {
    void happen(RealServer server) throws IOException;
  }

  /** Breaks one server after the other, and returns what was done how often. */
  private Map<String, Integer> disturb(int seconds) throws Exception {
    Map<String, Disturbance> kinds =
        Map.of(
            "reload", server -> server.reload(),
            "stop", server -> outage(server, () -> server.stopGracefully("QUIT")),
            "kill", server -> outage(server, server::kill),
            "freeze", this::freeze,
            "remove", this::remove,
            "add", server -> add(nginx.get(nginx.size() - 1)),
            "kill HAProxy", server -> outage(listed.get(3), listed.get(3)::kill));
    List<String> names = kinds.keySet().stream().sorted().toList();
    Map<String, Integer> done = new ConcurrentSkipListMap<>();
    long end = endIn(seconds);
    for (int i = 0; System.nanoTime() < end || i < names.size(); i++) {
      String name = names.get(i % names.size());
      kinds.get(name).happen(nginx.get(i % 3));
      done.merge(name, 1, Integer::sum);
      pause(REST_MILLIS);
    }
    return done;
  }

  private static long endIn(int seconds) {
    return System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
  }

  /** Something that may fail to be done to a server. */
  @FunctionalInterface
  private interface Action {
    void run() throws IOException;
  }

  private void outage(RealServer server, Action action) throws IOException {
    action.run();
    pause(OUTAGE_MILLIS);
    server.start(backends.signal());
  }

  private void freeze(RealServer server) throws IOException {
    server.freeze();
    pause(2 * OUTAGE_MILLIS);
    server.unfreeze();
  }

  private void remove(RealServer server) {
    listed.remove(server);
    list();
    pause(OUTAGE_MILLIS);
    listed.add(0, server);
    list();
  }

  private void add(RealServer server) {
    listed.add(server);
    list();
    pause(OUTAGE_MILLIS);
    listed.remove(server);
    list();
  }

  /** Lets the calls go on for so long. */
  private void pause(long millis) {
    try {
      assertThat(over.await(millis, MILLISECONDS)).isFalse();
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  private List<String> postsLogged() throws IOException {
    List<String> logged = new ArrayList<>();
    for (RealServer server : nginx) {
      server.log().stream().filter(line -> line.startsWith("POST ")).forEach(logged::add);
    }
    return logged;
  }

  private void report(Protocol protocol, BalancedClient client, Map<String, Integer> done)
      throws IOException {
    Map<Outcome, AtomicInteger> attempts = new ConcurrentSkipListMap<>();
    client
        .ended()
        .forEach(
            end ->
                attempts
                    .computeIfAbsent(end.outcome(), any -> new AtomicInteger())
                    .incrementAndGet());
    System.out.printf(
        "Real servers over %s, disturbed by %s:%n"
            + "  %d GETs: %d failed before a response, %s broke after it had begun%n"
            + "  %d POSTs: %d succeeded, %s failed; %d executed, %d of them twice; %d logged%n"
            + "  attempts %s, %d retries after %s, not retried: %s%n",
        protocol,
        done,
        gets.get(),
        failedGets.size(),
        brokenBodies,
        posts.get(),
        succeeded.size(),
        failedPosts,
        executed.size(),
        executed.values().stream().filter(count -> count.get() > 1).count(),
        postsLogged().size(),
        attempts,
        client.calls().retries(),
        client.calls().retryReasons(),
        client.calls().refusals().stream().distinct().toList());
  }
}
