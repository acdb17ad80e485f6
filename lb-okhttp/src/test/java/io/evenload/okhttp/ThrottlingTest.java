package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.BalancedClient.Reply;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls that are not sent since their service refuses so many. */
final class ThrottlingTest {

  @RegisterExtension final Backends backends = new Backends();

  private final VirtualTiming time = new VirtualTiming();
  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");
  private final BalancedClient client = client(Throttling.defaults());

  @Test
  void call_serviceRefusesAll_isNotSent() throws IOException {
    refuse();
    calls(50);
    ThrottledException thrown = throttled();

    assertThat(thrown)
        .hasMessage(
            "orders.test: throttled: 90 % of the calls are not sent, as the service refuses them");
    assertThat(thrown.share()).isEqualTo(0.9);
    assertThat(LoadBalancingInterceptor.attemptsOf(thrown)).isEmpty();
    assertThat(client.interceptor().throttledShare(BalancedClient.HOST)).isEqualTo(0.9);
    assertThat(client.balancer().status().notices()).containsExactly(thrown.getMessage());
    assertThat(client.balancer().status().toString()).contains(thrown.getMessage());
  }

  @Test
  void call_byDefault_isSentWhateverIsRefused() throws IOException {
    BalancedClient plain = client(null);
    refuse();
    for (int i = 0; i < 60; i++) {
      assertThat(plain.get("/").code()).isEqualTo(503);
      time.advance(Duration.ofMillis(50));
    }
    assertThat(plain.interceptor().throttledShare(BalancedClient.HOST)).isZero();
    assertThat(plain.balancer().status().notices()).isEmpty();
  }

  /** As a bug would have it that all servers share. */
  @ParameterizedTest
  @ValueSource(ints = {400, 404, 500, 502, 503, 504})
  void call_statusThatIsNoRefusal_isSent(int status) throws IOException {
    a.always(response -> response.code(status));
    b.always(response -> response.code(status));
    assertThat(calls(60)).isEqualTo(60);
  }

  @Test
  void call_tooManyRequests_isARefusal() throws IOException {
    a.always(response -> response.code(429));
    b.always(response -> response.code(429));
    assertThat(calls(100)).isLessThan(60);
  }

  @Test
  void call_bareUnavailableThatMeansSo_isARefusal() throws IOException {
    BalancedClient told =
        client(Throttling.builder().statuses(Set.of(503)).minimumCalls(10).build());
    a.always(response -> response.code(503));
    b.always(response -> response.code(503));
    int sent = 0;
    for (int i = 0; i < 100; i++) {
      sent += sent(told) ? 1 : 0;
    }
    assertThat(sent).isLessThan(60);
  }

  @Test
  void call_oneServerRefuses_isSentAndGoesToTheOther() throws IOException {
    a.always(response -> response.code(503).setHeader("Retry-After", "0"));
    for (int i = 0; i < 60; i++) {
      assertThat(client.get("/").server()).isEqualTo("b");
      time.advance(Duration.ofMillis(50));
    }
    assertThat(client.calls().refusals()).isEmpty();
  }

  @Test
  void repeat_allServersRefuse_isMadeNoMore() throws IOException {
    refuse();
    calls(50);
    assertThat(client.calls().refusals()).contains(Refusal.THROTTLED);
  }

  @Test
  void reconfigure_sameThrottling_goesOn_andWithout_sendsAll() throws IOException {
    refuse();
    calls(50);
    client.interceptor().reconfigure(options -> options.retry(RetryPolicy.none()));
    assertThat(client.interceptor().throttledShare(BalancedClient.HOST)).isEqualTo(0.9);

    client.interceptor().reconfigure(options -> options.withoutThrottling());
    assertThat(calls(30)).isEqualTo(30);
    assertThat(client.balancer().status().notices()).isEmpty();

    client.interceptor().reconfigure(options -> options.throttling(Throttling.defaults()));
    assertThat(client.interceptor().throttledShare(BalancedClient.HOST)).as("anew").isZero();
  }

  @Test
  void close_noticeIsTakenBack() throws IOException {
    refuse();
    calls(50);
    client.interceptor().close();
    assertThat(client.balancer().status().notices()).isEmpty();
  }

  @Test
  void call_serviceIsWellAgain_isSent() throws IOException {
    refuse();
    calls(100);
    a.always(response -> response);
    b.always(response -> response);
    calls(200);
    assertThat(calls(50)).isEqualTo(50);
  }

  private BalancedClient client(Throttling throttling) {
    return backends
        .client(a, b)
        .balancer(LoadBalancer.Builder::withoutOutlierDetection)
        .balancing(
            options -> {
              options.timing(time.timing()).retry(Policies.immediate(2).build());
              if (throttling != null) {
                options.throttling(throttling);
              }
            })
        .build();
  }

  private void refuse() {
    List.of(a, b)
        .forEach(each -> each.always(response -> response.code(503).setHeader("Retry-After", "0")));
  }

  /** Makes so many calls, 20 a second, and returns how many were sent. */
  private int calls(int count) throws IOException {
    int sent = 0;
    for (int i = 0; i < count; i++) {
      sent += sent(client) ? 1 : 0;
    }
    return sent;
  }

  private boolean sent(BalancedClient client) throws IOException {
    time.advance(Duration.ofMillis(50));
    try {
      Reply unused = client.get("/");
      return true;
    } catch (ThrottledException e) {
      return false;
    }
  }

  private ThrottledException throttled() {
    for (int i = 0; i < 100; i++) {
      ThrottledException thrown =
          catchThrowableOfType(ThrottledException.class, () -> client.get("/"));
      if (thrown != null) {
        return thrown;
      }
    }
    throw new AssertionError("all were sent");
  }
}
