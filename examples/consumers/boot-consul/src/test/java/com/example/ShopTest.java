package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.rolling.Backend;
import com.example.rolling.Registry;
import com.example.rolling.RollingRestart;
import com.example.rolling.ServerProcess;
import io.evenload.LoadBalancer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.client.RestClient;

/** The application with a real Consul agent and three instances, which restart one by one. */
@Timeout(300)
class ShopTest {

  @TempDir Path directory;

  @Test
  void items_whileServersRestartOneByOne_neverFail() throws Exception {
    int port = ServerProcess.freePort();
    try (ServerProcess consul =
            new ServerProcess(
                "http://127.0.0.1:" + port,
                "/v1/status/leader",
                directory.resolve("consul.log"),
                List.of(
                    System.getProperty("consul"), // what .ci/consul prints
                    "agent",
                    "-dev",
                    "-bind=127.0.0.1",
                    "-http-port=" + port,
                    "-serf-lan-port=" + ServerProcess.freePort(),
                    "-server-port=" + ServerProcess.freePort(),
                    "-dns-port=-1",
                    "-grpc-port=-1",
                    "-serf-wan-port=-1"));
        RollingRestart restart = new RollingRestart(new Consul(consul), Backend::http);
        ConfigurableApplicationContext shop =
            SpringApplication.run(Shop.class, "--server.port=0", "--CONSUL_PORT=" + port)) {
      ready(shop);
      RestClient orders = shop.getBean(RestClient.class);
      assertThat(restart.under(() -> orders.get().uri("/v1/items").retrieve().body(String.class)))
          .isPositive();
    }
  }

  /** Waits until there are servers, as who sends the first call to an instance does. */
  private static void ready(ConfigurableApplicationContext shop) throws Exception {
    shop.getBean(LoadBalancer.class).ready().toCompletableFuture().get(1, TimeUnit.MINUTES);
  }

  /** Registers at the agent. */
  private record Consul(ServerProcess agent) implements Registry {
    @Override
    public void register(String name, int port) throws Exception {
      agent.send(
          "PUT",
          "/v1/agent/service/register",
          "{'ID':'%s','Name':'orders','Address':'127.0.0.1','Port':%d}".formatted(name, port));
    }

    @Override
    public void deregister(String name) throws Exception {
      agent.send("PUT", "/v1/agent/service/deregister/" + name, "");
    }
  }
}
