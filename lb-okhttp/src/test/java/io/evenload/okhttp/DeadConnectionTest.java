package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.abandoned;
import static io.evenload.okhttp.BalancedClient.Ended.timedOut;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.RequestContext;
import io.evenload.Server;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Connections that a relay on the way has dropped without a word. */
final class DeadConnectionTest {

  @RegisterExtension final Backends backends = new Backends();

  private final ManualTimer timer = new ManualTimer();
  private final AtomicInteger sent = new AtomicInteger();

  @ParameterizedTest
  @EnumSource(Wire.class)
  void attemptTimeout_connectionIsDead_nextAttemptHasAFreshOne(Wire wire) throws IOException {
    Relay relay = relay(backends.start("a", wire));
    BalancedClient client = timed(wire, relay.server("a"));
    client.get("/");
    relay.drop();

    PendingReply cut = sent(client, client.request("/cut").build());
    timer.fire();
    assertThat(cut.failure()).isInstanceOf(AttemptTimeoutException.class);

    for (int i = 0; i < 3; i++) {
      assertThat(client.get("/").server()).isEqualTo("a");
    }
    assertThat(relay.connections()).isEqualTo(2);
    backends.await(() -> relay.open() == 1);
    assertThat(client.ended()).contains(timedOut(relay.server("a")));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void hedge_connectionIsDead_isLeftAfterTheSecond(Wire wire) throws IOException {
    Relay relay = relay(backends.start("a", wire));
    Backend b = backends.start("b", wire);
    BalancedClient client =
        noting(backends.client(wire, relay.server("a"), b.server()))
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(
                            Policies.immediate(2)
                                .hedge(HedgePolicy.after(Duration.ofMinutes(1)))
                                .build()))
            .build();
    client.get("/");
    relay.drop();

    int lost = wire == Wire.HTTP_1 ? 1 : 2; // which closes it over HTTP/1
    for (int i = 0; i < lost; i++) {
      PendingReply hedged = sent(client, client.request("/hedged").build());
      timer.fire();
      assertThat(hedged.reply().server()).isEqualTo("b");
      backends.await(() -> client.busyConnections() == 0);
    }
    assertThat(client.ended()).contains(abandoned(relay.server("a")));

    for (int i = 0; i < 3; i++) {
      assertThat(client.get("/").server()).isEqualTo("a");
    }
    assertThat(relay.connections()).isEqualTo(2);
    backends.await(() -> relay.open() == 1);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void callTimeout_connectionIsDead_nextCallHasAFreshOne(Wire wire) throws IOException {
    Relay relay = relay(backends.start("a", wire));
    BalancedClient client = backends.client(wire, relay.server("a")).build();
    client.get("/");
    relay.drop();

    Call cut = client.http().newCall(client.request("/").build());
    cut.timeout().timeout(200, TimeUnit.MILLISECONDS);
    assertThatThrownBy(cut::execute).isInstanceOf(InterruptedIOException.class);

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(relay.connections()).isEqualTo(2);
    backends.await(() -> relay.open() == 1);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void readTimeout_connectionIsDead_retryHasAFreshOne(Wire wire) throws IOException {
    Relay relay = relay(backends.start("a", wire));
    BalancedClient client =
        backends.client(wire, relay.server("a")).balancing(Policies.attempts(2)).build();
    client.get("/");
    relay.drop();

    OkHttpClient hurried =
        client.http().newBuilder().readTimeout(200, TimeUnit.MILLISECONDS).build();
    try (Response response = hurried.newCall(client.request("/").build()).execute()) {
      assertThat(response.header(Backend.ID)).isEqualTo("a");
    }
    assertThat(relay.connections()).isEqualTo(2);
    backends.await(() -> relay.open() == 1);
  }

  @Test
  void attemptTimeout_manyIdleConnectionsAreDead_oneAttemptIsLost() throws IOException {
    Backend a = backends.start("a");
    Relay relay = relay(a);
    BalancedClient client = timed(Wire.HTTP_1, relay.server("a"));
    List<Response> atOnce = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      atOnce.add(client.http().newCall(client.request("/").build()).execute());
    }
    for (Response each : atOnce) {
      each.body().string();
    }
    relay.drop();

    PendingReply cut = sent(client, client.request("/").build());
    timer.fire();
    cut.failure();

    for (int i = 0; i < 5; i++) {
      assertThat(client.get("/").server()).isEqualTo("a");
    }
    assertThat(relay.connections()).isEqualTo(5);
    backends.await(() -> relay.open() == 1);
  }

  @ParameterizedTest
  @EnumSource(value = Wire.class, mode = EnumSource.Mode.EXCLUDE, names = "HTTP_1")
  void attemptTimeout_deadConnectionHasOtherCalls_isClosedAfterTheLast(Wire wire)
      throws IOException {
    Backend a = backends.start("a", wire);
    Relay relay = relay(a);
    BalancedClient client = timed(wire, relay.server("a"));
    client.get("/");
    relay.drop();
    Request patient = client.request("/patient").tag(RetryPolicy.class, RetryPolicy.none()).build();
    Call other = client.http().newCall(patient);
    PendingReply waiting = sent(other);
    PendingReply cut = sent(client, client.request("/cut").build());
    timer.fire();
    cut.failure();

    for (int i = 0; i < 3; i++) {
      assertThat(client.get("/").server()).isEqualTo("a");
    }
    assertThat(relay.connections()).isEqualTo(2);
    assertThat(relay.open()).isEqualTo(2);
    other.cancel();
    waiting.failure();
    backends.await(() -> relay.open() == 1);
  }

  @ParameterizedTest
  @EnumSource(value = Wire.class, mode = EnumSource.Mode.EXCLUDE, names = "HTTP_1")
  void attemptTimeout_connectionBringsOtherAnswers_stays(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    BalancedClient client = timed(wire, a.server());
    client.warmUp(a);
    a.next(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    PendingReply slow = sent(client, client.request("/slow").build());
    backends.await(() -> a.hits() == 2);
    Request other = client.request("/").tag(RetryPolicy.class, RetryPolicy.none()).build();
    assertThat(client.execute(other).server()).isEqualTo("a");

    timer.fire();
    slow.failure();

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(a.connections()).isEqualTo(1);
  }

  @ParameterizedTest
  @EnumSource(value = Wire.class, mode = EnumSource.Mode.EXCLUDE, names = "HTTP_1")
  void post_connectionIsLeftAsItIsTaken_hasAFreshOne(Wire wire) throws IOException {
    Relay relay = relay(backends.start("a", wire));
    AtomicReference<Runnable> onNetwork = new AtomicReference<>();
    BalancedClient client =
        timed(
            backends
                .client(wire, relay.server("a"))
                .http(http -> http.addNetworkInterceptor(running(onNetwork))));
    client.get("/");
    relay.drop();
    PendingReply cut = sent(client, client.request("/cut").build());
    onNetwork.set(
        () -> {
          timer.fire();
          cut.failure();
        });

    Request post =
        client
            .request("/")
            .post(RequestBody.create("x", null))
            .tag(RetryPolicy.class, RetryPolicy.none())
            .build();
    assertThat(client.execute(post).server()).isEqualTo("a");
    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(relay.connections()).isEqualTo(2);
    backends.await(() -> relay.open() == 1);
  }

  private static Interceptor running(AtomicReference<Runnable> once) {
    return chain -> {
      Runnable work = once.getAndSet(null);
      if (work != null) {
        work.run();
      }
      return chain.proceed(chain.request());
    };
  }

  @Test
  void attemptTimeout_otherServersConnections_stay() throws IOException {
    Backend b = backends.start("b", Wire.HTTP_2);
    Relay relay = relay(backends.start("a", Wire.HTTP_2));
    BalancedClient client = timed(Wire.HTTP_2, relay.server("a"), b.server());
    client.get("/");
    client.warmUp(b);
    relay.drop();

    PendingReply cut = sent(client, client.request("/").build());
    timer.fire();
    cut.failure();

    RequestContext onlyB = RequestContext.create().only(server -> server.id().equals("b"));
    client.execute(client.request("/").tag(RequestContext.class, onlyB).build());
    assertThat(b.connections()).isEqualTo(1);
  }

  private Relay relay(Backend backend) throws IOException {
    return backends.closeAfterTest(new Relay(backend.port(), backends.signal()));
  }

  private BalancedClient timed(Wire wire, Server... servers) {
    return timed(backends.client(wire, servers));
  }

  private BalancedClient timed(BalancedClient.Builder builder) {
    return noting(builder)
        .balancing(
            interceptor ->
                interceptor
                    .timing(timer.timing())
                    .retry(Policies.immediate(1).attemptTimeout(Duration.ofMinutes(1)).build()))
        .build();
  }

  private PendingReply sent(BalancedClient client, Request request) {
    return sent(client.http().newCall(request));
  }

  /** Enqueues a call, and waits until its request is sent. */
  private PendingReply sent(Call call) {
    int before = sent.get();
    PendingReply pending = PendingReply.enqueue(call);
    backends.await(() -> sent.get() > before);
    return pending;
  }

  private BalancedClient.Builder noting(BalancedClient.Builder builder) {
    EventListener listener =
        new EventListener() {
          @Override
          public void requestHeadersEnd(Call call, Request request) {
            sent.incrementAndGet();
            backends.signal().changed();
          }
        };
    return builder.http(http -> http.eventListenerFactory(call -> listener));
  }
}
