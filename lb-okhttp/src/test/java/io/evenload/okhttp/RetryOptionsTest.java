package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What a retry policy can say beside attempts, statuses and waits. */
class RetryOptionsTest {

  private static final String KEY = "Idempotency-Key";

  @RegisterExtension final Backends backends = new Backends();

  @Test
  void tag_none_isNotRetried() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client = backends.client(a, b).build();
    Request request = client.request("/").tag(RetryPolicy.class, RetryPolicy.none()).build();

    assertThat(client.execute(request).code()).isEqualTo(503);
    assertThat(client.get("/").server()).isEqualTo("b");
  }

  @Test
  void tag_moreThanTheInterceptors_isHeeded() throws IOException {
    Backend a = backends.start("a").next(response -> response.code(500));
    Backend b = backends.start("b");
    BalancedClient client = backends.client(a, b).balancing(retry(RetryPolicy.none())).build();
    RetryPolicy own = Policies.immediate(2).statuses(java.util.List.of(500)).build();

    assertThat(client.execute(client.request("/").tag(RetryPolicy.class, own).build()).server())
        .isEqualTo("b");
  }

  @Test
  void tag_budgeted_hasTheBudgetOfTheService() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(retry(Policies.immediate(2).budgetRatio(0).budgetPerSecond(0).build()))
            .build();
    RetryPolicy own = Policies.immediate(2).budgetRatio(1).budgetPerSecond(100).build();

    assertThat(client.execute(client.request("/").tag(RetryPolicy.class, own).build()).code())
        .isEqualTo(503);
    assertThat(client.calls().refusals()).containsExactly(Refusal.BUDGET_EXHAUSTED);
  }

  @Test
  void retryIf_response_decides() throws IOException {
    Backend a = backends.start("a").next(response -> response.setHeader("Busy", "yes"));
    a.next(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(
                retry(
                    Policies.immediate(2)
                        .retryIf(
                            (response, failure) ->
                                response != null && response.header("Busy") != null)
                        .build()))
            .build();

    assertThat(client.get("/").server()).isEqualTo("b");
    assertThat(client.get("/").code()).as("the statuses are not looked at").isEqualTo(503);
  }

  @Test
  void retryIf_failure_decides() throws IOException {
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(Wire.HTTP_1, backends.refusing("a"), b.server())
            .balancing(retry(Policies.immediate(2).retryIf((response, failure) -> false).build()))
            .build();

    assertThatThrownBy(() -> client.get("/")).isInstanceOf(IOException.class);
    assertThat(b.hits()).isZero();
  }

  @Test
  void retryIf_throws_isNotRetried() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    BalancedClient client =
        backends
            .client(a, backends.start("b"))
            .balancing(
                retry(
                    Policies.immediate(2)
                        .retryIf(
                            (response, failure) -> {
                              throw new IllegalStateException("out of order");
                            })
                        .build()))
            .build();

    assertThat(client.get("/").code()).isEqualTo(503);
  }

  @Test
  void idempotencyKey_postThatHasIt_isRetried() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(retry(Policies.immediate(2).idempotencyKey(KEY).build()))
            .build();

    assertThat(client.post("/", "x").code()).as("without a key").isEqualTo(503);
    Reply reply =
        client.execute(
            client.request("/").header(KEY, "7").post(RequestBody.create("x", null)).build());
    assertThat(reply.server()).isEqualTo("b");
  }

  @Test
  void idempotencyKey_made_isTheSameForAllAttempts() throws IOException {
    Backend a = backends.start("a").always(response -> response.code(503));
    Backend b = backends.start("b");
    AtomicInteger made = new AtomicInteger();
    BalancedClient client =
        backends
            .client(a, b)
            .balancing(
                retry(
                    Policies.immediate(2)
                        .idempotencyKey(KEY, () -> "key " + made.incrementAndGet())
                        .build()))
            .build();

    assertThat(client.post("/", "x").server()).isEqualTo("b");
    assertThat(a.onlyRequest().getHeaders().get(KEY)).isEqualTo("key 1");
    assertThat(b.onlyRequest().getHeaders().get(KEY)).isEqualTo("key 1");
    client.get("/");
    client.post("/", "another");
    assertThat(b.requests())
        .extracting(request -> request.getHeaders().get(KEY))
        .containsExactly("key 1", null, "key 2");
  }

  private static Consumer<LoadBalancingInterceptor.Builder> retry(RetryPolicy policy) {
    return interceptor -> interceptor.retry(policy);
  }
}
