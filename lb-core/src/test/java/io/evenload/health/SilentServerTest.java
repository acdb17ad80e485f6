package io.evenload.health;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Attempt;
import io.evenload.NoServerAvailableException;
import io.evenload.testing.World;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server that takes requests and never answers, while others are asked beside it. */
final class SilentServerTest {

  private final Fleet fleet = new Fleet("s0", "s1", "s2", "s3");

  @AfterEach
  void close() {
    fleet.close();
  }

  @Test
  void abandoned_oneNeverAnswersAtAHundredCallsASecond_isOutWithinTenSeconds() throws Exception {
    fleet.start(Fleet.calm());
    run(900, server -> server.equals("s2"));

    assertThat(fleet.ejected()).containsExactly("s2");
    assertThat(fleet.status("s2").reason()).contains("attempts without any answer");
  }

  @Test
  void abandoned_oneOfTwoNeverAnswers_isOutToo() throws Exception {
    try (Fleet two = new Fleet("s0", "s1")) {
      two.start(Fleet.calm());
      run(two, 900, server -> server.equals("s1"));

      assertThat(two.ejected()).containsExactly("s1");
    }
  }

  @Test
  void abandoned_bothOfTwo_blamesNeither() throws Exception {
    try (Fleet two = new Fleet("s0", "s1")) {
      two.start(Fleet.calm());
      run(two, 6_000, server -> true);

      assertThat(two.ejected()).isEmpty();
    }
  }

  @Test
  void abandoned_whenOtherIsFaster_butAnsweringAtTimes_isNotBlamed() throws Exception {
    fleet.start(Fleet.calm());
    int[] calls = {0};
    run(6_000, server -> server.equals("s2") && ++calls[0] % 9 != 0); // it wins one race in nine

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void abandoned_noneAnswers_blamesNobody() throws Exception {
    fleet.start(Fleet.calm());
    run(6_000, server -> true);

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void abandoned_halfOfThemSilent_blamesNobody() throws Exception {
    fleet.start(Fleet.calm());
    run(3_000, Set.of("s1", "s2")::contains);

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void abandoned_fewOrForAShortTime_isNotBlamed() throws Exception {
    fleet.start(Fleet.calm());
    for (int i = 0; i < OutlierDetection.SILENT_ATTEMPTS - 1; i++) {
      fleet.at("s1").abandon();
    }
    for (int i = 0; i < 100; i++) {
      fleet.at("s2").abandon();
    }
    fleet.time.advance(ofSeconds(4));
    assertThat(fleet.ejected()).isEmpty();
    fleet.succeed("s2", 1);
    fleet.time.advance(ofSeconds(60));

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void ejection_over_beginsToCountAnew() throws Exception {
    fleet.start(Fleet.calm());
    run(900, server -> server.equals("s2"));
    assertThat(fleet.ejected()).containsExactly("s2");
    fleet.time.advance(ofSeconds(31));
    fleet.at("s2").abandon();
    fleet.time.advance(ofSeconds(20));

    assertThat(fleet.ejected()).isEmpty();
  }

  @Test
  void detection_off_ejectsNobody() throws Exception {
    fleet.start(fleet.builder().withoutOutlierDetection());
    run(2_000, server -> server.equals("s2"));

    assertThat(fleet.ejected()).isEmpty();
    assertThat(World.servers(4)).hasSize(4);
  }

  /** A call each 10 ms, of which those at a silent server are given up after 50 ms. */
  private void run(int calls, Predicate<String> silent) throws NoServerAvailableException {
    run(fleet, calls, silent);
  }

  private static void run(Fleet fleet, int calls, Predicate<String> silent)
      throws NoServerAvailableException {
    for (int i = 0; i < calls; i++) {
      Attempt attempt = fleet.balancer.start();
      if (silent.test(attempt.server().id())) {
        var unused =
            fleet.time.schedule(attempt::abandon, 50, java.util.concurrent.TimeUnit.MILLISECONDS);
      } else {
        attempt.succeed();
      }
      fleet.time.advance(ofMillis(10));
    }
  }
}
