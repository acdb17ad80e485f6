package io.evenload.consul;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.ServerList.Listener;
import io.evenload.testing.Heard;
import io.evenload.testing.Wait;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
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
    ServerList overheard = listener -> list.subscribe(new Both(listener, heard));
    orders = LoadBalancer.builder("orders").servers(overheard).build();
    orders.ready().toCompletableFuture().get(30, TimeUnit.SECONDS);
    heard.awaitIds("n/a", "n/b");
    caller = new Caller(orders);
  }

  @AfterEach
  void stop() throws InterruptedException {
    caller.stop();
    orders.close();
    agent.close();
    assertThat(caller.failures()).isEmpty();
  }

  @Test
  void change_reachesCallsWithinASecond() throws Exception {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 11; i++) {
      String id = "new-" + i;
      long begun = System.nanoTime();
      agent.register(id, 9000 + i, 1);
      Wait.until(() -> caller.called().contains("n/" + id));
      millis.add(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun));
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
    long begun = System.nanoTime();
    heard.awaitIds("n/a", "n/b", "n/c");

    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(FIVE_SECONDS);
  }

  @Test
  void agent_killedAndBackWithoutData_lastListHoldsUntilServersAreBack() throws Exception {
    agent.kill();
    heard.await(h -> h.failures().size() >= 3);
    agent.start();
    long begun = System.nanoTime();
    heard.awaitIds(); // the source says that there is none, and the balancer keeps the last list
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(FIVE_SECONDS);
    caller.callFor(Duration.ofSeconds(1));
    assertThat(orders.status().endpoints()).hasSize(2);

    begun = System.nanoTime();
    agent.register("b", 8002, 3);
    agent.register("c", 8003, 1);
    heard.awaitIds("n/b", "n/c");
    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isLessThan(FIVE_SECONDS);
    Wait.until(() -> caller.called().contains("n/c"));
  }

  /** Tells two listeners. */
  private record Both(Listener first, Listener second) implements Listener {

    @Override
    public void updated(List<Server> servers) {
      first.updated(servers);
      second.updated(servers);
    }

    @Override
    public void confirmed() {
      first.confirmed();
      second.confirmed();
    }

    @Override
    public void failed(Throwable cause) {
      first.failed(cause);
      second.failed(cause);
    }
  }

  /** Makes a call each millisecond. */
  private static final class Caller {
    private final LoadBalancer balancer;
    private final Set<String> called = ConcurrentHashMap.newKeySet();
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicReference<String> failure = new AtomicReference<>("");
    private final Thread thread = new Thread(this::run, "caller");
    private volatile boolean stopped;

    Caller(LoadBalancer balancer) {
      this.balancer = balancer;
      thread.setDaemon(true);
      thread.start();
    }

    private void run() {
      while (!stopped) {
        try {
          called.add(balancer.call(Server::id));
        } catch (NoServerAvailableException e) {
          failure.set(e.getMessage());
        } catch (Exception e) {
          failure.set(e.toString());
        }
        calls.incrementAndGet();
        LockSupport.parkNanos(1_000_000);
      }
    }

    Set<String> called() {
      return called;
    }

    String failures() {
      return failure.get();
    }

    void callFor(Duration duration) {
      long end = System.nanoTime() + duration.toNanos();
      int before = calls.get();
      Wait.until(() -> System.nanoTime() - end > 0 && calls.get() > before);
    }

    void stop() throws InterruptedException {
      stopped = true;
      thread.join();
    }
  }
}
