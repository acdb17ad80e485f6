package io.evenload.consul;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.ServerListContract;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import mockwebserver3.MockResponse;
import org.junit.jupiter.api.AfterEach;

final class ConsulServerListContractTest extends ServerListContract {

  private final StubAgent agent = new StubAgent();
  private long index;

  ConsulServerListContractTest() throws IOException {}

  @AfterEach
  void stop() {
    agent.close();
  }

  @Override
  protected ServerList list() {
    ConsulServerList list =
        ConsulServerList.builder("orders")
            .url(agent.url())
            .waitTime(Duration.ofSeconds(1))
            .random(new SeededRandom(1))
            .build();
    return listener -> list.subscribe(new Plain(listener));
  }

  @Override
  protected void serve(List<Server> servers) {
    agent.script(request -> null);
    agent.set(++index, servers.stream().map(server -> entry(server)).toArray(String[]::new));
  }

  @Override
  protected boolean serveWithGarbage(List<Server> servers) {
    List<String> entries = new ArrayList<>();
    servers.forEach(server -> entries.add(entry(server)));
    entries.add(entries.get(0));
    entries.add("{\"Service\":{\"ID\":\"x\",\"Port\":0}}");
    agent.set(++index, entries.toArray(String[]::new));
    return true;
  }

  private static String entry(Server server) {
    return ("{'Node':{'Node':'n','Address':'"
            + server.host()
            + "'},'Service':{'ID':'"
            + server.id()
            + "','Port':"
            + server.port()
            + ",'Weights':{'Passing':"
            + server.weight()
            + "}}}")
        .replace('\'', '"');
  }

  @Override
  protected void fail() {
    agent.script(request -> new MockResponse.Builder().code(500).body("no").build());
    agent.raiseIndex();
    index++;
  }

  @Override
  protected long looks() {
    return agent.requests().size();
  }

  @Override
  protected boolean onVirtualTime() {
    return false;
  }

  @Override
  protected Duration patience() {
    return Duration.ofMinutes(1);
  }

  @Override
  protected Duration quiet() {
    return Duration.ofSeconds(1);
  }

  @Override
  protected boolean mayStay(Thread thread) {
    return thread.getName().matches("(OkHttp|Okio|MockWebServer).*");
  }

  /** Tells of servers without what Consul adds to them. */
  private record Plain(ServerList.Listener listener) implements ServerList.Listener {

    @Override
    public void updated(List<Server> servers) {
      listener.updated(servers.stream().map(Plain::plain).toList());
    }

    private static Server plain(Server server) {
      return Server.builder(server.host(), server.port()).weight(server.weight()).build();
    }

    @Override
    public void confirmed() {
      listener.confirmed();
    }

    @Override
    public void failed(Throwable cause) {
      listener.failed(cause);
    }
  }
}
