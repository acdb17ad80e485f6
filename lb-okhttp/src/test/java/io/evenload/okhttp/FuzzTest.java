package io.evenload.okhttp;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import java.io.IOException;
import java.lang.Thread.UncaughtExceptionHandler;
import java.lang.management.ManagementFactory;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Servers that send anything: every call ends, with a response or an IOException, no POST arrives
 * at two servers, and nothing is left over.
 *
 * <p>A case that fails tells its seed and what the servers sent. To run it alone: {@code
 * -Dfuzz.seed=SEED -Dfuzz.cases=1}.
 */
class FuzzTest {

  private static final long FIRST_SEED = Long.getLong("fuzz.seed", 20_000_000);
  private static final int THREADS = 24; // most of them wait for a timeout
  private static final Duration TIMEOUT = Duration.ofMillis(150);
  private static final int SOCKETS_TO_SPARE = 20;

  @RegisterExtension final Backends backends = new Backends();

  private final AtomicLong next = new AtomicLong(FIRST_SEED);
  private final AtomicInteger responses = new AtomicInteger();
  private final AtomicInteger exceptions = new AtomicInteger();
  private final Queue<String> failures = new ConcurrentLinkedQueue<>();

  /** OkHttp's own threads do fail, as at settings that shrink the table of headers. */
  private final Queue<Throwable> uncaught = new ConcurrentLinkedQueue<>();

  @BeforeEach
  void watchThreads() {
    UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
    Thread.setDefaultUncaughtExceptionHandler((thread, e) -> uncaught.add(e));
    backends.closeAfterTest(() -> Thread.setDefaultUncaughtExceptionHandler(before));
  }

  @ParameterizedTest
  @CsvSource({"HTTP_1, 8000", "HTTP_2_CLEARTEXT, 4000", "HTTP_2, 500"})
  void call_serverSendsAnything_endsWithResponseOrIoException(Wire wire, int cases)
      throws Exception {
    int total = Integer.getInteger("fuzz.cases", cases);
    List<Worker> workers = new ArrayList<>();
    for (int i = 0; i < THREADS; i++) {
      workers.add(new Worker(wire));
    }
    long socketsBefore = openFiles();
    runAll(workers, total);

    assertThat(failures)
        .as("%d responses, %d exceptions", responses.get(), exceptions.get())
        .isEmpty();
    assertThat(uncaught).noneMatch(e -> stack(e.getStackTrace()).contains("io.evenload"));
    assertThat(responses.get() + exceptions.get()).isEqualTo(total);
    assertThat(exceptions).as("calls that failed").hasPositiveValue();
    if (wire != Wire.HTTP_2) { // there it would take a handshake
      assertThat(responses).as("calls that were answered").hasPositiveValue();
    }
    backends.await(() -> openFiles() <= socketsBefore + SOCKETS_TO_SPARE);
  }

  private void runAll(List<Worker> workers, int total) throws InterruptedException {
    Map<Thread, Worker> running = new LinkedHashMap<>();
    workers.forEach(worker -> running.put(Threads.start(() -> worker.run(total)), worker));
    for (Map.Entry<Thread, Worker> one : running.entrySet()) {
      Thread thread = one.getKey();
      thread.join(TimeUnit.MINUTES.toMillis(5));
      if (thread.isAlive()) {
        failures.add("does not end: " + one.getValue().current + stack(thread.getStackTrace()));
      }
    }
  }

  private static String stack(StackTraceElement[] frames) {
    return Stream.of(frames).map(frame -> "\n    at " + frame).collect(joining());
  }

  private static long openFiles() {
    return ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean unix
        ? unix.getOpenFileDescriptorCount()
        : 0;
  }

  /** A thread with servers and a client of its own, so that cases do not meet. */
  private final class Worker {
    private final RawBackend a;
    private final RawBackend b;
    private final BalancedClient client;
    private volatile FuzzCase current;

    Worker(Wire wire) throws IOException {
      current = new FuzzCase(0, wire);
      a = backends.raw("a", connection -> current.serve(connection));
      b = backends.raw("b", connection -> current.serve(connection));
      client =
          backends
              .client(wire, a.server(), b.server())
              .balancing(
                  interceptor ->
                      interceptor
                          .timing(withoutWaiting())
                          .hints(BackendHints.builder().loadReports().build()))
              .http(
                  http ->
                      http.readTimeout(TIMEOUT)
                          .writeTimeout(TIMEOUT)
                          .dns(
                              host -> {
                                throw new UnknownHostException(host);
                              }))
              .build();
    }

    private Timing withoutWaiting() {
      return new Timing(
          System::nanoTime,
          () -> 1_700_000_000_000L,
          new SplittableRandom(1),
          (ended, nanos) -> ended.getCount() == 0,
          Timing.SYSTEM.timer(),
          Timing.SYSTEM.workers());
    }

    void run(int total) {
      for (long seed = next.getAndIncrement();
          seed < FIRST_SEED + total;
          seed = next.getAndIncrement()) {
        current = new FuzzCase(seed, client.wire());
        try {
          run(current);
        } catch (Throwable e) {
          failures.add(current + "\n  " + e + stack(e.getStackTrace()));
          next.addAndGet(total / 3); // a few are enough to see
        }
      }
    }

    private void run(FuzzCase fuzz) {
      ConnectionPool pool = new ConnectionPool(5, 1, TimeUnit.MINUTES);
      OkHttpClient http = client.http().newBuilder().connectionPool(pool).build();
      try {
        if (fuzz.call(http)) {
          responses.incrementAndGet();
        }
      } catch (IOException e) {
        exceptions.incrementAndGet();
      }
      backends.await(
          () -> client.inFlight() == 0 && pool.connectionCount() == pool.idleConnectionCount());
      pool.evictAll();
      if (fuzz.isPost()) {
        assertThat(arrivals(a, fuzz) + arrivals(b, fuzz))
            .as("how often the POST arrived")
            .isLessThanOrEqualTo(1);
      }
    }

    private static long arrivals(RawBackend backend, FuzzCase fuzz) {
      return backend.requests().stream()
          .filter(line -> line.startsWith("POST " + fuzz.path() + " "))
          .count();
    }
  }
}
