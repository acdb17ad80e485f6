package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.evenload.OutlierRule.Outlier;
import io.evenload.health.OutlierDetection;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules of outlier detection, by their arithmetic. */
final class OutlierRuleTest {

  private static final OutlierDetection DEFAULTS = OutlierDetection.defaults();

  @Test
  void threshold_fourPerfectAndOneHalf_is52Percent() {
    double[] rates = {1, 1, 1, 1, .5};

    assertThat(OutlierRule.threshold(rates, 5, 1.9)).isCloseTo(.52, within(1e-9));
    assertThat(OutlierRule.threshold(rates, 4, 1.9)).isEqualTo(1);
  }

  @Test
  void find_fourPerfectAndOneHalf_isTheHalf() {
    assertThat(OutlierRule.find(tallies(100, 1, 1, 1, 1, .5), DEFAULTS))
        .containsExactly(new Outlier(4, .5, "success rate 0.50 below 0.52"));
  }

  @Test
  void find_oneAlmostPerfectAmongPerfectOnes_isNone() {
    long[] tallies = tallies(1_000, 1, 1, 1, 1, 1, 1, 1, 1, 1, .999);

    assertThat(OutlierRule.find(tallies, DEFAULTS)).isEmpty();
    OutlierDetection floorless = OutlierDetection.builder().successRateFloor(1).build();
    assertThat(OutlierRule.find(tallies, floorless)).extracting(Outlier::index).containsExactly(9);
  }

  @ParameterizedTest
  @CsvSource({"0.90, false", "0.89, true"})
  void find_onlyBelowTheFloor(double rate, boolean found) {
    assertThat(OutlierRule.find(tallies(100, 1, 1, 1, 1, 1, rate), DEFAULTS).isEmpty())
        .isEqualTo(!found);
  }

  @ParameterizedTest
  @CsvSource({
    // n, k equally bad: sqrt((n - k) / k) deviations, which is 1.9 at k/n = 21.7 %
    "5, 1, 1",
    "9, 2, 0",
    "10, 2, 2",
    "60, 13, 13",
    "60, 14, 0"
  })
  void find_severalEquallyBad_seesThemBelow21Point7PercentOnly(int n, int bad, int found) {
    double[] rates = new double[n];
    Arrays.fill(rates, 1);
    Arrays.fill(rates, 0, bad, .3);

    assertThat(OutlierRule.find(tallies(100, rates), DEFAULTS)).hasSize(found);
  }

  @Test
  void find_allEqual_isNone() {
    assertThat(OutlierRule.find(tallies(100, .5, .5, .5, .5, .5), DEFAULTS)).isEmpty();
    assertThat(OutlierRule.find(tallies(100, .31, .31, .31, .31, .31, .31), DEFAULTS)).isEmpty();
  }

  @Test
  void find_tooFewServersOrAttempts_isNone() {
    assertThat(OutlierRule.find(tallies(100, 1, 1, 1, .2), DEFAULTS)).isEmpty();
    assertThat(OutlierRule.find(tallies(99, 1, 1, 1, 1, .2), DEFAULTS)).isEmpty();
    assertThat(OutlierRule.find(new long[0], DEFAULTS)).isEmpty();
  }

  @Test
  void find_serversWithFewAttempts_countNeitherAsOutliersNorAsPeers() {
    long[] tallies = tallies(100, 1, 1, 1, 1, .5, .4);
    tallies[5] = tally(29, 20);

    assertThat(OutlierRule.find(tallies, DEFAULTS)).extracting(Outlier::index).containsExactly(4);
    tallies[0] = tally(99, 0);
    assertThat(OutlierRule.find(tallies, DEFAULTS)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"14, 86, true", "15, 85, false", "7, 43, true", "7, 42, false", "0, 49, false"})
  void find_failurePercent_isAbove85OfAtLeast50(int successes, int failures, boolean found) {
    long[] tallies = {tally(successes, failures)};

    assertThat(OutlierRule.find(tallies, DEFAULTS).isEmpty()).isEqualTo(!found);
  }

  @Test
  void find_failurePercent_saysHowManyFailed() {
    assertThat(OutlierRule.find(new long[] {tally(11, 109)}, DEFAULTS))
        .extracting(Outlier::reason)
        .containsExactly("91 % of 120 failed");
  }

  @Test
  void find_several_comeWorstFirst() {
    long[] tallies = {tally(10, 90), tally(100, 0), tally(0, 60), tally(5, 95)};

    assertThat(OutlierRule.find(tallies, DEFAULTS))
        .extracting(Outlier::index)
        .containsExactly(2, 3, 0);
  }

  @Test
  void find_ruleSwitchedOff_findsNothing() {
    OutlierDetection noComparison = OutlierDetection.builder().successRateDeviations(0).build();
    assertThat(OutlierRule.find(tallies(100, 1, 1, 1, 1, .5), noComparison)).isEmpty();
    OutlierDetection noPercentage = OutlierDetection.builder().failurePercent(0).build();
    assertThat(OutlierRule.find(new long[] {tally(0, 1_000)}, noPercentage)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "3, 10, 1",
    "10, 10, 1",
    "19, 10, 1",
    "20, 10, 2",
    "10000, 10, 1000",
    "5, 100, 5",
    "5, 1, 1",
    "5, 0, 0",
    "2000000000, 100, 2000000000"
  })
  void cap_isAPartButOneAtLeast(int known, int percent, int cap) {
    assertThat(OutlierRule.cap(known, percent)).isEqualTo(cap);
  }

  @ParameterizedTest
  @CsvSource({
    "1000, 0, false", // nobody else fails
    "4, 0.01, true",
    "5, 0.01, false",
    "8, 0.1, true",
    "10, 0.1, false",
    "40, 0.6, true",
    "41, 0.6, false",
    "1000, 1, true"
  })
  void mayBeChance_inARow_asOftenAsTheShareOfTheOthersExplains(
      int inARow, double share, boolean chance) {
    assertThat(OutlierRule.mayBeChance(inARow, share)).isEqualTo(chance);
  }

  @ParameterizedTest
  @CsvSource({
    // five standard deviations of the difference: 0.2450 with 54 failures, 0.2452 with 55
    "54, 100, 300, 1000, true",
    "55, 100, 300, 1000, false",
    "20, 100, 300, 1000, true",
    "1, 100, 0, 1000, false" // nobody else fails
  })
  void mayBeChance_oftenerThanTheOthers_withinFiveDeviations(
      double failed, double attempts, double othersFailed, double othersAttempts, boolean chance) {
    assertThat(OutlierRule.mayBeChance(failed, attempts, othersFailed, othersAttempts))
        .isEqualTo(chance);
  }

  @ParameterizedTest
  @CsvSource({"10, 5, true", "9, 60, false", "10, 4.999, false", "1000, 0, false"})
  void silent_tenAttemptsAndFiveSeconds(int unanswered, double seconds, boolean silent) {
    assertThat(OutlierRule.silent(unanswered, seconds)).isEqualTo(silent);
  }

  @Test
  void threshold_ofSome_takesNoNoticeOfTheRest() {
    assertThat(OutlierRule.threshold(new double[] {1, 1, .8, 0}, 3, 1))
        .isCloseTo(14. / 15 - Math.sqrt(2) / 15, within(1e-9));
  }

  @Test
  void livedDown_anIntervalWithoutAnEjection_isOneTimeLess() {
    Ejection twice = new Ejection(2, 100, null);

    assertThat(twice.livedDown(109, 10)).isSameAs(twice);
    assertThat(twice.livedDown(110, 10)).isEqualTo(new Ejection(1, 100, null));
    assertThat(Ejection.NONE.livedDown(1_000, 10)).isSameAs(Ejection.NONE);
    Ejection running =
        new Ejection(2, 100, new Standing(EndpointState.EJECTED, "5 failures in a row"));
    assertThat(running.livedDown(1_000, 10)).isSameAs(running);
    assertThat(running.over()).isEqualTo(twice);
  }

  @Test
  void ejection_growsByTheBaseTimeUpToTheMaximum() {
    int times = 0;
    for (long seconds : List.of(30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 300, 300)) {
      times = OutlierRule.times(times, DEFAULTS);
      assertThat(OutlierRule.ejectionNanos(times, 0, DEFAULTS)).isEqualTo(seconds * 1_000_000_000);
    }
    assertThat(times).as("what is lived down").isEqualTo(10);
  }

  @Test
  void ejection_jitter_makesItShorterByATenthAtMost() {
    assertThat(OutlierRule.ejectionNanos(1, .5, DEFAULTS)).isEqualTo(28_500_000_000L);
    assertThat(OutlierRule.ejectionNanos(10, 1, DEFAULTS)).isEqualTo(270_000_000_000L);
  }

  @Test
  void ejection_maximumNoMultipleOfTheBase_isReached() {
    OutlierDetection detection =
        OutlierDetection.builder()
            .baseEjectionTime(Duration.ofSeconds(40))
            .maxEjectionTime(Duration.ofSeconds(100))
            .build();
    int times =
        OutlierRule.times(OutlierRule.times(OutlierRule.times(0, detection), detection), detection);

    assertThat(times).isEqualTo(3);
    assertThat(OutlierRule.times(times, detection)).isEqualTo(3);
    assertThat(OutlierRule.ejectionNanos(3, 0, detection)).isEqualTo(100_000_000_000L);
  }

  private static long[] tallies(int attempts, double... rates) {
    return Arrays.stream(rates)
        .mapToInt(rate -> (int) Math.round(rate * attempts))
        .mapToLong(successes -> tally(successes, attempts - successes))
        .toArray();
  }

  private static long tally(int successes, int failures) {
    long tally = Tally.NONE;
    for (int i = 0; i < failures; i++) {
      tally = Tally.with(tally, false);
    }
    for (int i = 0; i < successes; i++) {
      tally = Tally.with(tally, true);
    }
    return tally;
  }
}
