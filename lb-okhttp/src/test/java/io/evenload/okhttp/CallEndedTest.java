package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** What a listener is told of calls as a whole, and of the interceptor it was given to. */
class CallEndedTest {

  @RegisterExtension final Backends backends = new Backends();

  private final Recorder recorder = new Recorder();

  @ParameterizedTest
  @EnumSource(Wire.class)
  void ended_retried_namesTheAttemptOfTheResponse(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = client(a, b).build();

    client.get("/");

    EndedCall ended = only();
    assertThat(ended.host()).isEqualTo(BalancedClient.HOST);
    assertThat(ended.failure()).isNull();
    assertThat(ended.tookNanos()).isPositive();
    CallAttempt last = ended.last();
    assertThat(last).isNotNull();
    assertThat(last.server()).isEqualTo(b.server());
    assertThat(last.reason()).isEqualTo(Reason.RETRY);
    assertThat(last.number()).isEqualTo(2);
    assertThat(last.status()).isEqualTo(200);
  }

  @Test
  void ended_toldBeforeTheBodyIsRead() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = client(a).build();

    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(only().last()).isNotNull();
      assertThat(response.body().string()).isEqualTo("a");
    }
    assertThat(recorder.ended).hasSize(1);
  }

  @Test
  void ended_allAttemptsFailed_hasTheFailureOfTheLast() throws IOException {
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, backends.refusing("a"), backends.refusing("b"))
            .balancing(Policies.attempts(2))
            .balancing(interceptor -> interceptor.listener(recorder))
            .build();

    IOException failure = catchThrowableOfType(IOException.class, () -> client.get("/"));

    assertThat(only().failure()).isSameAs(failure);
    assertThat(only().last().server().id()).isEqualTo("b");
  }

  @Test
  void ended_noServer_hasNoAttempt() {
    Backend a = backends.start("a");
    BalancedClient client = client(a).servers(ServerList.of()).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);

    assertThat(only().last()).isNull();
    assertThat(only().failure()).hasMessageStartingWith("orders: no server available");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void ended_hedged_namesTheWinner(Wire wire) throws IOException {
    Backend a =
        backends
            .start("a", wire)
            .next(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    Backend b = backends.start("b", wire);
    ManualTimer timer = new ManualTimer();
    BalancedClient client =
        client(a, b)
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(
                            Policies.immediate(2)
                                .hedge(HedgePolicy.after(Duration.ofMillis(10)))
                                .build()))
            .build();

    PendingReply pending = PendingReply.enqueue(client.http().newCall(client.request("/").build()));
    backends.await(() -> a.hits() == 1);
    timer.fire();
    pending.reply();

    assertThat(only().last().reason()).isEqualTo(Reason.HEDGE);
  }

  @Test
  void ended_callTimesOut_saysSo() {
    Backend a =
        backends
            .start("a")
            .always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    BalancedClient client =
        client(a).http(http -> http.callTimeout(Duration.ofMillis(300))).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(InterruptedIOException.class);

    assertThat(only().failure()).isInstanceOf(InterruptedIOException.class).hasMessage("timeout");
  }

  @Test
  void ended_callCancelled_isNoTimeout() {
    Backend a =
        backends
            .start("a")
            .always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    BalancedClient client = client(a).build();
    Call call = client.http().newCall(client.request("/").build());

    PendingReply pending = PendingReply.enqueue(call);
    backends.await(() -> a.hits() == 1);
    call.cancel();

    assertThat(pending.failure()).isInstanceOf(IOException.class);
    assertThat(only().failure()).isNotInstanceOf(InterruptedIOException.class);
    assertThat(only().last()).isNotNull();
  }

  @Test
  void ended_interceptorBehindThrows_isTold() {
    Backend a = backends.start("a");
    IllegalStateException broken = new IllegalStateException("broken");
    BalancedClient client =
        client(a)
            .inside(
                http ->
                    http.addInterceptor(
                        chain -> {
                          throw broken;
                        }))
            .build();

    assertThatThrownBy(() -> client.get("/")).isSameAs(broken);

    assertThat(only().failure()).isSameAs(broken);
  }

  static Stream<Throwable> thrown() {
    return Stream.of(new IllegalStateException("no key"), new AssertionError("no key"));
  }

  @ParameterizedTest
  @MethodSource("thrown")
  void ended_idempotencyKeyThrows_isTold(Throwable broken) {
    RetryPolicy policy = RetryPolicy.builder().idempotencyKey("Key", () -> sneaky(broken)).build();
    BalancedClient client =
        client(backends.start("a")).balancing(interceptor -> interceptor.retry(policy)).build();
    Request post = client.request("/").post(RequestBody.EMPTY).build();

    assertThatThrownBy(() -> client.execute(post)).isSameAs(broken);

    assertThat(only().failure()).isSameAs(broken);
    assertThat(only().last()).isNull();
  }

  @Test
  void ended_sessionKeyThrowsAnError_isTold() {
    AssertionError broken = new AssertionError("no key");
    BalancedClient client =
        client(backends.start("a"))
            .balancing(interceptor -> interceptor.affinity(Affinity.by(request -> sneaky(broken))))
            .build();

    assertThatThrownBy(() -> client.get("/")).isSameAs(broken);

    assertThat(only().failure()).isSameAs(broken);
    assertThat(only().last()).isNull();
  }

  @Test
  void ended_proxyIsRefused_isTold() {
    Proxy proxy = new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy", 3128));
    BalancedClient client = client(backends.start("a")).http(http -> http.proxy(proxy)).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);

    assertThat(only().failure()).hasMessageContaining("the client uses a proxy");
    assertThat(only().last()).isNull();
  }

  @SuppressWarnings("unchecked") // the compiler is to believe that it is unchecked
  private static <T extends Throwable> String sneaky(Throwable thrown) throws T {
    throw (T) thrown;
  }

  @Test
  void ended_interruptedWhileConnecting_isTold() {
    Backend a = backends.start("a");
    BalancedClient client =
        client(a).inside(http -> http.addInterceptor(CallEndedTest::interrupted)).build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(InterruptedIOException.class);
    assertThat(Thread.interrupted()).isTrue();

    assertThat(only().failure()).isNotNull();
  }

  /** Throws as OkHttp does, whose language need not declare it, when interrupted as it connects. */
  @SuppressWarnings("unchecked") // the compiler is to believe that it is unchecked
  private static <E extends Exception> Response interrupted(Interceptor.Chain chain) throws E {
    throw (E) new InterruptedException();
  }

  @Test
  void ended_redirectedToAnotherService_isToldOfBoth() throws IOException {
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    a.next(response -> response.code(302).addHeader("Location", "http://users.test/"));
    LoadBalancer users = backends.closeAfterTest(LoadBalancer.of("users", b.server()));
    BalancedClient client =
        client(a).balancing(interceptor -> interceptor.service("users.test", users)).build();

    assertThat(client.get("/").server()).isEqualTo("b");

    assertThat(recorder.ended)
        .extracting(EndedCall::host)
        .containsExactly(BalancedClient.HOST, "users.test");
    assertThat(recorder.ended).extracting(EndedCall::failure).containsOnlyNulls();
    assertThat(recorder.ended).extracting(ended -> ended.last().status()).containsExactly(302, 200);
  }

  @Test
  void ended_notBalanced_isNotTold() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = client(a).build();

    client.execute(client.request("/").url("http://127.0.0.1:" + a.port() + "/").build());

    assertThat(recorder.ended).isEmpty();
  }

  @Test
  void addedTo_isTheInterceptorWithItsServices() {
    Backend a = backends.start("a");
    client(a).build();

    assertThat(recorder.addedTo).hasSize(1);
    assertThat(recorder.addedTo.get(0).hosts()).containsExactly(BalancedClient.HOST);
  }

  @Test
  void retriesLeft_afterRetries_isLess() throws IOException {
    VirtualTiming time = new VirtualTiming();
    Backend a = backends.start("a").next(response -> response.code(503));
    Backend b = backends.start("b");
    RetryPolicy policy =
        RetryPolicy.builder()
            .baseBackoff(Duration.ZERO)
            .maxBackoff(Duration.ZERO)
            .budgetRatio(0.5)
            .budgetPerSecond(1)
            .build();
    BalancedClient client =
        client(a, b)
            .balancing(interceptor -> interceptor.timing(time.timing()).retry(policy))
            .build();
    LoadBalancingInterceptor interceptor = recorder.addedTo.get(0);
    assertThat(interceptor.retriesLeft(BalancedClient.HOST)).isEqualTo(10);

    client.get("/");

    assertThat(interceptor.retriesLeft("ORDERS.test")).isEqualTo(9.5);
    time.advance(Duration.ofSeconds(10));
    assertThat(interceptor.retriesLeft(BalancedClient.HOST)).isEqualTo(10);
  }

  @Test
  void retriesLeft_withoutBudget_isInfinite() {
    Backend a = backends.start("a");
    client(a).build();

    assertThat(recorder.addedTo.get(0).retriesLeft(BalancedClient.HOST))
        .isEqualTo(Double.POSITIVE_INFINITY);
  }

  @Test
  void retriesLeft_unknownHost_isRefusedByName() {
    Backend a = backends.start("a");
    client(a).build();

    assertThatIllegalArgumentException()
        .isThrownBy(() -> recorder.addedTo.get(0).retriesLeft("users"))
        .withMessage("host: 'users' (expected: one of [orders.test])");
  }

  private BalancedClient.Builder client(Backend... servers) {
    return backends.client(servers).balancing(interceptor -> interceptor.listener(recorder));
  }

  private EndedCall only() {
    assertThat(recorder.ended).hasSize(1);
    return recorder.ended.get(0);
  }

  private static final class Recorder implements CallListener {
    private final List<LoadBalancingInterceptor> addedTo = new CopyOnWriteArrayList<>();
    private final List<EndedCall> ended = new CopyOnWriteArrayList<>();

    @Override
    public void addedTo(LoadBalancingInterceptor interceptor) {
      addedTo.add(interceptor);
    }

    @Override
    public void ended(CallEnded event) {
      ended.add(new EndedCall(event.host(), event.last(), event.failure(), event.tookNanos()));
    }
  }

  private record EndedCall(
      String host, @Nullable CallAttempt last, @Nullable Throwable failure, long tookNanos) {}
}
