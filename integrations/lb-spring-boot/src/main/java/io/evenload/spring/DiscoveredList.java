package io.evenload.spring;

import io.evenload.Server;
import io.evenload.ServerList;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.cloud.client.ServiceInstance;

/** The instances of one service, as they were when they were asked for last. */
final class DiscoveredList {

  private static final Logger LOG = LoggerFactory.getLogger(DiscoveredServers.class);

  private final String service;
  private final Function<String, List<ServiceInstance>> instances;
  private final Executor asking;
  private final ServerList.Listener listener;
  private final AtomicInteger asked = new AtomicInteger(); // above 0 while a task runs
  private List<Server> last = List.of(); // of the running task, as all below
  private boolean known;
  private boolean failing;
  private volatile boolean closed;

  /**
   * Creates a list that has not been asked for.
   *
   * @param instances asks, and may block and throw
   * @param asking runs one task of this list at a time
   */
  DiscoveredList(
      String service,
      Function<String, List<ServiceInstance>> instances,
      Executor asking,
      ServerList.Listener listener) {
    this.service = service;
    this.instances = instances;
    this.asking = asking;
    this.listener = listener;
  }

  /** Asks again, once more if it is being asked for at this moment. */
  void refresh() {
    if (asked.getAndIncrement() == 0) {
      asking.execute(this::ask);
    }
  }

  void close() {
    closed = true;
  }

  private void ask() {
    int heard;
    do {
      heard = asked.get();
      if (!closed) {
        askOnce();
      }
    } while (!asked.compareAndSet(heard, 0));
  }

  private void askOnce() {
    List<Server> servers;
    try {
      servers = servers(instances.apply(service));
    } catch (Throwable e) { // a plugin of the application's, which may lack a class
      if (!failing) {
        LOG.warn("{}: its instances could not be discovered; the last ones stay", service, e);
      }
      failing = true;
      tell(() -> listener.failed(e));
      return;
    }
    failing = false;
    if (known && servers.equals(last)) {
      tell(listener::confirmed);
    } else {
      known = true;
      last = servers;
      tell(() -> listener.updated(servers));
    }
  }

  private void tell(Runnable event) {
    if (!closed) {
      event.run();
    }
  }

  private List<Server> servers(List<ServiceInstance> found) {
    List<Server> servers = new ArrayList<>();
    for (ServiceInstance instance : found) {
      try {
        servers.add(server(instance));
      } catch (IllegalArgumentException | NullPointerException e) {
        LOG.warn("{}: an instance that is no server is left out: {}", service, e.getMessage());
      }
    }
    servers.sort(Comparator.comparing(Server::id));
    return List.copyOf(servers);
  }

  private static Server server(ServiceInstance instance) {
    Server.Builder server = Server.builder(instance.getHost(), instance.getPort());
    String id = instance.getInstanceId();
    if (id != null && !id.isBlank()) {
      server.id(id);
    }
    Map<String, String> metadata = instance.getMetadata();
    if (metadata != null) {
      metadata.forEach((key, value) -> add(server, key, value));
    }
    return server.build();
  }

  private static void add(Server.Builder server, @Nullable String key, @Nullable String value) {
    if (key == null || value == null) {
      return;
    }
    server.metadata(key, value);
    if (key.equals("zone") && !value.isBlank()) {
      server.zone(value);
    }
  }
}
