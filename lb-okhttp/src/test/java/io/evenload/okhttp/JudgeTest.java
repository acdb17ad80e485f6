package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Outcome;
import io.evenload.okhttp.BalancedClient.Ended;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class JudgeTest {

  @RegisterExtension final Backends backends = new Backends();

  private final RateLimitedLog log = new RateLimitedLog(System::nanoTime);

  @Test
  void outcome_byDefault_is500AndMoreAndWhatIsRetried() {
    RetryPolicy policy = RetryPolicy.builder().statuses(List.of(404)).build();
    Judge judge = new Judge(null, policy, log);

    assertThat(judge.outcome(200)).isEqualTo(Outcome.SUCCESS);
    assertThat(judge.outcome(400)).isEqualTo(Outcome.SUCCESS);
    assertThat(judge.outcome(404)).isEqualTo(Outcome.FAILURE);
    assertThat(judge.outcome(429)).isEqualTo(Outcome.CANCELLED);
    assertThat(judge.outcome(500)).isEqualTo(Outcome.FAILURE);
  }

  @Test
  void outcome_ofTheUser_decidesAlone() {
    Judge judge = new Judge(status -> status == 429 || status == 503, RetryPolicy.defaults(), log);

    assertThat(judge.outcome(429)).isEqualTo(Outcome.FAILURE);
    assertThat(judge.outcome(502)).isEqualTo(Outcome.SUCCESS);
    assertThat(judge.outcome(503)).isEqualTo(Outcome.FAILURE);
  }

  @Test
  void outcome_ofTheUserThrows_isTheDefault() {
    Judge judge =
        new Judge(
            status -> {
              throw new IllegalStateException("broken");
            },
            RetryPolicy.defaults(),
            log);

    assertThat(judge.outcome(500)).isEqualTo(Outcome.FAILURE);
    assertThat(judge.outcome(404)).isEqualTo(Outcome.SUCCESS);
  }

  @Test
  void option_ofTheInterceptor_isUsed() throws Exception {
    Backend a = backends.start("a").next(r -> r.code(501)).next(r -> r.code(404));
    BalancedClient client =
        backends
            .client(a)
            .balancing(builder -> builder.failureStatuses(status -> status == 404))
            .build();
    client.get("/");
    client.get("/");

    assertThat(client.ended()).containsExactly(Ended.succeeded(a), Ended.failed(a.server()));
  }
}
