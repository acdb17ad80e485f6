package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static io.evenload.okhttp.BalancedClient.Ended.timedOut;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.CallListener.NotHedged;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import mockwebserver3.MockResponse;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Attempts in which something blocks that cannot be made to stop: the caller does not wait for it.
 */
class LeftAttemptTest {

  private static final String SLOW = "slow.test";
  private static final HedgePolicy SOON = HedgePolicy.after(Duration.ofMillis(50));
  private static final Executor NONE =
      work -> {
        throw new RejectedExecutionException("all taken");
      };

  @RegisterExtension final Backends backends = new Backends();

  private final ManualTimer timer = new ManualTimer();
  private final CountDownLatch blocked = new CountDownLatch(1);
  private final CountDownLatch released = new CountDownLatch(1);

  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");

  @AfterEach
  void release() {
    released.countDown();
  }

  @Test
  void attemptTimeout_lookupBlocks_goesToTheNextServerAtOnce() throws IOException {
    BalancedClient client = client(timeout(), a.server(), timer.timing());

    PendingReply pending = whileLookupBlocks(client);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(released.getCount()).as("the lookup still blocks").isEqualTo(1);
    assertThat(client.ended()).containsExactly(refused(a.server()), succeeded(b));
  }

  @Test
  void attemptTimeout_interceptorBehindBlocks_goesToTheNextServerAtOnce() throws IOException {
    AtomicBoolean first = new AtomicBoolean(true);
    BalancedClient client =
        behind(
            timeout(),
            chain -> {
              if (first.getAndSet(false)) {
                block();
              }
              return chain.proceed(chain.request());
            });

    PendingReply pending = enqueue(client);
    backends.await(() -> blocked.getCount() == 0);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(client.ended()).extracting(Ended::server).containsExactly("a", "b");
  }

  @Test
  void attemptTimeout_lastAttemptsLookupBlocks_isToldAtOnce() {
    BalancedClient client =
        client(
            Policies.immediate(1).attemptTimeout(Duration.ofSeconds(1)),
            a.server(),
            timer.timing());

    PendingReply pending = whileLookupBlocks(client);
    timer.fire();

    assertThat(pending.failure())
        .isInstanceOf(AttemptTimeoutException.class)
        .hasMessageContaining("1000 ms");
    assertThat(client.ended()).containsExactly(refused(a.server()));
  }

  @Test
  void hedge_lookupOfTheFirstBlocks_isHandedOverAtOnce() throws IOException {
    BalancedClient client = client(hedge(), a.server(), timer.timing());

    PendingReply pending = whileLookupBlocks(client);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(released.getCount()).as("the lookup still blocks").isEqualTo(1);
    client.await(() -> client.ended().size() == 2);
    assertThat(client.ended()).contains(succeeded(b));
    assertThat(client.ended()).extracting(Ended::outcome).contains(Outcome.ABANDONED);
  }

  @Test
  void hedge_lookupsBlockUntilTheCallIsOver_callTimeoutEndsIt() {
    BalancedClient client = client(hedge(), a.server(), timer.timing());
    Call call = client.http().newCall(client.request("/").build());
    call.timeout().timeout(200, TimeUnit.MILLISECONDS);

    PendingReply pending = PendingReply.enqueue(call);

    assertThat(pending.failure()).isInstanceOf(InterruptedIOException.class).hasMessage("timeout");
    assertThat(released.getCount()).as("the lookup still blocks").isEqualTo(1);
    client.await(() -> client.inFlight() == 0);
  }

  @Test
  void interrupt_lookupBlocks_endsTheCallAtOnce() throws Exception {
    BalancedClient client = client(timeout(), a.server(), timer.timing());
    AtomicReference<IOException> failure = new AtomicReference<>();
    AtomicBoolean interrupted = new AtomicBoolean();
    Thread caller =
        Threads.start(
            () -> {
              try {
                client.get("/");
              } catch (IOException e) {
                failure.set(e);
                interrupted.set(Thread.currentThread().isInterrupted());
              }
            });
    backends.await(() -> blocked.getCount() == 0);
    caller.interrupt();
    caller.join(20_000);

    assertThat(failure.get()).isInstanceOf(InterruptedIOException.class);
    assertThat(LoadBalancingInterceptor.attemptsOf(failure.get()))
        .extracting(CallAttempt::outcome)
        .containsExactly(Outcome.CANCELLED);
    assertThat(interrupted).isTrue();
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
    assertThat(b.hits()).isZero();
    assertThat(timer.waiting()).as("timers left behind").isZero();
  }

  @Test
  void answer_afterTheAttemptWasLeft_isClosed() {
    AtomicBoolean first = new AtomicBoolean(true);
    AtomicReference<Response> late = new AtomicReference<>();
    BalancedClient client =
        behind(
            timeout(),
            chain -> {
              Response response = chain.proceed(chain.request());
              if (first.getAndSet(false)) {
                late.set(response);
                block();
              }
              return response;
            });
    a.always(response -> response.body("x".repeat(1_000_000)));

    PendingReply pending = enqueue(client);
    backends.await(() -> blocked.getCount() == 0);
    timer.fire();
    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(client.ended()).extracting(Ended::server).containsExactly("a", "b");
    released.countDown();

    client.await(() -> client.busyConnections() == 0);
    assertThatThrownBy(() -> late.get().body().source().readByte())
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("closed");
  }

  @Test
  void attemptTimeout_whileTheBodyIsWritten_noOtherThreadWritesIt() throws IOException {
    SlowBody body = new SlowBody();
    CountDownLatch canceled = new CountDownLatch(1);
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(options -> options.timing(timer.timing()).retry(timeout().build()))
            .http(http -> http.eventListener(onCanceled(canceled::countDown)))
            .build();

    PendingReply pending =
        PendingReply.enqueue(client.http().newCall(client.request("/").put(body).build()));
    backends.await(() -> blocked.getCount() == 0);
    timer.fire();
    backends.await(() -> canceled.getCount() == 0);
    released.countDown();

    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(body.most).as("threads that wrote it at once").hasValue(1);
    assertThat(client.ended()).containsExactly(timedOut(a.server()), succeeded(b));
  }

  @Test
  void canceledListenerThatBlocks_delaysNobodyElsesTimeout() {
    Backend stuck = backends.start("stuck").always(LeftAttemptTest::stall);
    RetryPolicy once = Policies.immediate(1).attemptTimeout(Duration.ofMillis(50)).build();
    BalancedClient blocking =
        backends
            .client(stuck)
            .balancing(options -> options.retry(once))
            .http(http -> http.eventListener(onCanceled(this::block)))
            .build();
    BalancedClient other = backends.client(stuck).balancing(options -> options.retry(once)).build();

    PendingReply first = enqueue(blocking);
    backends.await(() -> blocked.getCount() == 0);

    assertThatThrownBy(() -> other.get("/")).isInstanceOf(AttemptTimeoutException.class);
    assertThat(first.failure()).isInstanceOf(AttemptTimeoutException.class);
    assertThat(released.getCount()).as("the listener still blocks").isEqualTo(1);
    released.countDown();
  }

  @Test
  void listenerThatBlocksWhenThereIsNoHedge_doesNotBlockTheTimer() {
    a.always(LeftAttemptTest::stall);
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(
                options ->
                    options
                        .timing(timing(NONE, Timing.SYSTEM.firsts()))
                        .retry(hedge().build())
                        .listener(
                            new CallListener() {
                              @Override
                              public void notHedged(NotHedged event) {
                                block();
                              }
                            }))
            .build();

    PendingReply pending = enqueue(client);
    backends.await(() -> a.hits() == 1);
    timer.fire(); // returns
    backends.await(() -> blocked.getCount() == 0);
    a.close();

    assertThat(pending.reply().server()).isEqualTo("b");
  }

  @Test
  void attemptTimeout_noThreadForTheAttempt_theCallersMakesIt() throws IOException {
    AtomicReference<Thread> seen = new AtomicReference<>();
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(options -> options.timing(timing(NONE, NONE)).retry(timeout().build()))
            .inside(http -> http.addInterceptor(noting(seen)))
            .build();

    assertThat(client.get("/").server()).isEqualTo("a");
    assertThat(seen).hasValue(Thread.currentThread());
    assertThat(timer.waiting()).isZero();

    a.next(LeftAttemptTest::stall);
    PendingReply pending = enqueue(client);
    backends.await(() -> a.hits() == 2);
    timer.fire();
    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(client.ended()).containsExactly(succeeded(a), timedOut(a.server()), succeeded(b));
  }

  @Test
  void call_withNeitherTimeoutNorHedge_usesNoOtherThread() throws IOException {
    AtomicReference<Thread> seen = new AtomicReference<>();
    BalancedClient client =
        backends.client(a, b).inside(http -> http.addInterceptor(noting(seen))).build();

    client.get("/");

    assertThat(seen).hasValue(Thread.currentThread());
  }

  @Test
  void worker_hasTheClassLoaderOfTheCaller() throws IOException {
    AtomicReference<ClassLoader> seen = new AtomicReference<>();
    BalancedClient client =
        behind(
            timeout(),
            chain -> {
              seen.set(Thread.currentThread().getContextClassLoader());
              return chain.proceed(chain.request());
            });
    ClassLoader own = new ClassLoader() {};
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    Thread.currentThread().setContextClassLoader(own);
    try {
      client.get("/");
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }

    assertThat(seen).hasValue(own);
  }

  /** A client whose first server has a name that nobody can tell for long. */
  private BalancedClient client(RetryPolicy.Builder policy, Server slow, Timing timing) {
    Server named = Server.builder(SLOW, slow.port()).id(slow.id()).build();
    return backends
        .client(Wire.HTTP_1, named, b.server())
        .balancing(options -> options.timing(timing).retry(policy.build()))
        .http(http -> http.dns(this::lookup))
        .build();
  }

  private List<InetAddress> lookup(String host) throws UnknownHostException {
    if (host.equals(SLOW)) {
      block();
      return List.of(InetAddress.getLoopbackAddress());
    }
    return Dns.SYSTEM.lookup(host);
  }

  private BalancedClient behind(RetryPolicy.Builder policy, Interceptor interceptor) {
    return backends
        .client(a, b)
        .balancing(options -> options.timing(timer.timing()).retry(policy.build()))
        .inside(http -> http.addInterceptor(interceptor))
        .build();
  }

  private PendingReply whileLookupBlocks(BalancedClient client) {
    PendingReply pending = enqueue(client);
    backends.await(() -> blocked.getCount() == 0);
    return pending;
  }

  private void block() {
    blocked.countDown();
    backends.signal().changed();
    boolean interrupted = false;
    for (boolean waits = true; waits; ) {
      try {
        released.await();
        waits = false;
      } catch (InterruptedException e) {
        interrupted = true; // as a lookup, which takes no notice
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private Timing timing(Executor workers, Executor firsts) {
    Timing system = Timing.SYSTEM;
    return new Timing(
        system.nanoTime(),
        system.epochMillis(),
        system.random(),
        system.waiting(),
        timer,
        workers,
        firsts);
  }

  private static RetryPolicy.Builder timeout() {
    return Policies.immediate(3).attemptTimeout(Duration.ofSeconds(1));
  }

  private static RetryPolicy.Builder hedge() {
    return Policies.immediate(2).hedge(SOON);
  }

  private static PendingReply enqueue(BalancedClient client) {
    return PendingReply.enqueue(client.http().newCall(client.request("/").build()));
  }

  private static Interceptor noting(AtomicReference<Thread> seen) {
    return chain -> {
      seen.set(Thread.currentThread());
      return chain.proceed(chain.request());
    };
  }

  private EventListener onCanceled(Runnable work) {
    return new EventListener() {
      @Override
      public void canceled(Call call) {
        work.run();
        backends.signal().changed();
      }
    };
  }

  private static MockResponse.Builder stall(MockResponse.Builder response) {
    return response.onResponseStart(SocketEffect.Stall.INSTANCE);
  }

  /** A body that may be written again, but not by two threads at once. */
  private final class SlowBody extends RequestBody {
    final AtomicInteger most = new AtomicInteger();
    private final AtomicInteger writing = new AtomicInteger();
    private final AtomicBoolean first = new AtomicBoolean(true);

    @Override
    public @Nullable MediaType contentType() {
      return null;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      most.accumulateAndGet(writing.incrementAndGet(), Math::max);
      try {
        if (first.getAndSet(false)) {
          block();
        }
        sink.writeUtf8("body");
      } finally {
        writing.decrementAndGet();
      }
    }
  }
}
