package io.evenload.testing.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.testkit.engine.EventConditions.event;
import static org.junit.platform.testkit.engine.EventConditions.finishedWithFailure;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.instanceOf;
import static org.junit.platform.testkit.engine.TestExecutionResultConditions.message;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Server;
import java.io.IOException;
import java.net.ConnectException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.assertj.core.api.Condition;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.platform.testkit.engine.EngineTestKit;
import org.junit.platform.testkit.engine.Events;

/** Runs the small test classes below, which are no tests of their own, and looks at the outcome. */
final class BackendsTest {

  private static final List<LoadBalancer> BALANCERS =
      Collections.synchronizedList(new ArrayList<>());
  private static final List<Server> SERVERS = Collections.synchronizedList(new ArrayList<>());
  private static final List<OkHttpClient> CLIENTS = Collections.synchronizedList(new ArrayList<>());

  private static final List<IOException> FAILURES = Collections.synchronizedList(new ArrayList<>());
  private static final Callback CLOSING =
      new Callback() {
        @Override
        public void onFailure(Call call, IOException e) {
          FAILURES.add(e);
        }

        @Override
        public void onResponse(Call call, Response response) {
          response.close();
        }
      };

  static final class Clean {
    @RegisterExtension final Backends backends = new Backends();

    @Test
    void enqueuedCall() throws Exception {
      Backend a = backends.start("a");
      SERVERS.add(a.server());
      SERVERS.add(backends.start("stopped").stop().server());
      LoadBalancer orders = backends.watch(backends.balancer("orders", a).build());
      BALANCERS.add(orders);
      OkHttpClient client = backends.watch(Clients.of(orders));
      CLIENTS.add(client);
      client.newCall(new Request.Builder().url("http://orders/").build()).enqueue(CLOSING);
    }
  }

  static final class Leaking {
    @RegisterExtension final Backends backends = new Backends();

    @Test
    @SuppressWarnings("resource") // what is tested
    void unclosedResponse() throws IOException {
      Backend a = backends.start("a").next(Reply.status(503));
      SERVERS.add(a.server());
      LoadBalancer orders =
          backends.watch(backends.balancer("orders", a, backends.start("b")).build());
      Response unused = Clients.get(backends.watch(Clients.of(orders)), "http://orders/");
    }
  }

  static final class Waiting {
    @RegisterExtension final Backends backends = new Backends();

    @Test
    void enqueuedCall() {
      Backend a = backends.start("a").always(Reply.hang());
      LoadBalancer orders = backends.watch(backends.balancer("orders", a).build());
      backends
          .watch(Clients.of(orders))
          .newCall(new Request.Builder().url("http://orders/").build())
          .enqueue(CLOSING);
    }
  }

  static final class Failing {
    @RegisterExtension final Backends backends = new Backends();

    @Test
    @SuppressWarnings("resource") // what is tested
    void ofItsOwn() throws NoServerAvailableException {
      LoadBalancer orders =
          backends.watch(backends.balancer("orders", backends.start("a")).build());
      BALANCERS.add(orders);
      Attempt unused = orders.start();
      throw new IllegalStateException("of its own");
    }
  }

  @TestMethodOrder(MethodOrderer.MethodName.class)
  static final class Shared {
    @RegisterExtension static final Backends BACKENDS = new Backends();

    static final Backend A = BACKENDS.start("a").always(Reply.ok().body("always"));
    static final LoadBalancer ORDERS = BACKENDS.watch(BACKENDS.balancer("orders", A).build());
    static final OkHttpClient CLIENT = BACKENDS.watch(Clients.of(ORDERS));

    @Test
    void test1() throws IOException {
      SERVERS.add(A.server());
      Backend own = BACKENDS.start("own");
      SERVERS.add(own.server());
      A.next(Reply.status(404), Reply.status(500));
      assertThat(Clients.text(CLIENT, "http://orders/")).isEqualTo("404 a");
    }

    @Test
    void test2() throws IOException {
      assertThat(A.requestCount()).isZero();
      assertThat(Clients.text(CLIENT, "http://orders/")).isEqualTo("200 always");
      assertRefused(SERVERS.get(1));
    }
  }

  @Test
  void afterEach_nothingLeaked_closesEverything() {
    run(Clean.class).assertStatistics(stats -> stats.succeeded(1));

    assertThat(FAILURES).isEmpty();
    SERVERS.forEach(BackendsTest::assertRefused);
    assertThat(BALANCERS).isNotEmpty().allSatisfy(BackendsTest::assertClosed);
    assertThat(CLIENTS)
        .isNotEmpty()
        .allSatisfy(
            client -> {
              assertThat(client.dispatcher().executorService().isShutdown()).isTrue();
              assertThat(client.connectionPool().connectionCount()).isZero();
            });
  }

  @Test
  void afterEach_responseLeaked_failsAndClosesEverything() {
    run(Leaking.class)
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                finishedWithFailure(
                    instanceOf(AssertionError.class),
                    message(
                        text ->
                            text.startsWith(
                                "after the test: orders: 1 in flight at b (expected: ")))));

    SERVERS.forEach(BackendsTest::assertRefused);
  }

  @Test
  void afterEach_callStillRuns_failsAndCancelsIt() {
    run(Waiting.class)
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                finishedWithFailure(
                    instanceOf(AssertionError.class),
                    message(
                        "after the test: orders: 1 in flight at a, 1 calls of clients (expected:"
                            + " nothing; is every response closed, every call over, every attempt"
                            + " ended?)"))));
  }

  @Test
  void afterEach_testFailed_saysNothingOfLeaks() {
    run(Failing.class)
        .assertThatEvents()
        .haveExactly(
            1,
            event(
                finishedWithFailure(
                    instanceOf(IllegalStateException.class),
                    message("of its own"),
                    new Condition<>(e -> e.getSuppressed().length == 0, "nothing suppressed"))));

    assertThat(BALANCERS).isNotEmpty().allSatisfy(BackendsTest::assertClosed);
  }

  @Test
  void staticField_serversOfTheClass_liveUntilItsEndAndForget() {
    run(Shared.class).assertStatistics(stats -> stats.succeeded(2));

    SERVERS.forEach(BackendsTest::assertRefused);
  }

  private static Events run(Class<?> tests) {
    BALANCERS.clear();
    SERVERS.clear();
    CLIENTS.clear();
    FAILURES.clear();
    return EngineTestKit.engine("junit-jupiter")
        .selectors(selectClass(tests))
        .execute()
        .testEvents();
  }

  private static void assertClosed(LoadBalancer balancer) {
    assertThatExceptionOfType(NoServerAvailableException.class)
        .isThrownBy(balancer::start)
        .withMessage("orders: closed");
  }

  private static void assertRefused(Server server) {
    assertThatExceptionOfType(ConnectException.class)
        .isThrownBy(
            () ->
                Clients.text(
                    new OkHttpClient(), "http://" + server.host() + ":" + server.port() + "/"));
  }
}
