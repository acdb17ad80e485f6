package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Supplier;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Three services in a chain with real servers, of which the last gets four times what it can serve
 * for some seconds: what it accepts reaches the caller, retries add little, and it is soon well
 * again. What is asserted is relative to what the last service did, so that it holds on a machine
 * that does other things, too.
 */
final class OverloadOverSocketsTest {

  private static final int LAST_SERVERS = 2;
  private static final int WORK_MILLIS = 40; // so 50 calls a second in all
  private static final int LONGEST_QUEUE = 3;
  private static final int CALLERS = 20;
  private static final int PERIOD_MILLIS = 100; // so 200 calls a second
  private static final int OVERLOAD_SECONDS = Integer.getInteger("overload.seconds", 5);

  private final Deque<AutoCloseable> resources = new ArrayDeque<>();
  private final LongAdder arrived = new LongAdder();
  private final LongAdder accepted = new LongAdder();
  private final CountDownLatch never = new CountDownLatch(1);

  @AfterEach
  void close() throws Exception {
    while (!resources.isEmpty()) {
      resources.pop().close();
    }
  }

  @Test
  void lastServiceOverloaded_withThrottling_wastesNothingAndIsSoonWellAgain() throws Exception {
    if (Boolean.getBoolean("overload.all")) {
      print("off", overload(chain(false)));
      arrived.reset();
      accepted.reset();
    }
    OkHttpClient first = chain(true);

    Counts counts = overload(first);

    print("on", counts);
    assertThat(counts.good.longValue())
        .as("good, of %s that the last service accepted", accepted)
        .isGreaterThan(accepted.sum() * 9 / 10);
    assertThat(arrived.sum())
        .as("attempts at the last service")
        .isLessThan(counts.calls.longValue() * 11 / 10);
    assertThat(secondsUntilWell(first)).isLessThanOrEqualTo(5);
  }

  /** A row of the table in docs/overload.md. */
  private void print(String throttling, Counts counts) {
    System.out.printf(
        Locale.ROOT,
        "| %s | %.2f | %.2f |%n",
        throttling,
        counts.good.get() * WORK_MILLIS / 1e3 / LAST_SERVERS / counts.seconds,
        arrived.doubleValue() / counts.calls.get());
  }

  private OkHttpClient chain(boolean throttled) throws IOException {
    List<Server> last = new ArrayList<>();
    for (int i = 0; i < LAST_SERVERS; i++) {
      last.add(server(new Worker()::work));
    }
    List<Server> middle = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      OkHttpClient toLast = client("last", last, throttled);
      middle.add(server(() -> relayed(toLast)));
    }
    return client("middle", middle, throttled);
  }

  /** Answers as the last service does; that it was not asked is a refusal, too. */
  private static MockResponse relayed(OkHttpClient toLast) {
    try (Response response = toLast.newCall(request("last")).execute()) {
      return response.isSuccessful() ? new MockResponse.Builder().build() : refusal();
    } catch (IOException e) {
      return refusal();
    }
  }

  private static MockResponse refusal() {
    return new MockResponse.Builder().code(503).addHeader("Retry-After", "0").build();
  }

  private OkHttpClient client(String host, List<Server> servers, boolean throttled) {
    LoadBalancer balancer = LoadBalancer.builder(host).servers(ServerList.of(servers)).build();
    resources.push(balancer);
    LoadBalancingInterceptor.Builder balancing =
        LoadBalancingInterceptor.builder().service(host, balancer);
    if (throttled) {
      balancing.throttling(Throttling.defaults());
    }
    OkHttpClient client =
        balancing
            .build()
            .install(new OkHttpClient.Builder())
            .connectionPool(new ConnectionPool(64, 5, TimeUnit.MINUTES))
            .build();
    resources.push(() -> client.connectionPool().evictAll());
    return client;
  }

  private Server server(Supplier<MockResponse> answer) throws IOException {
    MockWebServer server = new MockWebServer();
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            return answer.get();
          }
        });
    server.start();
    resources.push(server);
    return Server.of("127.0.0.1", server.getPort());
  }

  private static Request request(String host) {
    return new Request.Builder().url("http://" + host + "/").build();
  }

  /** Calls from as many threads, each at its times, whatever the answers take. */
  private Counts overload(OkHttpClient client) throws InterruptedException {
    Counts counts = new Counts();
    long begin = System.nanoTime();
    long end = begin + TimeUnit.SECONDS.toNanos(OVERLOAD_SECONDS);
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(
          Threads.start(
              () -> {
                for (long next = System.nanoTime(); next < end; ) {
                  counts.add(good(client));
                  next += TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS);
                  pause(next - System.nanoTime());
                }
              }));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    counts.seconds = (System.nanoTime() - begin) / 1e9;
    return counts;
  }

  /** How long it takes until twenty calls in turn, slowly, all get a good answer. */
  private long secondsUntilWell(OkHttpClient client) throws InterruptedException {
    long begin = System.nanoTime();
    long since = begin;
    for (int inTurn = 0; inTurn < 20; inTurn++) {
      if (!good(client)) {
        inTurn = -1;
        since = System.nanoTime();
      }
      pause(TimeUnit.MILLISECONDS.toNanos(PERIOD_MILLIS / 2));
    }
    return TimeUnit.NANOSECONDS.toSeconds(since - begin);
  }

  private static boolean good(OkHttpClient client) {
    try (Response response = client.newCall(request("middle")).execute()) {
      return response.isSuccessful();
    } catch (IOException e) {
      return false;
    }
  }

  private void pause(long nanos) throws InterruptedException {
    if (nanos > 0) {
      boolean unused = never.await(nanos, TimeUnit.NANOSECONDS);
    }
  }

  /** A server of the last service: one call at a time, a short queue, and refusals beyond it. */
  private final class Worker {
    private final Semaphore worker = new Semaphore(1, true);
    private final AtomicInteger here = new AtomicInteger();

    MockResponse work() {
      arrived.increment();
      if (here.incrementAndGet() > LONGEST_QUEUE + 1) {
        here.decrementAndGet();
        return refusal();
      }
      accepted.increment();
      worker.acquireUninterruptibly();
      try {
        pause(TimeUnit.MILLISECONDS.toNanos(WORK_MILLIS));
        return new MockResponse.Builder().build();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return refusal();
      } finally {
        worker.release();
        here.decrementAndGet();
      }
    }
  }

  /** What came of the calls from outside. */
  private static final class Counts {
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicInteger good = new AtomicInteger();
    private double seconds;

    void add(boolean ok) {
      calls.incrementAndGet();
      if (ok) {
        good.incrementAndGet();
      }
    }
  }
}
