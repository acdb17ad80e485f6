package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.ServerListContract;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;

final class FileServerListContractTest extends ServerListContract {

  @TempDir private Path directory;

  @Override
  protected ServerList list() {
    return FileServerList.of(file()).timedBy(time, time);
  }

  private Path file() {
    return directory.resolve("orders.json");
  }

  @Override
  protected void serve(List<Server> servers) throws IOException {
    SmallFile.replace(file(), new ServersJson(servers, null).text());
  }

  @Override
  protected void fail() throws IOException {
    boolean unused = Files.deleteIfExists(file());
  }

  @Override
  protected boolean serveWithGarbage(List<Server> servers) throws IOException {
    List<Server> mixed = new ArrayList<>(servers);
    servers.forEach(one -> mixed.add(Server.builder("192.0.2.1", 1).id(one.id()).build()));
    serve(mixed);
    return true;
  }
}
