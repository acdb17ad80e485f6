package io.evenload.okhttp;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.util.stream.Collectors.partitioningBy;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.Server;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import jdk.jfr.Recording;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledForJreRange;
import org.junit.jupiter.api.io.TempDir;

/** Many calls from many threads at once: nothing of ours pins a thread, and nothing piles up. */
class VirtualThreadsTest {

  private static final int SERVERS = 4;
  private static final int WARM_UP_CALLS = 10_000;

  /** Less than 100 bytes for each of 100,000 calls: a call that stayed reachable is far larger. */
  private static final long MOST_GROWTH_BYTES = 10_000_000;

  @TempDir Path directory;

  private final List<KeepAliveServer> servers = new ArrayList<>();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private LoadBalancer balancer;
  private OkHttpClient http;

  @BeforeEach
  void start() throws IOException {
    for (int i = 0; i < SERVERS; i++) {
      servers.add(new KeepAliveServer());
    }
    balancer =
        LoadBalancer.of(
            "orders", servers.stream().map(KeepAliveServer::server).toArray(Server[]::new));
    http =
        LoadBalancingInterceptor.of(BalancedClient.HOST, balancer)
            .install(new OkHttpClient.Builder())
            .connectionPool(new ConnectionPool(2000, 5, TimeUnit.MINUTES))
            .build();
  }

  @AfterEach
  void stop() throws IOException {
    balancer.close();
    http.connectionPool().evictAll();
    http.dispatcher().executorService().shutdown();
    for (KeepAliveServer server : servers) {
      server.close();
    }
  }

  @Test
  @DisplayName("54: 1,000 virtual threads make 100,000 calls: no pin of ours, nothing left over")
  @EnabledForJreRange(minVersion = 21)
  void calls_virtualThreads_neverPinAndLeaveNothing() throws Exception {
    List<RecordedEvent> pins;
    try (Recording recording = new Recording()) {
      recording.enable("jdk.VirtualThreadPinned").withStackTrace().withoutThreshold();
      assertThatNothingIsLeft(1000, 100_000, virtualThreads(), recording);
      Path file = directory.resolve("pins.jfr");
      recording.dump(file);
      pins = RecordingFile.readAllEvents(file);
    }

    Map<Boolean, List<RecordedEvent>> ours =
        pins.stream().collect(partitioningBy(pin -> owner(pin).startsWith("io.evenload.")));
    System.out.printf(
        "Pinned virtual threads: %d by Evenload, %d by OkHttp or others%n",
        ours.get(true).size() - 1, ours.get(false).size());
    assertThat(ours.get(true))
        .as("pins of ours, of which one is provoked to see that pins are noticed")
        .extracting(VirtualThreadsTest::owner)
        .containsExactly(PinsWhenLoaded.class.getName());
  }

  @Test
  @DisplayName("54: the same from platform threads, of which fewer are affordable")
  void calls_platformThreads_leaveNothing() throws Exception {
    try (Recording recording = new Recording()) {
      assertThatNothingIsLeft(100, 20_000, Executors.newCachedThreadPool(), recording);
    }
  }

  /** Executors.newVirtualThreadPerTaskExecutor, which Java 17 does not have. */
  private static ExecutorService virtualThreads() throws ReflectiveOperationException {
    return (ExecutorService)
        Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  private void assertThatNothingIsLeft(
      int threads, int calls, ExecutorService executor, Recording recording) throws Exception {
    run(threads, WARM_UP_CALLS, Executors.newCachedThreadPool());
    http.connectionPool().evictAll();
    long before = usedBytes();
    recording.start();
    executor.submit(PinsWhenLoaded::load).get();
    run(threads, calls, executor);
    recording.stop();
    http.connectionPool().evictAll();
    assertThat(usedBytes() - before)
        .as("growth of the heap from %d bytes by %d calls", before, calls)
        .isLessThan(MOST_GROWTH_BYTES);
  }

  private void run(int threads, int calls, ExecutorService executor) throws Exception {
    AtomicInteger left = new AtomicInteger(calls);
    for (int i = 0; i < threads; i++) {
      executor.execute(() -> call(left));
    }
    executor.shutdown();
    assertThat(executor.awaitTermination(5, TimeUnit.MINUTES)).as("all calls end").isTrue();
    assertThat(failures).isEmpty();
    assertThat(balancer.status().endpoints()).extracting(EndpointStatus::inFlight).containsOnly(0);
    ConnectionPool pool = http.connectionPool();
    assertThat(pool.idleConnectionCount()).isEqualTo(pool.connectionCount());
  }

  private void call(AtomicInteger left) {
    Request request = new Request.Builder().url("http://" + BalancedClient.HOST + "/").build();
    while (left.getAndDecrement() > 0 && failures.isEmpty()) {
      try (Response response = http.newCall(request).execute()) {
        assertThat(response.body().string()).isEqualTo("ok");
      } catch (IOException | RuntimeException | AssertionError e) {
        failures.add(e);
      }
    }
  }

  private static long usedBytes() {
    System.gc();
    System.gc(); // the first one may only find what is to be finalized
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** The class that waited, or had the JDK wait, while its thread could not leave the carrier. */
  private static String owner(RecordedEvent pin) {
    return pin.getStackTrace().getFrames().stream()
        .filter(RecordedFrame::isJavaFrame)
        .map(frame -> frame.getMethod().getType().getName())
        .filter(name -> !name.matches("(java|javax|jdk|sun|com\\.sun)\\..*"))
        .findFirst()
        .orElse("the JDK");
  }

  /** Waits in its initializer, where no virtual thread can leave its carrier. */
  private static final class PinsWhenLoaded {
    static {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }

    static void load() {}
  }

  /** Answers every request of every connection with the same few bytes. */
  private static final class KeepAliveServer implements AutoCloseable {
    private static final byte[] ANSWER =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".getBytes(ISO_8859_1);

    private final ServerSocket listening =
        new ServerSocket(0, 2000, InetAddress.getLoopbackAddress());
    private final Queue<Socket> open = new ConcurrentLinkedQueue<>();

    KeepAliveServer() throws IOException {
      thread(this::accept);
    }

    Server server() {
      return Server.of(listening.getInetAddress().getHostAddress(), listening.getLocalPort());
    }

    private void accept() {
      while (true) {
        try {
          Socket socket = listening.accept();
          open.add(socket);
          thread(() -> serve(socket));
        } catch (IOException e) {
          return; // closed
        }
      }
    }

    private static void serve(Socket socket) {
      byte[] buffer = new byte[4096];
      try (socket) {
        socket.setTcpNoDelay(true);
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        int length = 0;
        for (int read = in.read(buffer); read > 0; read = in.read(buffer, length, 4096 - length)) {
          length += read;
          if (length >= 4 && buffer[length - 3] == '\n' && buffer[length - 1] == '\n') {
            out.write(ANSWER);
            length = 0;
          }
        }
      } catch (IOException e) {
        // The test is over.
      }
    }

    private static void thread(Runnable work) {
      Thread thread = new Thread(work, "keep-alive server");
      thread.setDaemon(true);
      thread.start();
    }

    @Override
    public void close() throws IOException {
      listening.close();
      for (Socket socket : open) {
        socket.close();
      }
    }
  }
}
