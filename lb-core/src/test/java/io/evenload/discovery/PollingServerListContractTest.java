package io.evenload.discovery;

import io.evenload.ServerList;

final class PollingServerListContractTest extends StubSourceContract {

  @Override
  protected ServerList list() {
    return polling();
  }
}
