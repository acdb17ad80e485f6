package io.evenload.status;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.chooser.Choosers;
import io.evenload.health.SlowStart;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Two services on a bad day, for pictures of the page. */
final class Fleet {

  private Fleet() {}

  /** Returns the page after two minutes; it and all that it shows are on virtual time. */
  static StatusPage onABadDay(Traffic traffic) {
    List<Server> orderServers = new ArrayList<>();
    for (int i = 1; i <= 6; i++) {
      orderServers.add(
          Server.builder("10.20.0." + (10 + i), 8080)
              .id("orders-" + i)
              .zone(i % 2 == 0 ? "eu-1b" : "eu-1a")
              .weight(i == 3 ? 2 : 1)
              .build());
    }
    UpdatableServerList orderList = new UpdatableServerList(orderServers.subList(0, 5));
    LoadBalancer orders =
        traffic
            .balancer("orders", orderList)
            .slowStart(SlowStart.of(Duration.ofSeconds(60)))
            .build();
    LoadBalancer search =
        traffic
            .balancer("search", ServerList.of(servers("search", 60)))
            .chooser(Choosers.peakEwma())
            .build();
    StatusPage page = traffic.page().balancer(orders).balancer(search).build();
    callInWaves(traffic, 70, orders, search);
    orderList.update(orderServers);
    traffic.failing.put("orders-5", 0.06);
    traffic.failing.put("search-41", 0.97);
    traffic.millis.put("orders-3", 45);
    callInWaves(traffic, 12, orders, search);
    traffic.failing.put("orders-2", 0.6);
    callInWaves(traffic, 10, orders, search);
    search.admin().drain("search-17", Duration.ofHours(1), "the server announced its end");
    orders.admin().drain("orders-4");
    callInWaves(traffic, 8, orders, search);
    return page;
  }

  /** Returns so many servers, {@code name-1} and so on. */
  static List<Server> servers(String name, int number) {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < number; i++) {
      String host = "10." + (30 + i / 62_500) + "." + i / 250 % 250 + "." + (1 + i % 250);
      servers.add(Server.builder(host, 8080).id(name + "-" + (i + 1)).build());
    }
    return servers;
  }

  private static void callInWaves(Traffic traffic, int seconds, LoadBalancer... balancers) {
    for (int i = 0; i < seconds; i++) {
      int wave = (int) (90 * Math.sin((i + seconds) / 5.0)) + 37 * (i * i % 5) / 4;
      traffic.run(Duration.ofSeconds(1), 240 + wave, balancers);
    }
  }
}
