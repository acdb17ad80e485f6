package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.EventListener;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that are old: no call begins on them, and none fails for it. */
class ConnectionAgeTest {

  private static final Duration AGE = Duration.ofMinutes(5);
  private static final int MANY = 1_000;
  private static final int SERVERS = 10;

  @RegisterExtension final Backends backends = new Backends();

  private final ManualTimer timer = new ManualTimer();
  private final Queue<Connection> opened = new ConcurrentLinkedQueue<>();

  @ParameterizedTest
  @EnumSource(Wire.class)
  void maxAge_idleConnection_isClosed(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    BalancedClient client = ageing(backends.client(a)).build();
    client.get("/");
    client.get("/");
    assertThat(a.connections()).isEqualTo(1);
    assertThat(client.connections(a.server())).isEqualTo(1);

    client.await(this::allClosedInTime);
    assertThat(client.connections(a.server())).isZero();

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(a.connections()).isEqualTo(2);
  }

  @Test
  @ReliesOnInternals("the pool keeps the dead entry until its keep-alive is over")
  void maxAge_idleConnection_leavesThePool() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = ageing(backends.client(a)).build();
    client.get("/");

    client.await(this::allClosedInTime);

    assertThat(client.http().connectionPool().connectionCount()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void maxAge_callRuns_isClosedAfterItsEnd(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.body("some words"));
    BalancedClient client = ageing(backends.client(a)).build();
    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      timer.fire();
      client.await(() -> answered(client) && opened.size() == 2); // beside it
      assertThat(opened.peek().socket().isClosed()).isFalse();

      assertThat(response.body().string()).isEqualTo("some words");
    }

    client.await(
        () -> {
          timer.fire();
          return opened.peek().socket().isClosed();
        });
  }

  @Test
  void maxAge_setWhileItRuns_holdsFromTheNextUseOn() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = ageing(backends.client(a), Duration.ZERO).build();
    client.get("/");
    assertThat(timer.waiting()).isZero();
    client.interceptor().reconfigure(options -> options.connections(ageing(AGE)));
    client.get("/");

    assertThat(timer.waiting()).isEqualTo(1);
    client.await(this::allClosedInTime);
  }

  @Test
  void maxAge_interceptorClosed_limitsNoMore() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = ageing(backends.client(a)).build();
    client.get("/");
    client.interceptor().close();

    assertThat(timer.waiting()).isZero();
  }

  @Test
  void maxAge_underLoad_noCallFailsAndCountsReturn() throws Exception {
    Backend[] servers = new Backend[SERVERS];
    for (int i = 0; i < SERVERS; i++) {
      servers[i] = backends.start("server " + i);
    }
    ConnectionPool pool = new ConnectionPool(2 * MANY, 5, TimeUnit.MINUTES);
    BalancedClient client =
        ageing(backends.client(servers))
            .chooser(Choosers.roundRobin())
            .http(http -> http.connectionPool(pool))
            .balancing(calls -> calls.retry(RetryPolicy.none()))
            .build();
    open(client, MANY);
    assertThat(opened).hasSizeGreaterThanOrEqualTo(MANY);
    int before = client.connections(servers[0].server());
    List<Connection> first = List.copyOf(opened);
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger answered = new AtomicInteger();
    ExecutorService threads = Executors.newCachedThreadPool();
    try {
      List<Future<?>> callers = new ArrayList<>();
      for (int i = 0; i < 16; i++) {
        boolean posts = i % 2 == 0;
        callers.add(threads.submit(() -> call(client, posts, over, answered)));
      }
      client.await(() -> answered.get() > 200);
      client.await(
          () -> {
            timer.fire();
            return first.stream().allMatch(each -> each.socket().isClosed());
          });
      int then = answered.get();
      client.await(() -> answered.get() > then + 200);
      over.set(true);
      for (Future<?> caller : callers) {
        caller.get(20, TimeUnit.SECONDS); // throws what a call did
      }
    } finally {
      over.set(true);
      threads.shutdown();
    }
    open(client, MANY);

    assertThat(client.inFlight()).isZero();
    assertThat(client.connections(servers[0].server())).isBetween(before - 20, before + 20);
  }

  @Test
  void maxAge_newServerBehindAnAddress_getsItsShare() throws Exception {
    AtomicInteger behind = new AtomicInteger(9);
    AtomicInteger accepted = new AtomicInteger();
    AtomicIntegerArray open = new AtomicIntegerArray(10);
    RawBackend address =
        backends.raw(
            "address",
            connection -> {
              int server = accepted.getAndIncrement() % behind.get();
              open.incrementAndGet(server);
              while (connection.readRequest()) {
                connection.respond("200 OK");
              }
              open.decrementAndGet(server);
            });
    BalancedClient client =
        ageing(backends.client(Wire.HTTP_1, address.server()))
            .http(http -> http.connectionPool(new ConnectionPool(400, 5, TimeUnit.MINUTES)))
            .build();
    open(client, 200);
    behind.set(10);
    open(client, 200);
    assertThat(open.get(9)).as("nothing moves by itself").isZero();

    client.await(this::allClosedInTime);
    open(client, 200);

    client.await(() -> open.get(9) >= 18);
  }

  private static boolean answered(BalancedClient client) {
    try {
      return client.get("/").code() == 200;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** Holds so many responses at once, so that there are as many connections. */
  private static void open(BalancedClient client, int connections) throws IOException {
    List<Response> responses = new ArrayList<>();
    for (int i = 0; i < connections; i++) {
      responses.add(client.http().newCall(client.request("/").build()).execute());
    }
    for (Response response : responses) {
      response.body().string();
      response.close();
    }
  }

  private static Void call(
      BalancedClient client, boolean posts, AtomicBoolean over, AtomicInteger answered)
      throws IOException {
    while (!over.get()) {
      var reply = posts ? client.post("/", "x") : client.get("/");
      assertThat(reply.code()).isEqualTo(200);
      answered.incrementAndGet();
    }
    return null;
  }

  private static ConnectionPolicy ageing(Duration age) {
    return ConnectionPolicy.builder().maxAge(age).build();
  }

  private BalancedClient.Builder ageing(BalancedClient.Builder client) {
    return ageing(client, AGE);
  }

  private BalancedClient.Builder ageing(BalancedClient.Builder client, Duration age) {
    return client
        .balancing(calls -> calls.timing(timer.timing()).connections(ageing(age)))
        .http(
            http ->
                http.eventListenerFactory(
                    call ->
                        new EventListener() {
                          @Override
                          public void connectionAcquired(Call of, Connection connection) {
                            if (!opened.contains(connection)) {
                              opened.add(connection);
                            }
                          }
                        }));
  }

  private boolean allClosedInTime() {
    timer.fire();
    return opened.stream().allMatch(each -> each.socket().isClosed());
  }
}
