package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.okhttp.DoNoHarmReport.Pair;
import io.evenload.okhttp.Episode.Kind;
import io.evenload.okhttp.TroubledCalls.Client;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Whatever trouble there is, a balancer with all defaults does not make it worse than a random
 * choice with the same retries does. {@link DoNoHarmReport} asks that of more schedules.
 */
@Tag("simulation")
final class DoNoHarmTest {

  private static final long SCHEDULES = Long.getLong("schedules", 150);
  private static final int LOOKS = 9;
  private static final int ZONES = 3;

  @Test
  void generatedTrouble_costsNobodyAnything() throws IOException {
    List<Pair> pairs = DoNoHarmReport.pairs(SCHEDULES, false, LOOKS, Client.BALANCED);
    Files.writeString(Path.of("target", "do-no-harm.md"), DoNoHarmReport.of(pairs));
    assertThat(pairs.stream().filter(Pair::harms))
        .as("docs/do-no-harm.md says of 3 in 1,000 why they do harm")
        .hasSizeLessThanOrEqualTo((int) (3 * SCHEDULES / 1_000));
  }

  /** A bug is no overload, and where a part of the servers refuses the calls still go elsewhere. */
  @Test
  void generatedTrouble_withThrottling_costsNobodyAnything() throws IOException {
    List<Pair> pairs = DoNoHarmReport.pairs(SCHEDULES / 3, false, LOOKS, Client.THROTTLED);
    Files.writeString(Path.of("target", "do-no-harm-throttled.md"), DoNoHarmReport.of(pairs));
    assertThat(pairs.stream().filter(Pair::harms))
        .hasSizeLessThanOrEqualTo((int) (SCHEDULES / 1_000));
  }

  @Test
  void sharedBug_withThrottling_isNotTakenForOverload() {
    for (int status : new int[] {500, 502, 503}) {
      Schedule schedule = schedule(5, 100, episode(Kind.SHARED_ERRORS, 10, 60, 0.6, status));
      Pair pair = DoNoHarmReport.confirmed(schedule, LOOKS, Client.THROTTLED);
      assertThat(pair.gain()).as("%s", pair).isGreaterThan(-0.01);
    }
  }

  /** Calls that are to stay in a zone stay, too, where servers are slow; but they are not lost. */
  @Test
  void generatedTrouble_inZones_losesNoCalls() throws IOException {
    List<Pair> pairs = DoNoHarmReport.pairs(SCHEDULES / 3, true, LOOKS, Client.BALANCED);
    Files.writeString(Path.of("target", "do-no-harm-in-zones.md"), DoNoHarmReport.of(pairs));
    assertThat(pairs.stream().filter(pair -> pair.gain() < -0.01))
        .as("docs/do-no-harm.md says of 1 in 100 why they lose calls")
        .hasSizeLessThanOrEqualTo((int) (SCHEDULES / 3 / 100));
  }

  /** It was ejected before, so its breaker acted, and three of four calls were not even sent. */
  @Test
  void ejectedServer_isTheOnlyOneOfTheNextList_isCalledAsOften() {
    Schedule schedule =
        schedule(
            5,
            100,
            episode(Kind.ERRORS, 10, 60, 0.6, 503, 0),
            episode(Kind.SHORT_LIST, 20, 60, 1, 0, 1, 2, 3, 4));
    Pair pair = confirmed(schedule);
    assertThat(pair.gain()).as("%s", pair).isGreaterThan(-0.01);
  }

  /** Trials that hung for 10 s hid that long that it was over. */
  @Test
  void allServersHang_theEndShowsAtOnce() {
    Schedule schedule = schedule(4, 800, episode(Kind.HANG, 10, 25, 1, 0, 0, 1, 2, 3));
    Pair pair = confirmed(schedule);
    assertThat(pair.gain()).as("%s", pair).isGreaterThan(-0.01);
  }

  /**
   * Who waits for longer than a read takes is saved by a retry; but to wait is all that they did.
   */
  @Test
  void allServersHang_callersThatWaitLonger_loseWhatARetryWouldSave() {
    Schedule patient =
        new Schedule(
            "named",
            servers(4, 0),
            180,
            Duration.ofSeconds(12),
            Duration.ofSeconds(60),
            List.of(episode(Kind.HANG, 10, 40, 1, 0, 0, 1, 2, 3)));
    Pair pair = confirmed(patient);
    assertThat(pair.gain()).as("%s", pair).isGreaterThan(-0.06);
    assertThat(pair.p99Ratio()).as("%s", pair).isLessThan(0.1);
  }

  /** Those of the own zone got nearly all calls, since no more than a tenth may be ejected. */
  @Test
  void ownZoneHangs_andOneServerElsewhere_callsLeaveIt() {
    for (double rate : new double[] {3, 30, 300}) {
      Pair pair = confirmed(zoned(6, rate, episode(Kind.HANG, 10, 50, 1, 0, 0, 3, 4)));
      assertThat(pair.gain()).as("%s", pair).isGreaterThan(-0.01);
    }
  }

  /** Too few failures for a breaker, and too many for a zone of which two others are well. */
  @Test
  void ownZoneFailsInPart_noMoreIsLostThanWithoutZones() {
    for (int servers : new int[] {3, 6, 30}) {
      int[] own = IntStream.range(0, servers).filter(i -> i % ZONES == 0).toArray();
      Pair pair = confirmed(zoned(servers, 100, episode(Kind.ERRORS, 10, 50, 0.3, 500, own)));
      assertThat(pair.gain()).as("%s", pair).isGreaterThan(-0.01);
    }
  }

  /** They are of no zone, and looked well beside zones that fail, as refusals did not count. */
  @Test
  void addressesThatAreGone_besideSharedErrors_drawNoCallsFromZones() {
    Pair pair =
        confirmed(
            zoned(
                12,
                30,
                episode(Kind.SHARED_ERRORS, 5, 55, 0.6, 503),
                episode(Kind.STALE_LIST, 10, 50, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)));
    assertThat(pair.gain()).as("%s", pair).isGreaterThan(-0.01);
  }

  private static Schedule zoned(int servers, double callsPerSecond, Episode... episodes) {
    return new Schedule(
        "named",
        servers(servers, ZONES),
        callsPerSecond,
        Duration.ofSeconds(10),
        Duration.ofSeconds(60),
        List.of(episodes));
  }

  /** Servers that take turns to be in so many zones; in none if that is 0. */
  private static List<Server> servers(int count, int zones) {
    return IntStream.range(0, count)
        .mapToObj(
            i -> Server.builder("s" + i, 80).zone(zones == 0 ? null : "z" + i % zones).build())
        .toList();
  }

  private static Pair confirmed(Schedule schedule) {
    return DoNoHarmReport.confirmed(schedule, LOOKS, Client.BALANCED);
  }

  private static Schedule schedule(int servers, double callsPerSecond, Episode... episodes) {
    return new Schedule(
        "named",
        servers(servers, 0),
        callsPerSecond,
        Duration.ofSeconds(10), // as long as a read: none is saved by a retry after one timed out
        Duration.ofSeconds(60),
        List.of(episodes));
  }

  private static Episode episode(
      Kind kind, int from, int until, double part, int status, int... servers) {
    BitSet places = new BitSet();
    IntStream.of(servers).forEach(places::set);
    return new Episode(
        kind,
        TimeUnit.SECONDS.toNanos(from),
        TimeUnit.SECONDS.toNanos(until),
        places,
        part,
        1,
        status);
  }
}
