package io.evenload.discovery;

import io.evenload.ServerList;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.io.TempDir;

/** Every list that is made of others keeps the contract that those keep. */
final class ServerListsContractTest {

  @Nested
  final class FirstNonEmpty extends StubSourceContract {
    @Override
    protected ServerList list() {
      return ServerLists.firstNonEmpty(ServerList.of(), polling());
    }
  }

  @Nested
  final class Union extends StubSourceContract {
    @Override
    protected ServerList list() {
      return ServerLists.union(polling(), ServerList.of());
    }
  }

  @Nested
  final class Failover extends StubSourceContract {
    @Override
    protected ServerList list() {
      return ServerLists.failover(polling(), ServerList.of());
    }
  }

  @Nested
  final class Filter extends StubSourceContract {
    @Override
    protected ServerList list() {
      return ServerLists.filter(polling(), server -> true);
    }
  }

  @Nested
  final class Map extends StubSourceContract {
    @Override
    protected ServerList list() {
      return ServerLists.map(polling(), server -> ServerLists.copy(server).build());
    }
  }

  @Nested
  final class Linger extends StubSourceContract {
    @Override
    protected ServerList list() {
      return LingeringServerList.of(polling(), Duration.ofSeconds(1))
          .draining()
          .timedBy(time, time);
    }
  }

  @Nested
  final class Steady extends StubSourceContract {
    @Override
    protected ServerList list() {
      return SteadyServerList.of(polling(), 0.5, Duration.ofSeconds(20)).timedBy(time, time);
    }
  }

  @Nested
  final class Stored extends StubSourceContract {
    @TempDir private Path directory;

    @Override
    protected ServerList list() {
      return StoredServerList.of(polling(), directory.resolve("orders.json"))
          .timedBy(time, time, () -> Instant.EPOCH.plusNanos(time.getAsLong()));
    }
  }

  @Nested
  final class All extends StubSourceContract {
    @TempDir private Path directory;

    @Override
    protected ServerList list() throws Exception {
      ServerList stored =
          StoredServerList.of(polling(), Files.createDirectory(directory.resolve("x")).resolve("y"))
              .timedBy(time, time, () -> Instant.EPOCH.plusNanos(time.getAsLong()));
      ServerList steady =
          SteadyServerList.of(stored, 0.9, Duration.ofSeconds(10)).timedBy(time, time);
      return ServerLists.firstNonEmpty(
          LingeringServerList.of(steady, Duration.ofSeconds(10)).draining().timedBy(time, time),
          ServerList.of());
    }
  }
}
