package io.evenload.examples.drill;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.examples.drill.Finding.Fate;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Each test is one incident, and can be run alone. All that is promised here is counted, and none
 * of it depends on how fast the machine is: what took how long is in the report.
 */
class IncidentDrillIT {

  private static final Path LOG = Path.of("target", "incident-drill.log");
  private static final Path REPORT = Path.of("target", "incident-drill.md");

  /** How long a server is in trouble, or longer until the busy client has taken it out. */
  private static final Duration TROUBLE =
      Duration.ofSeconds(Integer.getInteger("drill.seconds", 6));

  /** Whether ejections that last for 30 s are waited for in each incident, not only in one. */
  private static final boolean UNTIL_BACK = Boolean.getBoolean("drill.until-back");

  /** What a team sets that reads of timeouts in the README: a call has none by default. */
  private static final Duration CALL_TIMEOUT = Duration.ofSeconds(30);

  private static final DrillClient.Options BUSY =
      new DrillClient.Options("busy", 8, CALL_TIMEOUT, Duration.ZERO);
  private static final DrillClient.Options CALM =
      new DrillClient.Options("calm", 0, CALL_TIMEOUT, Duration.ZERO);

  /**
   * Of attempts. docs/which-retry.md has 1 s, which a busy machine may miss at each server in turn.
   */
  private static final Duration ATTEMPT_TIMEOUT = Duration.ofSeconds(2);

  private static final DrillClient.Options BUSY_IMPATIENT =
      new DrillClient.Options("busy2s", 8, CALL_TIMEOUT, ATTEMPT_TIMEOUT);

  private static final DrillClient.Options CALM_IMPATIENT =
      new DrillClient.Options("calm2s", 0, CALL_TIMEOUT, ATTEMPT_TIMEOUT);

  private static final DrillReport report = new DrillReport();

  @TempDir Path directory;

  @BeforeAll
  static void logToFile() {
    System.setProperty("org.slf4j.simpleLogger.logFile", LOG.toString());
    System.setProperty("org.slf4j.simpleLogger.showDateTime", "true");
    System.setProperty("org.slf4j.simpleLogger.dateTimeFormat", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX");
    System.setProperty("org.slf4j.simpleLogger.showThreadName", "false");
  }

  @AfterAll
  static void writeReport() throws IOException {
    report.write(REPORT);
  }

  @Test
  void kill_oneServer_noGetFailsAndOnlyWhatItHadIsLost() throws IOException {
    try (Drill drill = drill("kill -9", BUSY, CALM)) {
      drill.breaking("kill -9 of b");
      drill.server("b").kill();
      drill.goOn(TROUBLE);
      drill.awaitOut();
      drill.server("b").start();
      drill.mended("b is started again");
      drill.awaitBack("b");

      List<Finding> findings = end(1, drill, "b");
      assertNothingFailed(findings);
      assertLostOnlyWhereNobodyCouldKnow(findings);
    }
  }

  @Test
  void freeze_oneServer_noGetFailsAndOnlyWhatItHadIsLost() throws IOException {
    try (Drill drill = drill("freeze", BUSY, CALM, BUSY_IMPATIENT, CALM_IMPATIENT)) {
      drill.breaking("kill -STOP of b");
      drill.server("b").freeze();
      drill.goOn(TROUBLE);
      drill.awaitOut();
      drill.mended("kill -CONT of b");
      drill.server("b").thaw();
      awaitEndOf(drill);

      List<Finding> findings = end(2, drill, "b");
      assertNothingFailed(findings);
      assertLostOnlyWhereNobodyCouldKnow(findings);
    }
  }

  @Test
  void errors_ofOneServer_areSeenFiveTimesAtMost() throws IOException {
    try (Drill drill = drill("one server answers 500", BUSY, CALM)) {
      drill.breaking("b answers 500 to everything");
      drill.server("b").failing(true);
      drill.goOn(TROUBLE);
      drill.awaitOut();
      drill.server("b").failing(false);
      drill.mended("b answers well");
      awaitEndOf(drill);

      List<Finding> findings = end(3, drill, "b");
      for (Finding finding : findings) {
        assertThat(finding.errorsBeforeOut())
            .as(finding.client() + ": status 500 before the server was out")
            .isLessThanOrEqualTo(Finding.ENOUGH_ERRORS);
        assertThat(finding.lostInAll()).as(finding.client() + " lost").isZero();
        assertThat(finding.twice()).as(finding.client() + " twice").isEmpty();
        assertThat(finding.failedGets())
            .as(finding.client() + " failed otherwise")
            .allMatch(get -> get.status() == 500);
      }
    }
  }

  @Test
  void errors_ofAllServers_endWithTheirCause() throws IOException {
    try (Drill drill = drill("all servers answer 500", BUSY, CALM)) {
      drill.breaking("all answer 500 to everything");
      for (ServerProcess server : drill.servers()) {
        server.failing(true);
      }
      drill.goOn(TROUBLE);
      for (ServerProcess server : drill.servers()) {
        server.failing(false);
      }
      drill.mended("all answer well");
      drill.awaitGoodAnswers(Instant.now());

      for (Finding finding : end(4, drill, null)) {
        assertThat(finding.twice()).as(finding.client() + " twice").isEmpty();
        assertThat(finding.lost())
            .as(finding.client())
            .doesNotContainKeys(Fate.EXECUTED, Fate.BEGUN, Fate.SENT);
      }
    }
  }

  @Test
  void drain_oneServer_nothingFails() throws IOException {
    try (Drill drill = drill("drain", BUSY, CALM)) {
      drill.breaking("b is drained by hand");
      drill.clients().forEach(client -> client.balancer().admin().drain("b"));
      drill.awaitDrained("b");
      drill.doing("b has nothing in flight: kill -TERM");
      drill.server("b").terminate();
      drill.server("b").awaitEnd();
      drill.goOn(TROUBLE.dividedBy(2));
      drill.server("b").start();
      drill.mended("b is started again, and its drain ends");
      drill.clients().forEach(client -> client.balancer().admin().undrain("b"));
      drill.awaitBack("b");

      assertNothingFailedNorLost(end(5, drill, "b"));
    }
  }

  @Test
  void rollingRestart_leavingTheList_nothingFails() throws IOException {
    try (Drill drill = drill("rolling restart, by the list", BUSY, CALM)) {
      drill.breaking("one after the other leaves the list, is restarted and returns");
      for (ServerProcess server : drill.servers()) {
        drill.list(server.id());
        drill.awaitDrained(server.id());
        drill.doing(server.id() + " left the list and has nothing in flight: kill -TERM");
        server.terminate();
        server.awaitEnd();
        server.start();
        drill.list();
        drill.doing(server.id() + " is listed again");
        drill.awaitAnswerOf(server.id(), Instant.now());
      }
      drill.mended("all were restarted");
      drill.awaitGoodAnswers(Instant.now());

      assertNothingFailedNorLost(end(6, drill, null));
    }
  }

  @Test
  void rollingRestart_withoutAWord_noGetFails() throws IOException {
    try (Drill drill = drill("rolling restart, without a word", BUSY, CALM)) {
      drill.breaking("one after the other is restarted, and stays on the list");
      for (ServerProcess server : drill.servers()) {
        drill.doing("kill -TERM of " + server.id());
        server.terminate();
        server.awaitEnd();
        server.start();
        drill.doing(server.id() + " is started again");
        drill.goOn(TROUBLE.dividedBy(4));
      }
      drill.mended("all were restarted");
      drill.awaitGoodAnswers(Instant.now());

      List<Finding> findings = end(7, drill, null);
      assertNothingFailed(findings);
      assertLostOnlyWhereNobodyCouldKnow(findings);
    }
  }

  private Drill drill(String name, DrillClient.Options... clients) throws IOException {
    return new Drill(name, directory, LOG, clients);
  }

  private static void awaitEndOf(Drill drill) {
    drill.awaitGoodAnswers(Instant.now());
    if (UNTIL_BACK) {
      drill.awaitBack("b");
    }
  }

  private static List<Finding> end(int place, Drill drill, @Nullable String victim)
      throws IOException {
    List<Finding> findings = drill.end(victim);
    report.add(place, drill, findings);
    return findings;
  }

  private static void assertNothingFailed(List<Finding> findings) {
    for (Finding finding : findings) {
      assertThat(finding.failedGets()).as(finding.client() + ": GETs that failed").isEmpty();
      assertThat(finding.twice()).as(finding.client() + ": POSTs that came twice").isEmpty();
      assertThat(finding.errors()).as(finding.client() + ": status 500").isZero();
      assertThat(finding.gets()).as(finding.client() + ": GETs").isPositive();
    }
  }

  /**
   * By what OkHttp told of its connections, the request was sent, and to the server of the
   * incident. A second may pass at any server when this machine is busy, so who has an attempt
   * timeout may lose a POST elsewhere too.
   */
  private static void assertLostOnlyWhereNobodyCouldKnow(List<Finding> findings) {
    for (Finding finding : findings) {
      assertThat(finding.lost()).as(finding.client()).doesNotContainKey(Fate.NEVER_SENT);
      assertThat(finding.lostElsewhere())
          .as(finding.client() + ": lost elsewhere")
          .allMatch(post -> post.failure().contains("AttemptTimeoutException"));
    }
  }

  private static void assertNothingFailedNorLost(List<Finding> findings) {
    assertNothingFailed(findings);
    for (Finding finding : findings) {
      assertThat(finding.lost()).as(finding.client() + ": POSTs that were lost").isEmpty();
    }
  }
}
