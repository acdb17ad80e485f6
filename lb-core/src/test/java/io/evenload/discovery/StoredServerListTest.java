package io.evenload.discovery;

import static io.evenload.discovery.RecordedList.servers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class StoredServerListTest {

  private static final Instant START = Instant.parse("2026-01-31T12:00:00Z");

  @TempDir private Path directory;
  private final VirtualTime time = new VirtualTime();
  private final long startNanos = time.getAsLong();
  private final UpdatableServerList source = new UpdatableServerList();
  private final RecordedList told = new RecordedList();

  @Test
  void source_isDownAtTheNextStart_theStoredListServes() {
    store("a b=2");
    time.advance(Duration.ofHours(3));
    list(source).subscribe(told);
    source.failed(new IOException("down"));
    source.confirmed();
    source.failed(new IOException("down"));

    assertThat(told.take())
        .containsExactly(
            "a b=2",
            "failed: the source has not answered yet: 2 servers from " + file() + ", PT3H old",
            "failed: down",
            "failed: down");
    source.update(servers("b"));
    assertThat(told.take()).containsExactly("b");
  }

  @Test
  void source_saysNothingForTwoSeconds_theStoredListServes() {
    store("a");
    list(source).subscribe(told);
    time.advance(Duration.ofMillis(1_999));
    assertThat(told.take()).isEmpty();
    time.advance(Duration.ofMillis(1));
    assertThat(told.take()).hasSize(2).first().isEqualTo("a");
  }

  @Test
  void source_hasLostItsData_theStoredListServesForTheGrace() throws Exception {
    store("a");
    source.update(List.of());
    list(source).subscribe(told);
    assertThat(told.take())
        .containsExactly(
            "a",
            "failed: the source knows of no server: 1 servers from " + file() + ", PT0S old",
            "");

    try (LoadBalancer balancer =
        time.drive(LoadBalancer.builder("orders").servers(list(source))).build()) {
      assertThat(balancer.start().server().host()).isEqualTo("a");
      time.advance(Duration.ofMinutes(4));
      assertThat(balancer.start().server().host()).isEqualTo("a");
      time.advance(Duration.ofMinutes(2));
      assertThatThrownBy(balancer::start).isInstanceOf(NoServerAvailableException.class);
    }
  }

  @Test
  void source_thatHadServers_emptiesWithoutTheFile() {
    store("a");
    source.update(servers("b"));
    list(source).subscribe(told);
    source.update(List.of());

    assertThat(told.take()).containsExactly("b", "");
  }

  @Test
  void source_cannotBeSubscribedTo_theStoredListServes() {
    store("a");
    StoredServerList broken =
        list(
            listener -> {
              throw new IllegalStateException("no registry");
            });

    assertThatThrownBy(() -> broken.subscribe(told)).hasMessage("no registry");
    assertThat(told.take()).hasSize(3).first().isEqualTo("a");
    assertThat(time.pending()).isZero();
  }

  @Test
  void patience_zero_theStoredListServesAtOnce() {
    store("a");
    list(source).patience(Duration.ZERO).subscribe(told);

    assertThat(told.take()).hasSize(2).first().isEqualTo("a");
  }

  @Test
  void source_answersInTime_theFileIsNotRead() {
    store("a");
    source.update(servers("b"));
    list(source).subscribe(told);
    time.advance(Duration.ofMinutes(1));

    assertThat(told.take()).containsExactly("b");
  }

  @Test
  void file_missingCorruptedOrOld_isIgnoredWithAWarning() throws IOException {
    try (CapturedLog log = new CapturedLog(ServerLists.class)) {
      list(source).subscribe(told);
      time.advance(Duration.ofMinutes(1));
      assertThat(log.take()).as("the first start").isEmpty();
      store("a");
      String whole = Files.readString(file());
      for (int length = 0; length < whole.stripTrailing().length(); length++) {
        Files.writeString(file(), whole.substring(0, length));
        list(source).patience(Duration.ZERO).subscribe(told);
        assertThat(log.take()).hasSize(1).first().asString().endsWith(file() + " is ignored");
      }
      Files.writeString(file(), whole);
      time.advance(Duration.ofHours(25));
      list(source).subscribe(told);
      source.failed(new IOException("down"));
      assertThat(log.take()).hasSize(1).first().asString().contains("as it is PT25H");
    }
    assertThat(told.take()).doesNotContain("a");
  }

  @Test
  void list_ofManyChanges_isWrittenOnceInTenSecondsAndTheLastInTheEnd() throws IOException {
    list(source).subscribe(told);
    for (int i = 0; i < 100; i++) {
      source.update(servers("a" + i));
      time.advance(Duration.ofMillis(90));
      assertThat(Files.readString(file())).contains("\"a0\"");
    }
    time.advance(Duration.ofSeconds(10));

    assertThat(Files.readString(file())).contains("\"a99\"");
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(file());
    }
  }

  @Test
  void list_empty_isNotWritten() throws IOException {
    store("a");
    source.update(servers(""));
    list(source).subscribe(told);
    time.advance(Duration.ofMinutes(1));

    assertThat(Files.readString(file())).contains("\"a\"");
  }

  @Test
  void list_confirmedForLong_isWrittenWithTheTime() throws IOException {
    source.update(servers("a"));
    list(source).subscribe(told);
    for (int i = 0; i < 100; i++) {
      time.advance(Duration.ofMinutes(1));
      source.confirmed();
    }
    time.runDue();

    Instant written = ServersJson.parse(Files.readString(file())).written();
    assertThat(written)
        .isBetween(START.plus(Duration.ofMinutes(90)), START.plus(Duration.ofMinutes(100)));
  }

  @Test
  void file_isTheOwnersAloneAndHasAllOfAServer() throws IOException {
    Server server =
        Server.builder("::1", 1)
            .id("\"x\"\n\u2028")
            .weight(2)
            .zone("ü")
            .priority(3)
            .metadata("k", "\\v\t")
            .metadata("emoji", "\ud83d\ude00")
            .build();
    source.update(List.of(server));
    list(source).subscribe(told);
    time.runDue();

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file())))
        .isEqualTo("rw-------");
    assertThat(ServersJson.parse(Files.readString(file())).servers()).containsExactly(server);
  }

  @Test
  void file_cannotBeWritten_isSaidOnceAndTriedAgain() throws IOException {
    Path later = directory.resolve("later");
    ServerList list =
        StoredServerList.of(source, later.resolve("orders.json"))
            .timedBy(time, time, this::instant);
    source.update(servers("a"));
    try (CapturedLog log = new CapturedLog(ServerLists.class)) {
      list.subscribe(told);
      time.advance(Duration.ofMinutes(5));
      assertThat(log.take()).hasSize(1).first().asString().contains("could not be written");
      Files.createDirectory(later);
      time.advance(Duration.ofSeconds(10));

      assertThat(later.resolve("orders.json")).exists();
    }
    assertThat(told.take()).containsExactly("a");
  }

  @Test
  void close_whileAWriteWaits_endsTheTimer() {
    ServerList.Subscription subscription = list(source).subscribe(told);
    source.update(servers("a"));
    time.runDue();
    source.update(servers("b"));
    subscription.close();

    assertThat(time.pending()).isZero();
    assertThat(list(source).toString()).startsWith("stored[");
  }

  /** Stores the servers as a process does that has gone since. */
  private void store(String text) {
    UpdatableServerList former = new UpdatableServerList(servers(text));
    ServerList.Subscription subscription = list(former).subscribe(new RecordedList());
    time.runDue();
    subscription.close();
  }

  private StoredServerList list(ServerList of) {
    return StoredServerList.of(of, file()).timedBy(time, time, this::instant);
  }

  private Path file() {
    return directory.resolve("orders.json");
  }

  private Instant instant() {
    return START.plusNanos(time.getAsLong() - startNanos);
  }
}
