package io.evenload.consul;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.testing.Caller;
import io.evenload.testing.Heard;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A balancer whose list comes from a real agent, under calls without a pause. A call here is a
 * choice: none may fail, whatever befalls the agent.
 */
@Timeout(120)
class ConsulIT {

  private static final Duration FIVE_SECONDS = Duration.ofSeconds(5);

  @TempDir Path directory;
  private RealAgent agent;
  private LoadBalancer orders;
  private Caller caller;
  private final Heard heard = new Heard();

  @BeforeEach
  void start() throws Exception {
    agent = new RealAgent(directory);
    agent.register("a", 8001, 1);
    agent.register("b", 8002, 3);
    ConsulServerList list = ConsulServerList.builder("orders").url(agent.url()).build();
    orders = LoadBalancer.builder("orders").servers(heard.overhearing(list)).build();
    orders.ready().toCompletableFuture().get(30, TimeUnit.SECONDS);
    heard.awaitIds("n/a", "n/b");
    caller = new Caller(orders);
  }

  @AfterEach
  void stop() {
    caller.close();
    orders.close();
    agent.close();
    assertThat(caller.failure()).isEmpty();
  }

  @Test
  void change_reachesCallsWithinASecond() throws Exception {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      String id = "new-" + i;
      long begun = System.nanoTime();
      agent.register(id, 9000 + i, 1);
      millis.add(caller.awaitCall("n/" + id, begun));
    }
    Collections.sort(millis);
    System.out.println("Consul, from a registration to the first call in ms: " + millis);

    assertThat(millis.get(5)).as("median").isLessThan(1_000);
  }

  @Test
  void server_hasWhatTheAgentKnows() throws Exception {
    assertThat(heard.lists().get(heard.lists().size() - 1))
        .contains(
            Server.builder("127.0.0.1", 8002)
                .id("n/b")
                .weight(3)
                .zone("z1")
                .metadata("zone", "z1")
                .metadata("node", "n")
                .metadata("datacenter", "dc1")
                .metadata("tags", "blue")
                .build());

    agent.maintenance("a", true); // a critical check
    heard.awaitIds("n/b");
    agent.maintenance("a", false);
    heard.awaitIds("n/a", "n/b");
    agent.deregister("b");
    heard.awaitIds("n/a");
  }

  @Test
  void agent_frozen_listIsRightSoonAfterwards() throws Exception {
    agent.signal("STOP");
    caller.callFor(Duration.ofSeconds(3));
    agent.signal("CONT");
    agent.register("c", 8003, 1);
    awaitSoon("frozen and thawed", "n/a", "n/b", "n/c");
  }

  /** The agent's return, or a change after it, is a moment ago. */
  private void awaitSoon(String what, String... ids) {
    long begun = System.nanoTime();
    heard.awaitIds(ids);
    long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun);
    System.out.printf("Consul, %s: the list is right after %d ms%n", what, millis);
    assertThat(millis).as(what).isLessThan(FIVE_SECONDS.toMillis());
  }

  @Test
  void agent_killedAndBackWithoutData_lastListHoldsUntilServersAreBack() throws Exception {
    agent.kill();
    heard.await(h -> h.failures().size() >= 3);
    agent.start();
    awaitSoon("killed and back without data"); // none: the balancer keeps the last list
    caller.callFor(Duration.ofSeconds(1));
    assertThat(orders.status().endpoints()).hasSize(2);

    long begun = System.nanoTime();
    agent.register("b", 8002, 3);
    agent.register("c", 8003, 1);
    awaitSoon("registered anew", "n/b", "n/c");
    assertThat(caller.awaitCall("n/c", begun)).isLessThan(FIVE_SECONDS.toMillis());
  }
}
