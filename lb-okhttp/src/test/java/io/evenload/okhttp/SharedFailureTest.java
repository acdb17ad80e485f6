package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.Callers.Results;
import io.evenload.okhttp.Callers.Service;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What fails everywhere is no server's fault: breakers and ejections must not make it worse, and
 * must still take out who is worse than the others.
 */
final class SharedFailureTest {

  private static final int CALLERS = 16;
  private static final Duration SECONDS = Duration.ofSeconds(20);
  private static final long SEED = 20_260_101;

  /** Every answer of every server fails with this chance. */
  private static Service shared(double part, int status) {
    return (server, since, random) -> random.nextDouble() < part ? status : 200;
  }

  /** The first servers fail with this chance, the others never. */
  private static Service bad(int servers, double part) {
    return (server, since, random) -> random.nextDouble() < part && server < servers ? 500 : 200;
  }

  private static Callers balanced(int servers, Service service) {
    return Callers.balanced(SEED, servers, service, UnaryOperator.identity()).begin(CALLERS);
  }

  private static Results unbalanced(int servers, Service service) {
    return Callers.unbalanced(SEED, servers, service).begin(CALLERS).pass(SECONDS);
  }

  /** 20,000 calls or more: a success rate that is the same shows within 1.5 points, 4 sigma. */
  @ParameterizedTest
  @CsvSource({"0.3, 500", "0.3, 503", "0.6, 500", "0.6, 503", "0.9, 500", "0.9, 503"})
  void sharedFailure_ofAPartOfAllAnswers_costsNoCallMore(double part, int status) {
    for (int servers : new int[] {1, 2, 3, 4, 10}) {
      Results plain = unbalanced(servers, shared(part, status));
      Results ours = balanced(servers, shared(part, status)).pass(SECONDS);
      assertThat(ours.calls()).isGreaterThan(18_000);
      assertThat(ours.success())
          .as("%s servers, plain %s", servers, plain.success())
          .isGreaterThan(plain.success() - 0.015);
    }
  }

  @Test
  void sharedFailure_breakersThatActAlone_becomesTotal() {
    Results results =
        Callers.balanced(SEED, 4, shared(0.6, 500), builder -> builder.panicThreshold(0))
            .begin(CALLERS)
            .pass(SECONDS);
    assertThat(results.success()).as("as in Hystrix").isLessThan(0.1);
  }

  @ParameterizedTest
  @CsvSource({"2, 1.0", "3, 1.0", "4, 1.0", "10, 1.0", "2, 0.8", "3, 0.8", "4, 0.8", "10, 0.8"})
  void oneServer_worseThanTheOthers_isLeftAloneWithinSeconds(int servers, double part) {
    Callers callers = balanced(servers, bad(1, part));
    callers.pass(Duration.ofSeconds(3));
    Results after = callers.pass(SECONDS);
    assertThat(after.share(0)).as("a fair share is %s", 1.0 / servers).isLessThan(0.02);
    assertThat(after.success()).isGreaterThan(0.98);
  }

  @Test
  void oneServer_worseThanOthersThatFailToo_isLeftAlone() {
    Callers callers =
        balanced(
            4,
            (server, since, random) -> random.nextDouble() < (server == 0 ? 1 : 0.3) ? 500 : 200);
    callers.pass(Duration.ofSeconds(3));
    assertThat(callers.pass(SECONDS).share(0)).isLessThan(0.02);
  }

  @Test
  void halfOfTheServers_fail_areLeftAloneTogether() {
    Callers callers = balanced(4, bad(2, 0.9));
    callers.pass(Duration.ofSeconds(3));
    assertThat(callers.pass(SECONDS).success()).isGreaterThan(0.97);
  }

  /** Nobody succeeds there, so nobody is lost by not asking. */
  @Test
  void moreThanHalfOfTheServers_failAllCalls_areLeftAloneAllTheSame() {
    Callers callers = balanced(4, bad(3, 1));
    callers.pass(Duration.ofSeconds(3));
    assertThat(callers.pass(SECONDS).success()).isGreaterThan(0.97);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4})
  void allServers_failAllCalls_failFastAndRecover(int servers) {
    Callers callers =
        balanced(servers, (server, since, random) -> since.toSeconds() < 20 ? 500 : 200);
    callers.pass(Duration.ofSeconds(2));
    Results outage = callers.pass(Duration.ofSeconds(18));
    assertThat(outage.unsent()).isGreaterThan((int) (0.8 * outage.calls()));
    callers.pass(Duration.ofSeconds(6));
    assertThat(callers.pass(SECONDS).success()).isGreaterThan(0.999);
  }

  @Test
  void failure_ends_breakersCloseAndNothingIsOverruledAnyMore() {
    Callers callers =
        balanced(
            4,
            (server, since, random) ->
                since.toSeconds() < 20 && random.nextDouble() < 0.6 ? 500 : 200);
    callers.pass(Duration.ofSeconds(100)); // an ejection of 30 s and a slow start of 30 s are over
    Results after = callers.pass(SECONDS);
    assertThat(after.success()).isEqualTo(1);
    for (int server = 0; server < 4; server++) {
      assertThat(after.share(server)).isBetween(0.2, 0.3);
    }
    assertThat(callers.reasons()).containsOnly("");
  }
}
