package io.evenload.examples;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.config.EvenloadConfig;
import io.evenload.discovery.DnsServerList;
import io.evenload.discovery.FileServerList;
import io.evenload.discovery.LingeringServerList;
import io.evenload.discovery.PollingServerList;
import io.evenload.discovery.PollingServerList.Answer;
import io.evenload.discovery.ServerLists;
import io.evenload.dns.DnsLookup;
import io.evenload.micrometer.CallMetrics;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.okhttp.ConnectionPolicy;
import io.evenload.okhttp.HedgePolicy;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import io.evenload.okhttp.Throttling;
import io.evenload.status.StatusPage;
import io.evenload.status.StatusServer;
import io.evenload.testing.ServerListContract;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;

/**
 * Java code of {@code docs/} that is shown to compile, and not run. {@link DocsTest} finds it here,
 * word for word.
 */
final class PageSnippets {

  private PageSnippets() {}

  interface Registry {
    List<Server> find(String service) throws IOException;

    Reply await(String service, long index) throws IOException;

    void wake();

    void cancel();
  }

  record Reply(long index, List<Server> servers) {}

  static List<Object> configuration(Map<String, String> properties, ServerList others) {
    EvenloadConfig config = EvenloadConfig.of(properties);
    LoadBalancer orders = config.balancer("orders").build();
    LoadBalancer search = config.balancer("search").servers(others).build(); // has no key for them
    LoadBalancingInterceptor balancing = config.interceptor(orders, search).build();
    return List.of(orders, search, balancing);
  }

  static EvenloadConfig reconfigure(
      Map<String, String> newProperties,
      EvenloadConfig former,
      LoadBalancer orders,
      LoadBalancingInterceptor balancing) {
    EvenloadConfig config = former;
    EvenloadConfig changed = EvenloadConfig.of(newProperties); // all of it, or it throws
    changed.reconfigure(orders, config);
    changed.reconfigure(balancing, config); // all its services
    config = changed;
    return config;
  }

  static ServerList registry(Registry registry) {
    ServerList orders =
        PollingServerList.builder(() -> registry.find("orders"))
            .name("registry orders") // what log and status call it: no credentials
            .interval(Duration.ofSeconds(10))
            .build();
    return orders;
  }

  static ServerList longPoll(Registry registry) {
    final class LongPoll implements PollingServerList.Source {
      private long index;

      @Override
      public Answer look() throws IOException {
        Reply reply = registry.await("orders", index); // blocks until something changes
        index = reply.index();
        return Answer.of(reply.servers(), Duration.ZERO); // look again at once, or after the TTL
      }

      @Override
      public void refresh() {
        registry.wake(); // servers refuse connections: let await answer with what there is
      }

      @Override
      public void close() {
        registry.cancel(); // if an interrupt does not end it
      }
    }

    ServerList orders =
        PollingServerList.sourceBuilder(LongPoll::new)
            .timeLimit(Duration.ofMinutes(6)) // longer than it may wait
            .minGap(Duration.ofMillis(200)) // between the beginnings of two looks
            .build();
    return orders;
  }

  static ServerList file() {
    ServerList orders = FileServerList.of(Path.of("/etc/shop/orders.json"));
    return orders;
  }

  static ServerList dns() {
    ServerList orders =
        LingeringServerList.of(
            DnsServerList.builder("orders.example", 8080).family(DnsServerList.Family.IPV4).build(),
            Duration.ofMinutes(5));
    return orders;
  }

  static List<ServerList> listsOfLists(
      ServerList registry,
      ServerList dns,
      ServerList blue,
      ServerList green,
      ServerList local,
      ServerList remote) {
    ServerList fixed = ServerList.of(Server.parse("10.0.0.1:8080"));
    ServerList orders = ServerLists.firstNonEmpty(registry, dns, fixed);
    ServerList all = ServerLists.union(blue, green);
    ServerList levels = ServerLists.failover(local, remote); // priority 0, priority 1
    ServerList version7 = ServerLists.filter(orders, s -> "7".equals(s.metadata().get("version")));
    ServerList zoned = ServerLists.map(orders, s -> withZone(s));
    return List.of(all, levels, version7, zoned);
  }

  private static Server withZone(Server server) {
    return Server.builder(server.host(), server.port()).zone("eu-1a").build();
  }

  static final class StubRegistry {
    Collection<Server> find() {
      return List.of();
    }

    void set(List<Server> servers) {}

    void breakDown() {}
  }

  static Class<?> listContract() {
    final class RegistryListTest extends ServerListContract {
      private final StubRegistry registry = new StubRegistry();

      @Override
      protected ServerList list() {
        return PollingServerList.builder(registry::find).nanoTime(time).scheduler(time).build();
      }

      @Override
      protected void serve(List<Server> servers) {
        registry.set(servers);
      }

      @Override
      protected void fail() {
        registry.breakDown();
      }
    }
    return RegistryListTest.class;
  }

  static List<ServerList> lookups() {
    ServerList search = DnsLookup.addresses("search.prod.internal", 8080).build(); // A and AAAA
    ServerList orders = DnsLookup.srv("_orders._tcp.prod.internal").build(); // all that SRV says
    return List.of(search, orders);
  }

  static LoadBalancingInterceptor metrics(MeterRegistry registry, LoadBalancer orders) {
    LoadBalancerMetrics.monitor(registry, orders); // monitorServers: also of each server
    LoadBalancingInterceptor balancing =
        LoadBalancingInterceptor.builder()
            .service("orders", orders)
            .listener(CallMetrics.of(registry)) // of the calls with OkHttp
            .build();
    return balancing;
  }

  static StatusServer status(LoadBalancer orders, LoadBalancer search) throws IOException {
    StatusPage page = StatusPage.of(orders, search);
    StatusServer server = StatusServer.start(page, 8081); // http://127.0.0.1:8081/
    return server;
  }

  static OkHttpClient client(LoadBalancer balancer) {
    OkHttpClient client =
        LoadBalancingInterceptor.of("orders", balancer) // a LoadBalancer
            .install(new OkHttpClient.Builder(), 256)
            .build();
    return client;
  }

  static OkHttpClient connections(LoadBalancer orders) throws Exception {
    ConnectionPolicy policy =
        ConnectionPolicy.builder()
            .maxAge(Duration.ofMinutes(5))
            .drainStreams(Duration.ofSeconds(30))
            .warm(1)
            .build();
    LoadBalancingInterceptor balancing =
        LoadBalancingInterceptor.builder().service("orders", orders).connections(policy).build();
    OkHttpClient client = balancing.install(new OkHttpClient.Builder(), 64).build();
    balancing.ready(client).toCompletableFuture().get(10, TimeUnit.SECONDS);
    return client;
  }

  static LoadBalancingInterceptor retry(LoadBalancer orders) {
    RetryPolicy policy =
        RetryPolicy.builder()
            .maxAttempts(3)
            .attemptTimeout(Duration.ofSeconds(1)) // far above the p99 of a healthy server
            .idempotencyKey("Idempotency-Key") // a POST with this header may be sent again
            .hedge(HedgePolicy.afterQuantile(0.95))
            .build();
    LoadBalancingInterceptor balancing =
        LoadBalancingInterceptor.builder().service("orders", orders).retry(policy).build();
    return balancing;
  }

  static LoadBalancingInterceptor throttled(LoadBalancer orders) {
    LoadBalancingInterceptor balancing =
        LoadBalancingInterceptor.builder()
            .service("orders", orders)
            .throttling(Throttling.defaults())
            .build();
    return balancing;
  }

  static LoadBalancingInterceptor tellsTheTime(LoadBalancer orders) {
    LoadBalancingInterceptor balancing =
        LoadBalancingInterceptor.builder()
            .service("orders", orders)
            .timeoutHeader("X-Request-Timeout") // tells it
            .build();
    return balancing;
  }
}
