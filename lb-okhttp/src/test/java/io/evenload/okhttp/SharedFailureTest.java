package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.Callers.Results;
import io.evenload.okhttp.Callers.Service;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What fails everywhere is no server's fault: breakers and ejections must not make it worse. */
final class SharedFailureTest {

  private static final int CALLERS = 16;
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final long SEED = 20_260_101;

  /** Every answer of every server fails with this chance. */
  private static Service failing(double part, int status) {
    return (server, since, random) -> random.nextDouble() < part ? status : 200;
  }

  private static Results balanced(int servers, Service service) {
    return Callers.balanced(SEED, servers, service, UnaryOperator.identity())
        .begin(CALLERS)
        .pass(MINUTE);
  }

  private static Results unbalanced(int servers, Service service) {
    return Callers.unbalanced(SEED, servers, service).begin(CALLERS).pass(MINUTE);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.3, 0.6, 0.9, 0.97})
  void sharedFailure_ofAPart_costsNoMoreThanThatPart(double part) {
    for (int servers : new int[] {1, 2, 3, 4, 10}) {
      for (int status : new int[] {500, 503}) {
        Results plain = unbalanced(servers, failing(part, status));
        Results ours = balanced(servers, failing(part, status));
        System.out.println(part + " " + servers + " " + status + " plain " + plain.success() + " ours " + ours.success() + " unsent " + ours.unsent() + " of " + ours.calls());
      }
    }
  }
}
