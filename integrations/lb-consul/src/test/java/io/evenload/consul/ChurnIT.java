package io.evenload.consul;

import io.evenload.testing.Churn;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** 5,000 instances that a real agent knows, and that change all the time. */
@Timeout(600)
class ChurnIT {

  @TempDir Path directory;

  @Test
  void instances_changeAllTheTime_noneIsMissed() throws Exception {
    try (RealAgent agent = new RealAgent(directory)) {
      agent.addNode("m");
      ConsulServerList list = ConsulServerList.builder("orders").url(agent.url()).build();

      Churn.run(
          "Consul 1.8",
          list,
          (gone, come) -> agent.replace("m", gone, come),
          Churn::address,
          Duration.ofSeconds(5));
    }
  }
}
