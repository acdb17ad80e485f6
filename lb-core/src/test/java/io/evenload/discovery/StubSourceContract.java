package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.SeededRandom;
import io.evenload.testing.ServerListContract;
import java.util.List;

/** The contract of lists, for those that are made of a list that asks a {@link StubSource}. */
abstract class StubSourceContract extends ServerListContract {

  final StubSource source = new StubSource();

  final ServerList polling() {
    return PollingServerList.builder(source)
        .random(new SeededRandom(1))
        .scheduler(time)
        .nanoTime(time)
        .build();
  }

  @Override
  protected void serve(List<Server> servers) throws Exception {
    source.serve(servers);
  }

  @Override
  protected void fail() throws Exception {
    source.fail();
  }

  @Override
  protected boolean serveWithGarbage(List<Server> servers) {
    source.serveWithGarbage(servers);
    return true;
  }

  @Override
  protected long looks() {
    return source.looks();
  }
}
