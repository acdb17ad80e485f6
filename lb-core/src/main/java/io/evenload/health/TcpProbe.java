package io.evenload.health;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import io.evenload.discovery.Networks;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/** Whether the server accepts connections. */
final class TcpProbe implements HealthProbe {

  private final int port; // 0: the server's own
  private final Networks networks; // in which the addresses of a name may be

  TcpProbe(int port, Networks networks) {
    this.port = port;
    this.networks = networks;
  }

  @Override
  public HealthProbe within(Networks networks) {
    return new TcpProbe(port, networks);
  }

  @Override
  public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
    return ProbeLoop.SHARED.start(
        server.host(), port == 0 ? server.port() : port, timeout, networks);
  }

  @Override
  public String toString() {
    return port == 0 ? "TCP" : "TCP port " + port;
  }
}
