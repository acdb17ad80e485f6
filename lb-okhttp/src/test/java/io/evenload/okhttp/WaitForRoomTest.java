package io.evenload.okhttp;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.NoServerAvailableException;
import io.evenload.limit.ConcurrencyLimits;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class WaitForRoomTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  void call_allAtTheirLimit_failsAtOnceByDefault() throws Exception {
    BalancedClient client = client(Duration.ZERO);
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);
      assertThatThrownBy(() -> client.get("/"))
          .isInstanceOf(IOException.class)
          .hasMessage("orders: no server available (1 known: 1 at its limit) (see waitForRoom)")
          .hasCauseInstanceOf(NoServerAvailableException.class);
    }
    assertThat(client.get("/").code()).isEqualTo(200);
  }

  @Test
  void call_allAtTheirLimit_waitsForRoom() throws Exception {
    BalancedClient client = client(Duration.ofSeconds(30));
    Call waiting = client.http().newCall(client.request("/").build());
    CompletableFuture<Integer> answer;
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);
      answer = execute(waiting);
      client.await(() -> blocked(answer));
    }

    assertThat(answer.get(20, TimeUnit.SECONDS)).isEqualTo(200);
  }

  @Test
  void call_noRoomInTime_failsAndSaysSo() throws Exception {
    BalancedClient client = client(Duration.ofMillis(50));
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);
      assertThatThrownBy(() -> client.get("/"))
          .hasMessage("orders: no server available (1 known: 1 at its limit); no room in PT0.05S");
    }
  }

  @Test
  void call_canceledWhileItWaits_endsAtOnce() throws Exception {
    BalancedClient client = client(Duration.ofHours(1));
    Call waiting = client.http().newCall(client.request("/").build());
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);
      CompletableFuture<Integer> answer = execute(waiting);
      client.await(() -> blocked(answer));
      waiting.cancel();

      assertThatThrownBy(() -> answer.get(20, TimeUnit.SECONDS))
          .hasCauseInstanceOf(IOException.class);
    }
    assertThat(client.get("/").code()).as("nobody is in the way").isEqualTo(200);
  }

  @Test
  void call_itsTimeIsOverWhileItWaits_isToldOfThatEachTime() throws Exception {
    BalancedClient client = client(Duration.ofHours(1));
    OkHttpClient hurried = client.http().newBuilder().callTimeout(Duration.ofMillis(100)).build();
    try (Response held = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(held.code()).isEqualTo(200);
      for (int i = 0; i < 10; i++) {
        assertThatThrownBy(() -> hurried.newCall(client.request("/").build()).execute())
            .isExactlyInstanceOf(InterruptedIOException.class)
            .hasMessage("timeout");
      }
    }
  }

  @Test
  void breaker_openOrTrying_isNoMatterOfRoom() throws Exception {
    Backend a = backends.start("a").always(response -> response.code(500));
    VirtualTime time = new VirtualTime();
    CircuitBreaker breaker =
        CircuitBreaker.builder().window(2).minimumAttempts(2).trials(1).build();
    BalancedClient client =
        backends
            .client(a)
            .balancing(options -> options.circuitBreaker(breaker).waitForRoom(ofSeconds(30)))
            .balancer(options -> time.drive(options).panicThreshold(0)) // it acts alone
            .build();
    time.runDue();
    client.get("/");
    client.get("/");
    String refusal = "orders: no server available (1 known: 1 breaker ";
    assertThatThrownBy(() -> client.get("/")).as("not seen yet").hasMessage(refusal + "open)");
    a.always(response -> response.code(200));
    for (String state : List.of("open)", "half-open)")) {
      time.advance(ofSeconds(3));
      try (Response trial = client.http().newCall(client.request("/").build()).execute()) {
        assertThat(trial.code()).as("one is let through").isEqualTo(200);
        assertThatThrownBy(() -> client.get("/")).hasMessage(refusal + state);
      }
    }
    assertThat(client.get("/").code()).as("the breaker closed").isEqualTo(200);
  }

  @Test
  void options_bad_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancingInterceptor.builder().waitForRoom(Duration.ofHours(2)))
        .withMessage("waitForRoom: PT2H (expected: PT0S to PT1H)");
  }

  /** A client of one server that takes one call at a time. */
  private BalancedClient client(Duration wait) {
    BalancedClient client =
        backends
            .client(backends.start("a"))
            .balancing(builder -> builder.waitForRoom(wait))
            .build();
    client.balancer().wiring().addGate(ConcurrencyLimits.fixed(1));
    return client;
  }

  private volatile Thread caller = Thread.currentThread();

  private CompletableFuture<Integer> execute(Call call) {
    CompletableFuture<Integer> answer = new CompletableFuture<>();
    caller =
        Threads.start(
            () -> {
              try (Response response = call.execute()) {
                answer.complete(response.code());
              } catch (IOException e) {
                answer.completeExceptionally(e);
              }
            });
    return answer;
  }

  /** Whether the call waits; it would have ended otherwise. */
  private boolean blocked(CompletableFuture<Integer> answer) {
    return answer.isDone() || caller.getState() == Thread.State.TIMED_WAITING;
  }
}
