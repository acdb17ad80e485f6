package io.evenload.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ManyServersTest {

  private static final int SERVERS = 10_000;

  @Test
  void probes_of10000Servers_takeOneThread() throws Exception {
    Set<Thread> probing = ConcurrentHashMap.newKeySet();
    CountDownLatch healthy = new CountDownLatch(SERVERS);
    try (ServerSocket everywhere = new ServerSocket(0, 1_000, InetAddress.getByName("0.0.0.0"))) {
      Thread accepting = new Thread(() -> accept(everywhere), "test target");
      accepting.setDaemon(true);
      accepting.start();
      HealthProbe tcp = HealthProbes.tcp();
      HealthProbe counting =
          (server, timeout) ->
              tcp.probe(server, timeout)
                  .whenComplete(
                      (report, failure) -> {
                        probing.add(Thread.currentThread());
                        if (HealthReport.healthy().equals(report)) {
                          healthy.countDown();
                        }
                      });
      int before = threads();
      try (LoadBalancer balancer =
          LoadBalancer.builder("many")
              .servers(ServerList.of(servers(everywhere.getLocalPort())))
              .healthCheck(HealthCheck.builder(counting).initiallyHealthy(false).build())
              .build()) {
        assertThat(healthy.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(threads() - before).as("the probes' one").isLessThanOrEqualTo(1);
        assertThat(probing).extracting(Thread::getName).containsOnly("evenload-worker");
        assertThat(balancer.start().server()).isNotNull();
      }
    }
  }

  private static int threads() {
    return (int)
        Thread.getAllStackTraces().keySet().stream()
            .filter(thread -> thread.getName().matches("evenload-(many.*|probes.*)"))
            .count();
  }

  private static List<Server> servers(int port) {
    return IntStream.range(0, SERVERS)
        .mapToObj(i -> Server.of("127.0." + (1 + i / 200) + "." + (1 + i % 200), port))
        .toList();
  }

  private static void accept(ServerSocket listening) {
    while (!listening.isClosed()) {
      try {
        listening.accept().close();
      } catch (IOException e) {
        return;
      }
    }
  }
}
