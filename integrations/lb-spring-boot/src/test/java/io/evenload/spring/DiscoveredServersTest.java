package io.evenload.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.ServerList;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.springframework.cloud.client.DefaultServiceInstance;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;

@Timeout(60)
class DiscoveredServersTest {

  private volatile Function<String, List<ServiceInstance>> registry =
      service -> List.of(instance("1", "10.0.0.1", 80, Map.of()));

  private final DiscoveredServers discovered =
      new DiscoveredServers(new Registry(), Duration.ofHours(1));

  @AfterEach
  void close() {
    discovered.close();
  }

  @Test
  void list_instances_areServersWithZoneAndMetadata() {
    Map<String, String> metadata = new HashMap<>();
    metadata.put("zone", "eu-1a");
    metadata.put("color", "green");
    metadata.put("none", null);
    registry =
        service ->
            List.of(
                instance("2", "10.0.0.2", 80, Map.of("zone", " ")),
                instance("1", "10.0.0.1", 8080, metadata),
                instance("3", "10.0.0.3", -1, Map.of()),
                instance("4", null, 80, Map.of()),
                instance("", "10.0.0.5", 80, Map.of()));
    assertThat(asked(new Heard()))
        .containsExactly(
            List.of(
                Server.builder("10.0.0.1", 8080)
                    .id("1")
                    .zone("eu-1a")
                    .metadata("zone", "eu-1a")
                    .metadata("color", "green")
                    .build(),
                Server.of("10.0.0.5", 80),
                Server.builder("10.0.0.2", 80).id("2").metadata("zone", " ").build()));
  }

  @Test
  void list_whatThrows_leavesTheLastAndIsToldEachTime() {
    Heard heard = new Heard();
    Deque<Runnable> tasks = new ArrayDeque<>();
    DiscoveredList list =
        new DiscoveredList("orders", service -> registry.apply(service), tasks::add, heard);
    list.refresh();
    tasks.remove().run();
    registry =
        service -> {
          throw new NoClassDefFoundError("io/registry/Client");
        };
    list.refresh();
    list.refresh(); // while it is asked for: once more, in the same task
    tasks.remove().run();
    assertThat(tasks).isEmpty();
    assertThat(heard.lists).hasSize(1);
    assertThat(heard.failures).isPositive();
    registry = service -> List.of(instance("1", "10.0.0.1", 80, Map.of()));
    list.refresh();
    tasks.remove().run();
    assertThat(heard.lists).hasSize(1);
    assertThat(heard.confirmations).isEqualTo(1);
    list.close();
    list.refresh();
    tasks.remove().run();
    assertThat(heard.confirmations).isEqualTo(1);
  }

  private List<List<Server>> asked(Heard heard) {
    new DiscoveredList("orders", service -> registry.apply(service), Runnable::run, heard)
        .refresh();
    return heard.lists;
  }

  @Test
  void servers_aClientThatHangs_holdsUpNoOtherService() throws InterruptedException {
    CountDownLatch hanging = new CountDownLatch(1);
    registry =
        service -> {
          if (service.equals("slow")) {
            await(hanging);
          }
          return List.of(instance(service, "10.0.0.1", 80, Map.of()));
        };
    BlockingQueue<List<Server>> slow = new LinkedBlockingQueue<>();
    BlockingQueue<List<Server>> quick = new LinkedBlockingQueue<>();
    ServerList.Subscription first = subscribe("slow", slow);
    ServerList.Subscription second = subscribe("quick", quick);
    assertThat(quick.poll(30, TimeUnit.SECONDS)).hasSize(1);
    registry = service -> List.of();
    discovered.refresh(); // as a heartbeat does
    assertThat(quick.poll(30, TimeUnit.SECONDS)).isEmpty();
    registry = service -> List.of(instance(service, "10.0.0.2", 80, Map.of()));
    second.refresh();
    assertThat(quick.poll(30, TimeUnit.SECONDS)).hasSize(1);
    assertThat(slow).isEmpty();
    hanging.countDown();
    assertThat(slow.poll(30, TimeUnit.SECONDS)).hasSize(1);
    first.close();
    second.close();
  }

  @Test
  void servers_interval_asksAgain() throws InterruptedException {
    BlockingQueue<List<Server>> heard = new LinkedBlockingQueue<>();
    DiscoveredServers often = new DiscoveredServers(new Registry(), Duration.ofMillis(10));
    ServerList.Subscription subscription = often.servers("orders").subscribe(heard::add);
    assertThat(heard.poll(30, TimeUnit.SECONDS)).hasSize(1);
    registry = service -> List.of();
    assertThat(heard.poll(30, TimeUnit.SECONDS)).isEmpty();
    subscription.close();
    often.close();
  }

  @Test
  void servers_beforeAllBeansAreThere_areNotAskedFor() throws InterruptedException {
    BlockingQueue<List<Server>> heard = new LinkedBlockingQueue<>();
    DiscoveredServers late = new DiscoveredServers(new Registry(), Duration.ofMillis(1), false);
    AtomicInteger asked = new AtomicInteger();
    registry =
        service -> {
          asked.incrementAndGet();
          return List.of(instance("1", "10.0.0.1", 80, Map.of()));
        };
    ServerList.Subscription subscription = late.servers("orders").subscribe(heard::add);
    late.refresh();
    subscription.refresh();
    assertThat(asked).hasValue(0);
    assertThat(heard).isEmpty();
    late.afterSingletonsInstantiated();
    assertThat(heard.poll(30, TimeUnit.SECONDS)).hasSize(1);
    subscription.close();
    late.close();
  }

  private ServerList.Subscription subscribe(String service, BlockingQueue<List<Server>> heard) {
    return discovered.servers(service).subscribe(heard::add);
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ServiceInstance instance(
      String id, String host, int port, Map<String, String> metadata) {
    return new DefaultServiceInstance(id, "orders", host, port, false, metadata);
  }

  /** Answers as it is told. */
  private final class Registry implements DiscoveryClient {
    @Override
    public String description() {
      return "registry";
    }

    @Override
    public List<ServiceInstance> getInstances(String service) {
      return registry.apply(service);
    }

    @Override
    public List<String> getServices() {
      return List.of();
    }
  }

  /** Takes note of all that is told. */
  private static final class Heard implements ServerList.Listener {
    final List<List<Server>> lists = new ArrayList<>();
    int confirmations;
    int failures;

    @Override
    public void updated(List<Server> servers) {
      lists.add(servers);
    }

    @Override
    public void confirmed() {
      confirmations++;
    }

    @Override
    public void failed(Throwable cause) {
      failures++;
    }
  }
}
