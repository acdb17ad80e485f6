package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.rolling.Backend;
import com.example.rolling.Registry;
import com.example.rolling.RollingRestart;
import com.example.rolling.ServerProcess;
import io.evenload.LoadBalancer;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.springframework.boot.SpringApplication;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.web.client.RestClient;

/** The application with a real Eureka server and three instances, which restart one by one. */
@Timeout(300)
class ShopTest {

  @TempDir Path directory;

  @Test
  void items_whileServersRestartOneByOne_neverFail() throws Exception {
    int port = ServerProcess.freePort();
    String url = "http://127.0.0.1:" + port;
    try (ServerProcess eureka =
            new ServerProcess(
                url,
                "/eureka/apps",
                directory.resolve("eureka.log"),
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-jar",
                    "../eureka-server/target/eureka-server-1.jar",
                    "--server.port=" + port));
        RollingRestart restart = new RollingRestart(new Eureka(eureka), Backend::http);
        ConfigurableApplicationContext shop =
            SpringApplication.run(Shop.class, "--server.port=0", "--EUREKA=" + url + "/eureka/")) {
      ready(shop);
      RestClient rest = shop.getBean(RestClient.class);
      Shop.Orders feign = shop.getBean(Shop.Orders.class);
      AtomicInteger calls = new AtomicInteger();
      Callable<String> call =
          () ->
              calls.getAndIncrement() % 2 == 0
                  ? rest.get().uri("/v1/items").retrieve().body(String.class)
                  : feign.items();
      assertThat(restart.under(call)).isPositive();
    }
  }

  /** Waits until there are servers, as who sends the first call to an instance does. */
  private static void ready(ConfigurableApplicationContext shop) throws Exception {
    shop.getBean(LoadBalancer.class).ready().toCompletableFuture().get(1, TimeUnit.MINUTES);
  }

  /** Registers as a client of Eureka does. */
  private record Eureka(ServerProcess server) implements Registry {
    @Override
    public void register(String name, int port) throws Exception {
      server.send(
          "POST",
          "/eureka/apps/ORDERS",
          ("{'instance':{'instanceId':'%s','app':'ORDERS','vipAddress':'orders',"
                  + "'hostName':'127.0.0.1','ipAddr':'127.0.0.1','status':'UP',"
                  + "'port':{'$':%d,'@enabled':'true'},'securePort':{'$':443,'@enabled':'false'},"
                  + "'dataCenterInfo':{'@class':"
                  + "'com.netflix.appinfo.InstanceInfo$DefaultDataCenterInfo','name':'MyOwn'}}}")
              .formatted(name, port));
    }

    @Override
    public void deregister(String name) throws Exception {
      server.send("DELETE", "/eureka/apps/ORDERS/" + name, "");
    }
  }
}
