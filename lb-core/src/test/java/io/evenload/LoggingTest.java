package io.evenload;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.spi.ILoggingEvent;
import io.evenload.chooser.Choosers;
import io.evenload.health.OutlierDetection;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a balancer logs; the lines of {@code docs/logging.md} are those of a run. */
final class LoggingTest {

  private static final Path PAGE = Path.of("../docs/logging.md");

  private final World world = new World(311);
  private final UpdatableServerList list = new UpdatableServerList();
  private final CapturedLog log = new CapturedLog(LoadBalancer.class, Level.INFO);
  private LoadBalancer balancer =
      world
          .balancer(list)
          .outlierDetection(OutlierDetection.builder().jitter(0).maxEjectionPercent(50).build())
          .build();

  @AfterEach
  void close() {
    balancer.close();
    log.close();
  }

  @Test
  void page_linesOfChanges_areThoseOfARun() throws Exception {
    list.update(servers(4));
    fail("s1", 5);
    world.time.advance(ofSeconds(31));
    balancer.admin().drain("s0");
    world.time.advance(ofSeconds(3));
    balancer.admin().undrain("s0");
    list.update(List.of());
    list.update(servers(5));
    fail("s2", 5);
    world.time.runDue();
    fail("s3", 5);
    world.time.runDue();
    balancer.reconfigure(options -> options.panicThreshold(.7));
    world.time.advance(ofSeconds(31));

    assertThat(lines(log)).containsExactlyElementsOf(block(0));
  }

  @Test
  void page_linesOfAttempts_areThoseOfARun() throws Exception {
    balancer.reconfigure(options -> options.chooser(Choosers.firstAvailable()));
    list.update(servers(3));
    RequestContext warmUp = RequestContext.create();
    for (int i = 0; i < 3; i++) {
      Attempt attempt = balancer.start(warmUp);
      world.time.advance(ofMillis(8));
      attempt.succeed();
    }
    try (CapturedLog attempts = new CapturedLog(Attempt.class, Level.DEBUG)) {
      RequestContext request = RequestContext.withKey("secret");
      balancer.start(request).fail(null);
      balancer.start(request).succeed();
      balancer.start(RequestContext.create().prefer(server -> server.id().equals("s2"))).cancel();
      balancer.reconfigure(options -> options.chooser((eligible, context) -> eligible.get(0)));
      balancer.start(request).cancel();

      assertThat(lines(attempts)).containsExactlyElementsOf(block(1));
      assertThat(attempts.messages()).noneMatch(line -> line.contains("secret"));
    }
  }

  @Test
  void attempts_notAskedFor_writeNothing() throws Exception {
    list.update(servers(3));
    try (CapturedLog attempts = new CapturedLog(Attempt.class, Level.INFO)) {
      balancer.start().succeed();

      assertThat(attempts.messages()).isEmpty();
    }
  }

  @Test
  void attempts_eachWay_isNamed() throws Exception {
    balancer.close();
    balancer =
        world
            .balancer(list)
            .chooser((eligible, request) -> eligible.get(0))
            .locality(Locality.of("x"))
            .build();
    list.update(
        List.of(
            Server.builder("a", 80).id("a").zone("x").build(),
            Server.builder("b", 80).id("b").zone("y").build()));
    try (CapturedLog attempts = new CapturedLog(Attempt.class, Level.DEBUG)) {
      RequestContext request = RequestContext.create();
      balancer.start(request).fail(null);
      balancer.start(request).fail(null);
      balancer.start(request).fail(null);

      assertThat(attempts.messages().get(0)).contains("attempt 1: the chooser's choice;");
      assertThat(attempts.messages().get(1))
          .contains("b at b:80: attempt 2: found by the balancer");
    }
  }

  @Test
  void changes_tenThousandServersFlap_writeFewLinesAndTheirNumber() throws Exception {
    AtomicBoolean open = new AtomicBoolean(true);
    balancer.wiring().addGate((server, nanoTime, changed) -> switchedBy(open));
    list.update(World.servers(10_000));
    world.time.advance(ofSeconds(10));
    int before = log.messages().size();
    for (int second = 0; second < 10; second++) {
      open.set(second % 2 != 0);
      world.time.advance(ofSeconds(1)); // which closes or opens all gates
    }
    world.time.advance(ofSeconds(1));

    List<String> lines = log.messages().subList(before, log.messages().size());
    assertThat(lines).hasSize(StateLog.BURST + 1);
    assertThat(lines)
        .last()
        .isEqualTo("orders: 99980 more changes in 10 s; 10000 of 10000 eligible");
    balancer.admin().drain("s1");
    assertThat(log.messages()).as("a new window").hasSize(before + StateLog.BURST + 2);
  }

  @Test
  void changes_ofTheListAndTheSubset_areOneLineOfTheList() {
    balancer.reconfigure(options -> options.subset(Subset.builder(0, 5).size(2).build()));
    list.update(servers(10));
    list.update(servers(9).subList(1, 9));
    list.update(servers(10));

    assertThat(log.messages())
        .containsExactly(
            "orders: list: 10 servers (10 new, 0 gone)",
            "orders: list: 8 servers (0 new, 2 gone)",
            "orders: list: 10 servers (2 new, 0 gone)");
  }

  @Test
  void changes_atWarnOnly_writeNothing() {
    try (CapturedLog warnings = new CapturedLog(LoadBalancer.class)) {
      list.update(servers(3));
      balancer.admin().drain("s1");

      assertThat(warnings.messages()).isEmpty();
    }
  }

  @Test
  void changes_serverWithSecrets_writeNeitherMetadataNorPath() throws Exception {
    list.update(
        IntStream.range(0, 3)
            .mapToObj(i -> Server.builder("h" + i, 80).metadata("token", "hunter2").build())
            .toList());
    fail("h1:80", 5);
    world.time.runDue();

    assertThat(log.messages())
        .hasSize(2)
        .last()
        .isEqualTo(
            "orders: h1:80: eligible -> ejected (5 failures in a row, for 30 s); 2 of 3 eligible");
  }

  private static Gate switchedBy(AtomicBoolean open) {
    return new Gate() {
      @Override
      public boolean open() {
        return open.get();
      }

      @Override
      public boolean tryAcquire() {
        return true;
      }

      @Override
      public void release(Outcome outcome, long latencyNanos) {}
    };
  }

  private static List<Server> servers(int n) {
    return IntStream.range(0, n)
        .mapToObj(i -> Server.builder("10.0.0." + i, 8080).id("s" + i).build())
        .toList();
  }

  private void fail(String id, int times) throws NoServerAvailableException {
    for (int i = 0; i < times; i++) {
      balancer.start(RequestContext.create().only(server -> server.id().equals(id))).fail(null);
    }
  }

  private static List<String> lines(CapturedLog log) {
    return log.events().stream().map(LoggingTest::line).toList();
  }

  private static String line(ILoggingEvent event) {
    return event.getLevel() + " " + event.getLoggerName() + " - " + event.getFormattedMessage();
  }

  /** The lines of one of the page's blocks. */
  private static List<String> block(int index) throws IOException {
    List<String> blocks = Arrays.asList(Files.readString(PAGE).split("```\\w*\n", -1));
    return blocks.get(2 * index + 1).lines().toList();
  }
}
