package io.evenload.spring;

import io.evenload.ServerList;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.springframework.beans.factory.SmartInitializingSingleton;
import org.springframework.cloud.client.ServiceInstance;
import org.springframework.cloud.client.discovery.DiscoveryClient;
import org.springframework.cloud.client.discovery.event.HeartbeatEvent;
import org.springframework.cloud.client.discovery.event.ParentHeartbeatEvent;
import org.springframework.context.event.EventListener;

/**
 * Takes servers from a {@link DiscoveryClient} of Spring Cloud, under the service's name: a
 * server's id is that of the instance, and its zone what the instance's metadata has under {@code
 * zone}.
 *
 * <p>The client is asked at once, or as soon as all beans are there, at an interval, and by {@link
 * #refresh()}, for each service on a thread of its own that ends after some idle seconds. What it
 * throws leaves the last list in force. Thread-safe.
 */
public final class DiscoveredServers
    implements ServerSource, SmartInitializingSingleton, AutoCloseable {

  private static final int IDLE_SECONDS = 10;

  private final DiscoveryClient client;
  private final Duration interval;
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(task -> daemon(task, "evenload-discovery-timer"));
  private final ThreadPoolExecutor asking =
      new ThreadPoolExecutor(
          0,
          Integer.MAX_VALUE, // each service has one at most
          IDLE_SECONDS,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          task -> daemon(task, "evenload-discovery"),
          new ThreadPoolExecutor.DiscardPolicy());
  private final List<DiscoveredList> lists = new CopyOnWriteArrayList<>();
  private volatile boolean asks;

  /**
   * Creates a source that asks at once.
   *
   * @param interval how often the client is asked
   */
  public DiscoveredServers(DiscoveryClient client, Duration interval) {
    this(client, interval, true);
  }

  /**
   * Creates a source.
   *
   * @param interval how often the client is asked
   * @param atOnce false lets nothing be asked before {@link #afterSingletonsInstantiated}: clients
   *     of registries have beans made when they are asked first, which another thread than the one
   *     that starts the application should not do
   */
  public DiscoveredServers(DiscoveryClient client, Duration interval, boolean atOnce) {
    this.client = client;
    this.interval = interval;
    asks = atOnce;
  }

  /** Asks for all lists, since all beans are there. */
  @Override
  public void afterSingletonsInstantiated() {
    asks = true;
    refresh();
  }

  private void ask(DiscoveredList list) {
    if (asks) {
      list.refresh();
    }
  }

  /** Returns the list of the service's instances; the client is asked when it is subscribed to. */
  @Override
  public ServerList servers(String service) {
    return listener -> {
      DiscoveredList list = new DiscoveredList(service, this::instances, asking, listener);
      lists.add(list);
      ask(list);
      long nanos = interval.toNanos();
      var ticks = timer.scheduleWithFixedDelay(() -> ask(list), nanos, nanos, TimeUnit.NANOSECONDS);
      return new ServerList.Subscription() {
        @Override
        public void close() {
          ticks.cancel(false);
          lists.remove(list);
          list.close();
        }

        @Override
        public void refresh() {
          ask(list);
        }
      };
    };
  }

  private List<ServiceInstance> instances(String service) {
    return client.getInstances(service);
  }

  /** Asks for all lists again, since the client has heard of something. Returns at once. */
  @EventListener({HeartbeatEvent.class, ParentHeartbeatEvent.class})
  public void refresh() {
    lists.forEach(this::ask);
  }

  /** Ends the threads; lists stay as they are. */
  @Override
  public void close() {
    timer.shutdownNow();
    asking.shutdownNow();
  }

  private static Thread daemon(Runnable task, String name) {
    Thread thread = new Thread(null, task, name, 0, false);
    thread.setDaemon(true);
    return thread;
  }
}
