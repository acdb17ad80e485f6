package io.evenload.spring.boot;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.spring.ServerSource;
import io.evenload.testing.okhttp.Backend;
import io.evenload.testing.okhttp.Backends;
import io.evenload.testing.okhttp.Reply;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import mockwebserver3.MockResponse;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.boot.SpringBootConfiguration;
import org.springframework.boot.WebApplicationType;
import org.springframework.boot.autoconfigure.EnableAutoConfiguration;
import org.springframework.boot.builder.SpringApplicationBuilder;
import org.springframework.boot.restclient.RestTemplateBuilder;
import org.springframework.context.ConfigurableApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.support.GenericApplicationContext;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;
import org.springframework.web.service.annotation.GetExchange;
import org.springframework.web.service.registry.ImportHttpServices;

/** A whole application, which calls three servers. */
@Timeout(120)
class ApplicationTest {

  private static final int CALLERS = 4;

  @RegisterExtension final Backends backends = new Backends();

  private final List<Backend> servers =
      Stream.of("a", "b", "c").map(backends::start).collect(Collectors.toList());

  private ServerList list = ServerList.of(servers.stream().map(Backend::server).toList());

  private ConfigurableApplicationContext start(String... properties) {
    ConfigurableApplicationContext context =
        new SpringApplicationBuilder(Application.class)
            .web(WebApplicationType.NONE)
            .initializers(
                starting ->
                    ((GenericApplicationContext) starting)
                        .registerBean(ServerSource.class, () -> service -> list))
            .properties("evenload.spring.services=orders", "spring.main.banner-mode=off")
            .properties(properties)
            .run();
    backends.watch(context.getBean(LoadBalancer.class));
    return context;
  }

  @SpringBootConfiguration(proxyBeanMethods = false)
  @EnableAutoConfiguration
  @ImportHttpServices(group = "orders", types = Orders.class)
  static class Application {
    @Bean
    RestClient orders(RestClient.Builder builder) {
      return builder.baseUrl("http://orders").build();
    }
  }

  /** The service as an interface. */
  interface Orders {
    @GetExchange("/v1/items")
    String items();
  }

  /** Without bodies, as one that is cut by a server that stops is lost. */
  @Test
  void get_whileServersRestartOneByOne_neverFails() throws Exception {
    servers.forEach(server -> server.always(Reply.status(204)));
    ConfigurableApplicationContext context = start();
    RestClient orders = context.getBean("orders", RestClient.class);
    AtomicInteger done = new AtomicInteger();
    CountDownLatch end = new CountDownLatch(1);
    ExecutorService callers = Executors.newFixedThreadPool(CALLERS);
    List<Future<Integer>> calls = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      calls.add(
          callers.submit(
              () -> {
                int mine = 0;
                while (end.getCount() > 0) {
                  var answer = orders.get().uri("/v1/items").retrieve().toBodilessEntity();
                  assertThat(answer.getStatusCode().value()).isEqualTo(204);
                  done.incrementAndGet();
                  mine++;
                }
                return mine;
              }));
    }
    for (Backend server : servers) {
      server.stop();
      more(done, calls);
      server.restart();
      more(done, calls);
    }
    end.countDown();
    for (Future<Integer> call : calls) {
      assertThat(call.get(30, TimeUnit.SECONDS)).isPositive(); // or what it threw
    }
    callers.shutdown();
    context.close();
  }

  /** Waits until so many calls more are done, or one has failed. */
  private static void more(AtomicInteger done, List<Future<Integer>> calls) {
    int enough = done.get() + 200;
    await(() -> done.get() >= enough || calls.stream().anyMatch(Future::isDone));
  }

  @Test
  void get_beforeTheFirstListIsThere_waitsForIt() throws Exception {
    UpdatableServerList late = new UpdatableServerList();
    list = late;
    try (ConfigurableApplicationContext context = start()) {
      RestClient orders = context.getBean("orders", RestClient.class);
      FutureTask<String> call =
          new FutureTask<>(() -> orders.get().uri("/").retrieve().body(String.class));
      Thread caller = new Thread(call);
      caller.start();
      await(() -> caller.getState() == Thread.State.TIMED_WAITING || call.isDone());
      late.update(servers.stream().map(Backend::server).toList());
      assertThat(call.get(30, TimeUnit.SECONDS)).isIn("a", "b", "c");
    }
  }

  @Test
  void group_ofHttpServices_isBalancedWithItsOwnTimeout() {
    try (ConfigurableApplicationContext context =
        start(
            "spring.http.serviceclient.orders.base-url=http://orders",
            "spring.http.serviceclient.orders.read-timeout=200ms")) {
      Orders orders = context.getBean(Orders.class);
      assertThat(orders.items()).isIn("a", "b", "c");
      servers.forEach(server -> server.always(Reply.hang()));
      assertThat(catchThrowable(orders::items))
          .isInstanceOf(ResourceAccessException.class)
          .hasRootCauseInstanceOf(java.io.IOException.class)
          .cause()
          .isInstanceOf(InterruptedIOException.class);
    }
  }

  @Test
  void template_andOtherHosts_goTheirWays() {
    try (ConfigurableApplicationContext context = start()) {
      var template = context.getBean(RestTemplateBuilder.class).build();
      assertThat(template.getForObject("http://ORDERS/", String.class)).isIn("a", "b", "c");
      String other = "http://127.0.0.1:" + servers.get(1).port() + "/";
      assertThat(template.getForObject(other, String.class)).isEqualTo("b");
      assertThat(servers.get(1).requests())
          .anySatisfy(
              request ->
                  assertThat(request.getHeaders().get("User-Agent"))
                      .doesNotContainIgnoringCase("okhttp"));
    }
  }

  @Test
  void restClient_all_sendsOtherHostsThroughOkHttpToo() {
    try (ConfigurableApplicationContext context = start("evenload.spring.rest-client=all")) {
      RestClient orders = context.getBean("orders", RestClient.class);
      String other = "http://127.0.0.1:" + servers.get(1).port() + "/";
      assertThat(orders.get().uri(other).retrieve().body(String.class)).isEqualTo("b");
      assertThat(servers.get(1).requests().get(0).getHeaders().get("User-Agent"))
          .startsWith("okhttp");
    }
  }

  @Test
  void restClient_none_sendsNothingThroughOkHttp() {
    try (ConfigurableApplicationContext context = start("evenload.spring.rest-client=none")) {
      RestClient orders = context.getBean("orders", RestClient.class);
      assertThat(catchThrowable(() -> orders.get().uri("/").retrieve().body(String.class)))
          .isInstanceOf(ResourceAccessException.class);
      assertThat(servers).allSatisfy(server -> assertThat(server.requestCount()).isZero());
    }
  }

  @Test
  void close_whileACallRuns_waitsForItAndLeavesNoThread() throws Exception {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    ConfigurableApplicationContext context = start();
    RestClient orders = context.getBean("orders", RestClient.class);
    Reply slow =
        Reply.of(
            new MockResponse.Builder()
                .headersDelay(500, TimeUnit.MILLISECONDS)
                .body("late")
                .build());
    servers.forEach(server -> server.always(slow));
    LoadBalancer balancer = context.getBean(LoadBalancer.class);
    ExecutorService caller = Executors.newSingleThreadExecutor();
    Future<String> call = caller.submit(() -> orders.get().uri("/").retrieve().body(String.class));
    await(() -> balancer.status().endpoints().stream().anyMatch(each -> each.inFlight() > 0));
    context.close();
    assertThat(call.get(30, TimeUnit.SECONDS)).isEqualTo("late");
    caller.shutdown();
    await(() -> left(before).isEmpty());
  }

  private static Set<String> left(Set<Thread> before) {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> !before.contains(thread))
        .map(Thread::getName)
        .filter(name -> name.startsWith("evenload") || name.contains("Dispatcher"))
        .collect(Collectors.toSet());
  }

  private static void await(BooleanSupplier condition) {
    while (!condition.getAsBoolean()) { // the test has a timeout
      LockSupport.parkNanos(1_000_000);
    }
  }
}
