package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.Churn;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** 5,000 servers that change all the time, from the sources that need nothing but the JDK. */
@Timeout(600)
final class ChurnIT {

  @TempDir private Path directory;
  private final TreeMap<Integer, Server> servers = new TreeMap<>();

  @Test
  void polling_missesNoChange() throws Exception {
    ServerList list = PollingServerList.of(this::all, Duration.ofSeconds(1));

    Churn.run("polling, each second", list, this::replace, Churn::address, Duration.ofSeconds(5));
  }

  @Test
  void file_missesNoChange() throws Exception {
    Path file = directory.resolve("orders.json");

    Churn.run(
        "file",
        FileServerList.of(file),
        (gone, come) -> {
          replace(gone, come);
          SmallFile.replace(file, new ServersJson(all(), null).text());
        },
        Churn::address,
        Duration.ofSeconds(5));
  }

  private synchronized void replace(List<Integer> gone, List<Integer> come) {
    gone.forEach(servers::remove);
    come.forEach(number -> servers.put(number, Server.of(Churn.address(number), 80)));
  }

  private synchronized List<Server> all() {
    return new ArrayList<>(servers.values());
  }
}
