package io.evenload;

import io.evenload.testing.ServerListContract;
import java.io.IOException;
import java.util.List;

final class UpdatableServerListContractTest extends ServerListContract {

  private final UpdatableServerList list = new UpdatableServerList();

  @Override
  protected ServerList list() {
    return list;
  }

  @Override
  protected void serve(List<Server> servers) {
    list.update(servers);
  }

  @Override
  protected void fail() {
    list.failed(new IOException("registry: connection refused"));
  }

  @Override
  protected boolean confirms() {
    return false;
  }

  @Override
  protected boolean keepsOrder() {
    return true;
  }
}
