package io.evenload.testing.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.logging.Level;
import java.util.logging.Logger;
import java.util.stream.Stream;
import mockwebserver3.MockWebServer;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The servers of a test, as a JUnit extension. After each test it closes what the test started or
 * gave it to {@linkplain #watch(LoadBalancer) watch}, the last first, and fails the test if an
 * attempt is still in flight then.
 *
 * <pre>{@code
 * @RegisterExtension final Backends backends = new Backends();
 *
 * @Test
 * void order_oneServerFails_anotherAnswers() throws IOException {
 *   Backend a = backends.start("a").next(Reply.status(503));
 *   Backend b = backends.start("b");
 *   LoadBalancer orders = backends.watch(backends.balancer("orders", a, b).build());
 *   ...
 * }
 * }</pre>
 *
 * <p>In a static field it serves all tests of a class: what was started before the first test runs
 * until the last is over, and {@linkplain Backend#forget() forgets} its requests and script after
 * each. Tests that run at the same time need an extension each.
 */
public final class Backends
    implements BeforeAllCallback, BeforeEachCallback, AfterEachCallback, AfterAllCallback {

  /**
   * 2 s: how long what is in flight at the end of a test has to come to an end. What a test was
   * right to leave, such as the losing attempt of a hedge, ends within milliseconds.
   */
  public static final Duration GRACE = Duration.ofSeconds(2);

  private static final long POLL_NANOS = Duration.ofMillis(5).toNanos();

  /** Kept, since the settings of a logger go with it. Broken connections are what tests want. */
  private static final Logger SERVER_LOG = Logger.getLogger(MockWebServer.class.getName());

  private final List<Backend> started = new ArrayList<>();
  private final List<LoadBalancer> balancers = new ArrayList<>();
  private final List<OkHttpClient> clients = new ArrayList<>();
  private final Deque<Runnable> closing = new ArrayDeque<>();
  private boolean shared;
  private int ofTheClass;

  static {
    SERVER_LOG.setLevel(Level.SEVERE);
  }

  /** Creates an extension without servers. */
  public Backends() {}

  /**
   * Starts a server at a free port of this machine, which answers every request with 200.
   *
   * @param id the id of its {@link Backend#server()}
   */
  public Backend start(String id) {
    return start(id, server -> {});
  }

  /**
   * Starts a server that is configured first, as for TLS or HTTP/2.
   *
   * @param id the id of its {@link Backend#server()}
   * @param configure sets anything but dispatcher and sockets; called again at each {@link
   *     Backend#restart()}
   */
  public Backend start(String id, Consumer<MockWebServer> configure) {
    Backend backend = new Backend(id, configure);
    started.add(backend);
    closing.push(
        () -> {
          started.remove(backend);
          backend.close();
        });
    return backend;
  }

  /**
   * Returns a builder of a balancer of these servers, which prefers them in this order, so that a
   * test knows which is called: the first that the call has not tried and that may be chosen.
   *
   * @param name the service's name
   */
  public LoadBalancer.Builder balancer(String name, Backend... backends) {
    return LoadBalancer.builder(name)
        .servers(ServerList.of(Stream.of(backends).map(Backend::server).toList()))
        .chooser(Choosers.firstAvailable());
  }

  /** Takes the balancer under watch, for attempts in flight after a test, and closes it then. */
  public LoadBalancer watch(LoadBalancer balancer) {
    balancers.add(requireNonNull(balancer, "balancer"));
    closing.push(
        () -> {
          balancers.remove(balancer);
          balancer.close();
        });
    return balancer;
  }

  /**
   * Takes the client under watch, for calls that still run after a test, and ends its threads and
   * connections then.
   */
  public OkHttpClient watch(OkHttpClient client) {
    clients.add(requireNonNull(client, "client"));
    closing.push(
        () -> {
          clients.remove(client);
          client.dispatcher().cancelAll();
          client.dispatcher().executorService().shutdown();
          client.connectionPool().evictAll();
        });
    return client;
  }

  @Override
  public void beforeAll(ExtensionContext context) {
    shared = true;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    if (shared) {
      ofTheClass = closing.size();
    }
  }

  /**
   * Closes what is the test's.
   *
   * @throws AssertionError if the test did not fail by itself, and an attempt or a call still runs
   */
  @Override
  public void afterEach(ExtensionContext context) {
    try {
      if (context.getExecutionException().isEmpty()) {
        verifyNothingRuns();
      }
    } finally {
      closeTo(ofTheClass);
      started.forEach(Backend::forget); // those of the class
    }
  }

  /** Closes what is the class's. */
  @Override
  public void afterAll(ExtensionContext context) {
    closeTo(0);
  }

  /** Closes the last first, and the others also if one cannot be closed. */
  private void closeTo(int size) {
    while (closing.size() > size) {
      Runnable last = closing.pop();
      try {
        last.run();
      } catch (RuntimeException | Error e) {
        closeTo(size);
        throw e;
      }
    }
  }

  /** Waits for what is about to end, and tells what does not. */
  private void verifyNothingRuns() {
    long start = System.nanoTime();
    List<String> running = running();
    while (!running.isEmpty() && System.nanoTime() - start < GRACE.toNanos()) {
      LockSupport.parkNanos(POLL_NANOS);
      running = running();
    }
    if (!running.isEmpty()) {
      throw new AssertionError(
          "after the test: "
              + String.join(", ", running)
              + " (expected: nothing; is every response closed, every call over, every attempt"
              + " ended?)");
    }
  }

  private List<String> running() {
    List<String> running = new ArrayList<>();
    for (LoadBalancer balancer : balancers) {
      for (EndpointStatus endpoint : balancer.status().endpoints()) {
        if (endpoint.inFlight() != 0) {
          running.add(
              balancer.name()
                  + ": "
                  + endpoint.inFlight()
                  + " in flight at "
                  + endpoint.server().id());
        }
      }
    }
    int calls =
        clients.stream()
            .map(OkHttpClient::dispatcher)
            .mapToInt(dispatcher -> dispatcher.queuedCallsCount() + dispatcher.runningCallsCount())
            .sum();
    if (calls != 0) {
      running.add(calls + " calls of clients");
    }
    return running;
  }
}
