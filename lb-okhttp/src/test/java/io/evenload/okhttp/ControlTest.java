package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.abandoned;
import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What the caller can do to a call: cancel it, limit its time, interrupt it, copy it, queue it. */
class ControlTest {

  /** Far longer than any test may take. */
  private static final Duration LONG = Duration.ofMinutes(5);

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("46: a call cancelled while it waits for the server ends, and nobody is blamed")
  void cancel_waitingForServer_endsNeutrally(Wire wire) {
    Backend a = backends.start("a", wire);
    a.always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    Call call = client.http().newCall(client.request("/").build());
    PendingReply pending = PendingReply.enqueue(call);
    backends.await(() -> a.hits() == 1);

    call.cancel();

    assertThat(pending.failure()).isInstanceOf(IOException.class);
    client.await(() -> !client.ended().isEmpty());
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("46: a call cancelled before it begins reaches no server")
  void cancel_beforeExecute_reachesNoServer(Wire wire) {
    Backend a = backends.start("a", wire);
    BalancedClient client = backends.client(a).build();
    Call call = client.http().newCall(client.request("/").build());
    call.cancel();

    assertThatThrownBy(call::execute).isInstanceOf(IOException.class);
    assertThat(a.hits()).isZero();
    assertThat(client.failureRate(a.server())).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("46: a call cancelled while its body arrives ends, and nobody is blamed")
  void cancel_readingBody_endsNeutrally(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.next(
        response -> response.body("x".repeat(1 << 20)).onResponseBody(SocketEffect.Stall.INSTANCE));
    BalancedClient client = backends.client(a).build();
    Call call = client.http().newCall(client.request("/").build());

    try (Response response = call.execute()) {
      response.body().source().request(1);
      call.cancel();
      assertThatThrownBy(() -> response.body().bytes()).isInstanceOf(IOException.class);
    }

    assertThat(client.inFlight()).isZero();
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  @Test
  @DisplayName("47: a call cancelled between two attempts ends at once")
  void cancel_inBackoff_endsAtOnce() throws InterruptedException {
    Backend a = backends.start("a").always(ControlTest::waitLong);
    BalancedClient client = backends.client(a).build();
    Caller caller = new Caller(client);
    client.await(() -> client.calls().retries() == 1 && caller.waits());

    caller.call.cancel();

    assertThat(caller.failure()).hasMessage("Canceled");
    assertThat(a.hits()).isEqualTo(1);
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @Test
  @DisplayName("48: a wait for which the call timeout leaves no room is not begun")
  void callTimeout_shorterThanWait_callerGetsResponse() throws IOException {
    Backend a = backends.start("a").always(ControlTest::waitLong);
    BalancedClient client =
        backends.client(a).http(http -> http.callTimeout(Duration.ofSeconds(60))).build();

    assertThat(client.get("/").code()).isEqualTo(503);
    assertThat(client.calls().refusals()).containsExactly(CallListener.Refusal.DEADLINE);
    assertThat(a.hits()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("48: the call timeout covers all attempts together, and is not retried")
  void callTimeout_inLaterAttempt_endsCall(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    Backend c = backends.start("c", wire);
    BalancedClient client =
        backends.client(a, b, c).http(http -> http.callTimeout(Duration.ofSeconds(1))).build();
    client.warmUp(a, b);
    a.always(response -> response.code(503));
    b.always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(InterruptedIOException.class)
        .hasMessage("timeout");
    assertThat(List.of(a.hits(), b.hits(), c.hits())).containsExactly(2, 2, 0);
    assertThat(client.ended())
        .as("the caller waits no longer for a server that has not answered")
        .containsExactly(failed(a.server()), abandoned(b.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("49: a read timeout does not stick to the pooled connection")
  void readTimeout_pooledConnection_isThatOfTheCall(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    BalancedClient client = backends.client(a).balancing(Policies.attempts(1)).build();
    OkHttpClient hasty = client.http().newBuilder().readTimeout(Duration.ofMillis(700)).build();
    OkHttpClient patient = client.http().newBuilder().readTimeout(LONG).build();
    Request request = client.request("/").build();

    client.warmUp(a);
    Reply.read(hasty.newCall(request).execute());
    a.next(response -> response.headersDelay(1400, TimeUnit.MILLISECONDS));
    Reply.read(patient.newCall(request).execute());
    a.next(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    assertThatThrownBy(() -> hasty.newCall(request).execute())
        .isInstanceOf(SocketTimeoutException.class);

    assertThat(a.hits()).isEqualTo(4);
    assertThat(a.connections()).isEqualTo(1);
  }

  @Test
  @DisplayName("50: an interrupt between two attempts ends the call and stays visible")
  void interrupt_inBackoff_endsCall() throws InterruptedException {
    Backend a = backends.start("a").always(ControlTest::waitLong);
    BalancedClient client = backends.client(a).build();

    Caller caller = new Caller(client);
    client.await(() -> client.calls().retries() == 1 && caller.waits());
    caller.thread.interrupt();

    assertThat(caller.failure()).isInstanceOf(InterruptedIOException.class);
    assertThat(caller.interrupted).isTrue();
    assertThat(a.hits()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("50: an interrupt while the server thinks is not retried and blames nobody")
  void interrupt_waitingForServer_endsCall(Wire wire) throws InterruptedException {
    Backend a = backends.start("a", wire);
    a.always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    Caller caller = new Caller(client);
    backends.await(() -> a.hits() == 1);
    caller.thread.interrupt();

    assertThat(caller.failure()).isInstanceOf(InterruptedIOException.class);
    assertThat(caller.interrupted).isTrue();
    assertThat(b.hits()).isZero();
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  @Test
  @DisplayName("51: without servers a call fails with an IOException that says why")
  void call_noServers_isIOException() {
    BalancedClient client = backends.client(Wire.HTTP_1).servers(new UpdatableServerList()).build();

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("orders: no server available");
    PendingReply pending = PendingReply.enqueue(client.http().newCall(client.request("/").build()));
    assertThat(pending.failure())
        .isInstanceOf(IOException.class)
        .hasMessageContaining("orders: no server available");
  }

  @Test
  @DisplayName("51: a call may wait for the first list of servers")
  void call_waitForServers_goesOnWhenTheyArrive() throws Exception {
    Backend a = backends.start("a");
    UpdatableServerList list = new UpdatableServerList();
    BalancedClient client =
        backends
            .client(a)
            .servers(list)
            .balancing(interceptor -> interceptor.waitForServers(Duration.ofMinutes(1)))
            .build();
    Caller caller = new Caller(client);
    backends.await(caller::waits);

    list.update(List.of(a.server()));

    assertThat(caller.reply().server()).isEqualTo("a");
  }

  @Test
  @DisplayName(
      "51: calls before the first list of servers leave nothing behind, should it never come")
  void calls_beforeTheFirstList_leaveNothingWithIt() {
    BalancedClient client =
        backends
            .client(Wire.HTTP_1)
            .servers(new UpdatableServerList())
            .balancing(interceptor -> interceptor.waitForServers(Duration.ofMillis(1)))
            .build();
    String before = client.balancer().ready().toString(); // has the number of its dependents
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> client.get("/")).hasMessageContaining("no list of servers");
    }
    assertThat(client.balancer().ready().toString()).isEqualTo(before);
  }

  @Test
  @DisplayName("51: a call that waits for the first list of servers can be cancelled")
  void cancel_waitingForServers_endsAtOnce() throws InterruptedException {
    BalancedClient client =
        backends
            .client(Wire.HTTP_1)
            .servers(new UpdatableServerList())
            .balancing(interceptor -> interceptor.waitForServers(LONG))
            .build();
    Caller caller = new Caller(client);
    backends.await(caller::waits);

    caller.call.cancel();

    assertThat(caller.failure()).hasMessage("Canceled");
  }

  @Test
  @DisplayName("7: a call whose time is over before the first list came is told of that each time")
  void callTimeout_waitingForServers_isTimeoutEachTime() {
    BalancedClient client =
        backends
            .client(Wire.HTTP_1)
            .servers(new UpdatableServerList())
            .balancing(interceptor -> interceptor.waitForServers(LONG))
            .http(http -> http.callTimeout(Duration.ofMillis(50)))
            .build();
    for (int i = 0; i < 10; i++) {
      assertThatThrownBy(() -> client.get("/"))
          .isExactlyInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
    }
  }

  @Test
  @DisplayName("51: a closed balancer is an IOException too")
  void call_balancerClosed_isIOException() {
    BalancedClient client = backends.client(backends.start("a")).build();
    client.balancer().close();

    assertThatThrownBy(() -> client.get("/"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("orders: closed");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("52: a clone is a call of its own, with attempts of its own")
  void clone_afterExecute_startsAnew(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).balancing(Policies.attempts(2)).build();
    Call call = client.http().newCall(client.request("/").build());

    Reply first = Reply.read(call.execute());
    a.next(response -> response.code(503));
    Reply second = Reply.read(call.clone().execute());

    assertThat(List.of(first.server(), second.server())).containsExactly("b", "b");
    assertThat(client.ended())
        .containsExactly(failed(a.server()), succeeded(b), failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("53: enqueued calls are balanced and retried like others")
  void enqueue_manyCalls_allServed(Wire wire) {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire).always(response -> response.code(503));
    Backend c = backends.start("c", wire);
    BalancedClient client = backends.client(a, b, c).chooser(Choosers.roundRobin()).build();

    List<PendingReply> pending = new ArrayList<>();
    for (int i = 0; i < 30; i++) {
      pending.add(PendingReply.enqueue(client.http().newCall(client.request("/" + i).build())));
    }

    assertThat(pending).extracting(each -> each.reply().code()).containsOnly(200);
    assertThat(pending).extracting(each -> each.reply().server()).contains("a", "c");
    assertThat(b.hits()).isPositive();
    client.await(() -> client.ended().size() == a.hits() + b.hits() + c.hits());
  }

  private static MockResponse.Builder waitLong(MockResponse.Builder response) {
    return response.code(503).setHeader("Retry-After", Policies.LONG_RETRY_AFTER);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("54: calls from many virtual threads, where the JDK has them, are all served")
  void execute_virtualThreads_allServed(Wire wire) throws Exception {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire).always(response -> response.code(503));
    Backend c = backends.start("c", wire);
    BalancedClient client = backends.client(a, b, c).chooser(Choosers.roundRobin()).build();

    List<Callable<Integer>> calls = Collections.nCopies(100, () -> client.get("/").code());
    ExecutorService executor = threadPerTask();
    try {
      for (Future<Integer> call : executor.invokeAll(calls)) {
        assertThat(call.get()).isEqualTo(200);
      }
    } finally {
      executor.shutdownNow();
    }
    assertThat(client.inFlight()).isZero();
    assertThat(b.hits()).isPositive();
  }

  /** Threads that are virtual from JDK 21 on, which has the method that JDK 17 has not. */
  private static ExecutorService threadPerTask() throws ReflectiveOperationException {
    if (Runtime.version().feature() < 21) {
      return Executors.newCachedThreadPool();
    }
    return (ExecutorService)
        Executors.class.getMethod("newVirtualThreadPerTaskExecutor").invoke(null);
  }

  /** A GET on a thread of its own. */
  private static final class Caller {
    final Call call;
    final Thread thread;
    volatile boolean interrupted;
    private volatile Reply reply;
    private volatile IOException failure;

    Caller(BalancedClient client) {
      call = client.http().newCall(client.request("/").build());
      thread = Threads.start(this::execute);
    }

    private void execute() {
      try {
        reply = Reply.read(call.execute());
      } catch (IOException e) {
        interrupted = Thread.currentThread().isInterrupted();
        failure = e;
      }
    }

    /** Whether it waits for time to pass, not for a server. */
    boolean waits() {
      return thread.getState() == Thread.State.TIMED_WAITING;
    }

    Reply reply() throws InterruptedException {
      thread.join(20_000);
      return reply;
    }

    IOException failure() throws InterruptedException {
      thread.join(20_000);
      return failure;
    }
  }
}
