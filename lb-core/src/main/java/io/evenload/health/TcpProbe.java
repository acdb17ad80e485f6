package io.evenload.health;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** Whether the server accepts connections. */
final class TcpProbe implements HealthProbe {

  private final int port; // 0: the server's own

  TcpProbe(int port) {
    this.port = port;
  }

  @Override
  public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
    return ProbeLoop.SHARED.start(server.host(), port == 0 ? server.port() : port, timeout);
  }

  @Override
  public String toString() {
    return port == 0 ? "TCP" : "TCP port " + port;
  }
}
