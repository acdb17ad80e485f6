package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.okhttp.DoNoHarmReport.Pair;
import io.evenload.okhttp.Episode.Kind;
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

  @Test
  void generatedTrouble_costsNobodyAnything() throws IOException {
    List<Pair> pairs = DoNoHarmReport.pairs(SCHEDULES, false, LOOKS);
    Files.writeString(Path.of("target", "do-no-harm.md"), DoNoHarmReport.of(pairs));
    assertThat(pairs.stream().filter(Pair::harms))
        .as("docs/do-no-harm.md says of 3 in 1,000 why they do harm")
        .hasSizeLessThanOrEqualTo((int) (3 * SCHEDULES / 1_000));
  }

  /** Calls that are to stay in a zone stay, too, where servers are slow; but they are not lost. */
  @Test
  void generatedTrouble_inZones_losesNoCalls() throws IOException {
    List<Pair> pairs = DoNoHarmReport.pairs(SCHEDULES / 3, true, LOOKS);
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

  private static Pair confirmed(Schedule schedule) {
    return DoNoHarmReport.confirmed(schedule, LOOKS);
  }

  private static Schedule schedule(int servers, double callsPerSecond, Episode... episodes) {
    return new Schedule(
        "named",
        IntStream.range(0, servers).mapToObj(i -> Server.of("s" + i, 80)).toList(),
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
