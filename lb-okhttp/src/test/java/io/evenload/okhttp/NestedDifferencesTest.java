package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponseBody;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import okhttp3.sse.EventSource;
import okhttp3.sse.EventSourceListener;
import okhttp3.sse.EventSources;
import okio.BufferedSink;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a call looks like from in front of the interceptor and from behind, when it makes its
 * attempts itself and when each is a call of its own: the table in docs/okhttp-internals.md.
 */
class NestedDifferencesTest {

  private static final boolean SEPARATE = Boolean.getBoolean("io.evenload.okhttp.separateCalls");

  @RegisterExtension final Backends backends = new Backends();

  private final CountDownLatch over = new CountDownLatch(1);

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void eventStream_callTimeout_doesNotCutIt(boolean nested) {
    Backend a =
        backends
            .start("a")
            .nextBare(
                response ->
                    response
                        .setHeader("Content-Type", "text/event-stream;charset=utf-8")
                        .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
                        .body(new Stream()))
            .always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    BalancedClient client =
        client(nested, a).http(http -> http.callTimeout(Duration.ofSeconds(3))).build();
    List<String> events = new CopyOnWriteArrayList<>();
    EventSources.createFactory(client.http())
        .newEventSource(
            client.request("/events").build(),
            new EventSourceListener() {
              @Override
              public void onEvent(EventSource source, String id, String type, String data) {
                note(data);
              }

              @Override
              public void onClosed(EventSource source) {
                note("closed");
              }

              @Override
              public void onFailure(EventSource source, Throwable failure, Response response) {
                note("failed: " + failure);
              }

              private void note(String event) {
                events.add(event);
                backends.signal().changed();
              }
            });
    backends.await(() -> !events.isEmpty());
    assertThat(events).containsExactly("hello");

    assertThatThrownBy(() -> client.get("/")) // begun later, with the same time
        .isInstanceOf(InterruptedIOException.class);
    over.countDown();

    backends.await(() -> events.size() == 3);
    assertThat(events).containsExactly("hello", "good-bye", "closed");
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void isCanceled_timeOverWhileTheBodyIsRead_isTrue(boolean nested) throws IOException {
    Backend a =
        backends
            .start("a")
            .always(
                response ->
                    response.body("x".repeat(1 << 20)).onResponseBody(SocketEffect.Stall.INSTANCE));
    BalancedClient client = client(nested, a).build();
    Call call = client.http().newCall(client.request("/").build());
    call.timeout().timeout(1, TimeUnit.SECONDS);

    try (Response response = call.execute()) {
      assertThat(call.isCanceled()).isFalse();
      assertThatThrownBy(() -> response.body().bytes())
          .isInstanceOf(InterruptedIOException.class)
          .hasMessage("timeout");
    }
    backends.await(call::isCanceled); // the thread of the timeout says so
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void cancel_whileTheBodyIsRead_endsIt(boolean nested) throws IOException {
    Backend a =
        backends
            .start("a")
            .always(
                response ->
                    response.body("x".repeat(1 << 20)).onResponseBody(SocketEffect.Stall.INSTANCE));
    BalancedClient client = client(nested, a).build();
    Call call = client.http().newCall(client.request("/").build());

    try (Response response = call.execute()) {
      call.cancel();
      assertThatThrownBy(() -> response.body().bytes()).isInstanceOf(IOException.class);
    }
    assertThat(call.isCanceled()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void isCanceled_seenBehind_isThatOfTheCaller(boolean nested) throws IOException {
    AtomicReference<Boolean> seen = new AtomicReference<>();
    BalancedClient client =
        client(nested, backends.start("a"))
            .inside(
                http ->
                    http.addInterceptor(
                        chain -> {
                          callersCall(chain).cancel();
                          seen.set(chain.call().isCanceled());
                          return chain.proceed(chain.request());
                        }))
            .build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);
    assertThat(seen).hasValue(true);
  }

  @Test
  void isCanceled_lookedAtAfterAnAttemptTimeout_isTheAttemptsAlone() throws IOException {
    ManualTimer timer = new ManualTimer();
    AtomicReference<Call> attempt = new AtomicReference<>();
    AtomicReference<Call> callers = new AtomicReference<>();
    Backend a =
        backends
            .start("a")
            .always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    BalancedClient client =
        client(true, a, backends.start("b"))
            .balancing(options -> options.timing(timer.timing()))
            .inside(
                http ->
                    http.addInterceptor(
                        chain -> {
                          attempt.compareAndSet(null, chain.call());
                          callers.set(callersCall(chain));
                          return chain.proceed(chain.request());
                        }))
            .build();
    PendingReply pending = PendingReply.enqueue(client.http().newCall(client.request("/").build()));
    backends.await(() -> a.hits() == 1);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    backends.await(() -> attempt.get().isCanceled());
    assertThat(callers.get().isCanceled()).isFalse();
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void tags_ofTheRequest_areSeenBehindAndThoseOfTheCallByIt(boolean nested) throws IOException {
    AtomicReference<String> ofRequest = new AtomicReference<>();
    AtomicReference<Integer> ofCall = new AtomicReference<>();
    AtomicReference<Integer> direct = new AtomicReference<>();
    BalancedClient client =
        client(nested, backends.start("a"))
            .inside(
                http ->
                    http.addInterceptor(
                        chain -> {
                          ofRequest.set(chain.request().tag(String.class));
                          ofCall.set(callersCall(chain).tag(Integer.class));
                          direct.set(chain.call().tag(Integer.class));
                          return chain.proceed(chain.request());
                        }))
            .build();
    Call call = client.http().newCall(client.request("/").tag(String.class, "request").build());
    call.tag(Integer.class, () -> 7);
    call.execute().close();

    assertThat(ofRequest).hasValue("request");
    assertThat(ofCall).hasValue(7);
    assertThat(direct.get()).isEqualTo(nested || SEPARATE ? null : 7);
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void timeout_cancelledWhenTheResponseIsThere_isOffUnlessNested(boolean nested)
      throws IOException {
    Backend a =
        backends
            .start("a")
            .always(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE))
            .nextBare(
                response ->
                    response
                        .onResponseEnd(SocketEffect.ShutdownConnection.INSTANCE)
                        .body(new Stream()));
    BalancedClient client =
        client(nested, a).http(http -> http.callTimeout(Duration.ofMillis(500))).build();
    Call call = client.http().newCall(client.request("/").build());

    try (Response response = call.execute()) {
      call.timeout().cancel();
      assertThatThrownBy(() -> client.get("/")).isInstanceOf(InterruptedIOException.class);
      over.countDown();
      if (nested || SEPARATE) {
        assertThatThrownBy(() -> response.body().string()).isInstanceOf(IOException.class);
      } else {
        assertThat(response.body().string()).contains("good-bye");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void interceptors_beforeOneThatCallsThis_runOnce(boolean nested) throws IOException {
    AtomicInteger before = new AtomicInteger();
    AtomicInteger behind = new AtomicInteger();
    Backend a = backends.start("a").always(response -> response.code(503));
    BalancedClient client = client(nested, a, backends.start("b")).build();
    Interceptor ours = client.interceptor();
    Interceptor calling = chain -> ours.intercept(chain);
    OkHttpClient.Builder other = client.http().newBuilder();
    other.interceptors().clear();
    other.addInterceptor(counting(before));
    other.addInterceptor(calling);
    other.addInterceptor(counting(behind));

    other.build().newCall(client.request("/").build()).execute().close();

    assertThat(before).hasValue(SEPARATE ? 3 : 1);
    assertThat(behind).hasValueGreaterThanOrEqualTo(2);
  }

  private static Interceptor counting(AtomicInteger runs) {
    return chain -> {
      runs.incrementAndGet();
      return chain.proceed(chain.request());
    };
  }

  /** The caller's call, as an interceptor behind may know it. */
  private static Call callersCall(Interceptor.Chain chain) {
    CallAttempt attempt = LoadBalancingInterceptor.attemptOf(chain);
    return attempt == null ? chain.call() : attempt.call();
  }

  private BalancedClient.Builder client(boolean nested, Backend... at) {
    RetryPolicy.Builder policy = Policies.immediate(3);
    return backends
        .client(at)
        .balancing(
            options ->
                options.retry(
                    (nested ? policy.attemptTimeout(Duration.ofMinutes(1)) : policy).build()));
  }

  /** Two events, the second of which comes when the test says so. */
  private final class Stream implements MockResponseBody {
    @Override
    public long getContentLength() {
      return -1;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      sink.writeUtf8("data: hello\n\n").flush();
      backends.await(() -> over.getCount() == 0);
      sink.writeUtf8("data: good-bye\n\n").flush();
    }
  }
}
