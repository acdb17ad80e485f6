package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.CallAttempt.Reason;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What an interceptor behind the balancing one can learn of the attempt that it is part of. */
class AttemptOfTest {

  @RegisterExtension final Backends backends = new Backends();

  private final List<@Nullable CallAttempt> seen = Collections.synchronizedList(new ArrayList<>());
  private final List<@Nullable CallAttempt> failed =
      Collections.synchronizedList(new ArrayList<>());

  @Test
  @ReliesOnInternals("each attempt is another call")
  void requestOfACallForOneAttempt_isTaggedWithTheCallersCall() throws IOException {
    List<@Nullable Call> tags = Collections.synchronizedList(new ArrayList<>());
    BalancedClient client =
        backends
            .client(backends.start("a"))
            .http(
                http ->
                    http.eventListenerFactory(
                        call -> {
                          tags.add(call.request().tag(Call.class));
                          return EventListener.NONE;
                        }))
            .build();
    client.get("/");
    RetryPolicy nesting = Policies.immediate(2).attemptTimeout(Duration.ofSeconds(30)).build();
    client.interceptor().reconfigure(options -> options.retry(nesting));
    Call call = client.http().newCall(client.request("/").build());

    call.execute().close();

    assertThat(tags).containsExactly(null, null, call);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @ReliesOnInternals("nothing is detached")
  void attemptOf_retriedAfterAnswer_tellsEachAttemptAndNotTheDetaching(Wire wire)
      throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    List<@Nullable CallAttempt> onNetwork = new ArrayList<>();
    BalancedClient client =
        backends
            .client(a, b)
            .inside(http -> http.addInterceptor(this::see))
            .inside(
                http ->
                    http.addNetworkInterceptor(
                        chain -> {
                          onNetwork.add(LoadBalancingInterceptor.attemptOf(chain));
                          return chain.proceed(chain.request());
                        }))
            .build();
    Call call = client.http().newCall(client.request("/").build());

    call.execute().close();

    assertThat(seen).hasSize(3);
    assertThat(seen.get(1)).as("detaching").isNull();
    seen.remove(1);
    for (List<@Nullable CallAttempt> attempts : List.of(seen, onNetwork)) {
      assertThat(attempts)
          .extracting(CallAttempt::reason)
          .containsExactly(Reason.FIRST, Reason.RETRY);
      assertThat(attempts).extracting(CallAttempt::server).containsExactly(a.server(), b.server());
      assertThat(attempts).extracting(CallAttempt::service).containsOnly(BalancedClient.HOST);
      assertThat(attempts).extracting(CallAttempt::call).containsOnly(call);
    }
  }

  @Test
  void attemptOf_outside_isNull() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        backends
            .client(a)
            .http(
                http ->
                    http.addInterceptor(
                        chain -> {
                          seen.add(LoadBalancingInterceptor.attemptOf(chain));
                          Response response = chain.proceed(chain.request());
                          seen.add(LoadBalancingInterceptor.attemptOf(chain));
                          return response;
                        }))
            .build();

    client.get("/");

    assertThat(seen).containsExactly(null, null);
  }

  @Test
  void attemptOf_notBalanced_isNull() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        backends.client(a).inside(http -> http.addInterceptor(this::see)).build();

    Request request = new Request.Builder().url("http://localhost:" + a.port() + "/").build();
    client.http().newCall(request).execute().close();

    assertThat(seen).containsExactly((CallAttempt) null);
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void attemptOf_hedged_leadsToTheCallersCall(Wire wire) throws IOException {
    Backend a =
        backends
            .start("a", wire)
            .next(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    Backend b = backends.start("b", wire);
    ManualTimer timer = new ManualTimer();
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(
                            Policies.immediate(2)
                                .hedge(HedgePolicy.after(Duration.ofMillis(10)))
                                .build()))
            .inside(http -> http.addInterceptor(this::see))
            .build();
    Call call = client.http().newCall(client.request("/").build());

    PendingReply pending = PendingReply.enqueue(call);
    backends.await(() -> a.hits() == 1);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(seen).extracting(CallAttempt::reason).containsExactly(Reason.FIRST, Reason.HEDGE);
    assertThat(seen).extracting(CallAttempt::call).containsOnly(call);
    backends.await(() -> failed.size() == 1);
    assertThat(failed).extracting(CallAttempt::failure).containsOnlyNulls();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  void attemptOf_cutByAttemptTimeout_saysSo(Wire wire) throws IOException {
    Backend a =
        backends
            .start("a", wire)
            .next(response -> response.onResponseStart(SocketEffect.Stall.INSTANCE));
    Backend b = backends.start("b", wire);
    ManualTimer timer = new ManualTimer();
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(
                interceptor ->
                    interceptor
                        .timing(timer.timing())
                        .retry(Policies.immediate(2).attemptTimeout(Duration.ofSeconds(1)).build()))
            .inside(http -> http.addInterceptor(this::see))
            .build();

    PendingReply pending = PendingReply.enqueue(client.http().newCall(client.request("/").build()));
    backends.await(() -> a.hits() == 1);
    timer.fire();

    assertThat(pending.reply().server()).isEqualTo("b");
    assertThat(seen).extracting(CallAttempt::failure).containsOnlyNulls();
    assertThat(failed).hasSize(1);
    assertThat(failed.get(0).failure()).isInstanceOf(SocketTimeoutException.class);
  }

  private Response see(Interceptor.Chain chain) throws IOException {
    seen.add(LoadBalancingInterceptor.attemptOf(chain));
    try {
      return chain.proceed(chain.request());
    } catch (IOException e) {
      if (LoadBalancingInterceptor.attemptOf(chain) != null) {
        failed.add(LoadBalancingInterceptor.attemptOf(chain));
      }
      throw e;
    }
  }
}
