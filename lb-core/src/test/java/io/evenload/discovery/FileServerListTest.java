package io.evenload.discovery;

import static io.evenload.discovery.RecordedList.servers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileServerListTest {

  @TempDir private Path directory;
  private final VirtualTime time = new VirtualTime();
  private final RecordedList told = new RecordedList();

  @Test
  void file_replacedByRenaming_isSeenWithinAnIntervalAndASecond() throws IOException {
    write(file(), "a b");
    list().subscribe(told);
    time.runDue();
    for (int i = 0; i < 20; i++) {
      Path next = directory.resolve("next");
      write(next, "a" + i);
      Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE);
      told.take();
      time.advance(Duration.ofSeconds(2));
      assertThat(told.take()).contains("a" + i);
    }
  }

  @Test
  void file_replacedAllTheTime_isSeenAllTheTime() throws IOException {
    SmallFile.replace(file(), new ServersJson(servers("a"), null).text());
    list().subscribe(told);
    time.runDue();
    told.take();
    for (int i = 0; i < 100; i++) {
      SmallFile.replace(file(), new ServersJson(servers("a" + i), null).text());
      time.advance(Duration.ofMillis(70));
    }

    assertThat(told.take().stream().filter(event -> event.startsWith("a"))).hasSizeGreaterThan(6);
  }

  @Test
  void file_replacedByAHalfWrittenOne_isReadAgainBeforeThatIsAFailure() throws IOException {
    write(file(), "a b");
    list().subscribe(told);
    time.runDue();
    told.take();
    String whole = new ServersJson(servers("c d"), null).text();
    Path next = directory.resolve("next");
    Files.writeString(next, whole.substring(0, whole.length() / 2));
    Files.move(next, file(), StandardCopyOption.ATOMIC_MOVE);
    while (told.events.isEmpty()) { // until it was read once
      time.advance(Duration.ofMillis(10));
    }
    Files.writeString(file(), whole);
    time.advance(Duration.ofSeconds(2));

    assertThat(told.take()).contains("c d").noneMatch(event -> event.startsWith("failed"));
  }

  @Test
  void file_isADevice_isAFailureAtOnce() {
    FileServerList.of(Path.of("/dev/zero")).timedBy(time, time).subscribe(told);
    time.runDue();

    assertThat(told.take()).hasSize(1).allMatch(event -> event.startsWith("failed: /dev/zero"));
  }

  @Test
  void file_isALinkThatIsTurned_isSeen() throws IOException {
    for (String version : List.of("v1", "v2")) {
      Path data = Files.createDirectory(directory.resolve(version));
      write(data.resolve("orders.json"), version);
    }
    Path current = Files.createSymbolicLink(directory.resolve("..data"), Path.of("v1"));
    Files.createSymbolicLink(file(), Path.of("..data", "orders.json"));
    list().subscribe(told);
    time.runDue();
    assertThat(told.take()).containsExactly("v1");
    Path next = Files.createSymbolicLink(directory.resolve("..next"), Path.of("v2"));
    Files.move(next, current, StandardCopyOption.ATOMIC_MOVE);
    time.advance(Duration.ofSeconds(2));

    assertThat(told.take()).contains("v2");
  }

  @Test
  void file_writtenInPlacePieceByPiece_neverGivesAPart() throws IOException {
    write(file(), "a b");
    list().subscribe(told);
    time.runDue();
    assertThat(told.take()).containsExactly("a b");
    String whole = new ServersJson(servers("c d e f"), null).text();
    for (int length = 0; length < whole.stripTrailing().length(); length += 7) {
      Files.writeString(file(), whole.substring(0, length));
      time.advance(Duration.ofSeconds(6));
      assertThat(told.take())
          .as("of %s bytes", length)
          .isNotEmpty()
          .allSatisfy(event -> assertThat(event).matches("(failed: .*)|confirmed"))
          .anySatisfy(event -> assertThat(event).startsWith("failed: " + file()));
    }
    Files.writeString(file(), whole);
    time.advance(Duration.ofSeconds(2));

    assertThat(told.take()).contains("c d e f");
  }

  @Test
  void file_changesBetweenTwoReadings_isReadAgainBeforeItIsBelieved() throws IOException {
    write(file(), "a b c d");
    list().subscribe(told);
    time.runDue();
    String former = Files.readString(file());
    String whole = new ServersJson(servers("w x y z"), null).text();
    int half = whole.indexOf("\"y\"");
    Files.writeString(file(), whole.substring(0, half) + former.substring(half));
    told.take();
    for (int i = 0; i < 30 && told.events.size() < 2; i++) {
      time.advance(Duration.ofMillis(50));
    }
    Files.writeString(file(), whole);
    time.advance(Duration.ofSeconds(3));

    assertThat(told.events).last().isEqualTo("confirmed");
    assertThat(told.events).contains("w x y z");
  }

  @Test
  void file_deleted_isAFailureAndNoEmptyList() throws IOException {
    write(file(), "a");
    list().subscribe(told);
    time.runDue();
    told.take();
    Files.delete(file());
    time.advance(Duration.ofSeconds(5));
    assertThat(told.take()).isNotEmpty().allMatch(event -> event.startsWith("failed: "));
    write(file(), "");
    time.advance(Duration.ofSeconds(5));

    assertThat(told.take()).contains("");
  }

  @Test
  void file_changed_isSeenInRealTime() throws Exception {
    write(file(), "a");
    BlockingQueue<List<Server>> lists = new LinkedBlockingQueue<>();
    ServerList.Subscription subscription =
        FileServerList.of(file()).interval(Duration.ofMillis(100)).subscribe(lists::add);
    assertThat(lists.poll(60, TimeUnit.SECONDS)).isEqualTo(servers("a"));
    write(file(), "b");
    assertThat(lists.poll(60, TimeUnit.SECONDS)).isEqualTo(servers("b"));
    subscription.close();
  }

  @Test
  void format_ofServers_isReadAsDocumented() {
    ServersJson read =
        ServersJson.parse(
            """
            {"written": "2026-01-31T12:00:00Z",
             "servers": [
               "10.0.0.1:8080", "[::1]:80",
               {"host": "10.0.0.2", "port": 8080, "id": "two", "weight": 2, "zone": "eu-1a",
                "priority": 1, "metadata": {"version": "\\u0037\\n"}},
               {"host": "db.local", "port": 1, "zone": null}
             ]}
            """);

    assertThat(read.servers())
        .containsExactly(
            Server.of("10.0.0.1", 8080),
            Server.of("::1", 80),
            Server.builder("10.0.0.2", 8080)
                .id("two")
                .weight(2)
                .zone("eu-1a")
                .priority(1)
                .metadata("version", "7\n")
                .build(),
            Server.of("db.local", 1));
    assertThat(read.written()).hasToString("2026-01-31T12:00:00Z");
  }

  @Test
  void format_mistakes_areNamedWithoutWhatStandsThere() {
    assertMistake("", "ends too early, in line 1");
    assertMistake("[]", "expected an object with \"servers\"");
    assertMistake("{}", "servers: expected an array");
    assertMistake("{\"servers\": []} x", "line 1: expected the end");
    assertMistake("{\"servers\": [],}", "line 1: expected a name");
    assertMistake("{\"servers\": [] \"x\"}", "line 1: expected ',' or '}'");
    assertMistake("{\"servers\" []}", "line 1: expected ':'");
    assertMistake("{\"servers\": [1]}", "servers[0]: expected an object or \"host:port\"");
    assertMistake(
        "{\"servers\": [true]}", "line 1: expected a string, a whole number, '{', '[' or null");
    assertMistake("{\"servers\": [nil]}", "line 1: expected a value");
    assertMistake("{\"servers\": [null]}", "servers[0]: expected an object or \"host:port\"");
    assertMistake("{\"a\": 1, \"a\": 2}", "line 1: expected each name once");
    assertMistake("{\"a\": 01}", "line 1: expected a string, a whole number, '{', '[' or null");
    assertMistake("{\"a\": \"\n\"}", "line 1: expected no control character in a string");
    assertMistake("{\"a\":\n\"\\x\"}", "line 2: expected an escape of JSON");
    assertMistake("{\"a\": \"\\u00g0\"}", "line 1: expected four hexadecimal digits");
    assertMistake("[".repeat(20), "line 1: expected no more than 16 levels");
    assertMistake(
        "{\"servers\": [], \"token\": \"secret\"}",
        "the file: a field that is not known (expected: servers, written)");
    assertMistake(
        "{\"servers\": [], \"written\": \"now\"}",
        "written: expected a time such as 2026-01-31T12:00:00Z");
    assertMistake("{\"servers\": [{\"port\": 1}]}", "servers[0].host: expected a string");
    assertMistake("{\"servers\": [{\"host\": \"a\"}]}", "servers[0].port: expected a whole number");
    assertMistake(
        "{\"servers\": [{\"host\": \"a\", \"port\": 4294967297}]}",
        "servers[0].port: expected a whole number");
    assertMistake(
        "{\"servers\": [{\"host\": \"a\", \"port\": 0}]}", "port: 0 (expected: 1 to 65535)");
    assertMistake(
        "{\"servers\": [{\"host\": \"a\", \"port\": 1, \"metadata\": []}]}",
        "servers[0].metadata: expected an object");
    assertMistake(
        "{\"servers\": [{\"host\": \"a\", \"port\": 1, \"metadata\": {\"k\": 1}}]}",
        "servers[0].metadata.k: expected a string");
    assertMistake(
        "{\"servers\": [{\"host\": \"a\", \"port\": 1, \"wieght\": 1}]}",
        "servers[0]: a field that is not known"
            + " (expected: id, host, port, weight, zone, priority, metadata)");
  }

  @Test
  void file_noUtf8_isAFailure() throws IOException {
    Files.write(file(), new byte[] {'"', (byte) 0xff, '"'});
    list().subscribe(told);
    time.runDue();

    assertThat(told.take()).containsExactly("failed: " + file() + ": expected UTF-8");
    assertThat(list()).hasToString("FileServerList " + file());
  }

  private static void assertMistake(String text, String message) {
    assertThatThrownBy(() -> ServersJson.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(message);
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, new ServersJson(servers(text), null).text());
  }

  private FileServerList list() {
    return FileServerList.of(file()).timedBy(time, time);
  }

  private Path file() {
    return directory.resolve("orders.json");
  }
}
