package io.evenload.examples;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.UpdatableServerList;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.net.BindException;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * A service to look at while it runs: its status page, its metrics, and the traces of its calls. It
 * has customers, and the four servers that it calls have their troubles, again and again.
 */
final class Shop {

  private static final int PORT = 8080;
  private static final int CUSTOMERS = 4;
  private static final int SECONDS = 15;

  private Shop() {}

  public static void main(String[] args) throws Exception {
    run(PORT, Integer.MAX_VALUE, SECONDS * 1_000, System.out);
  }

  /**
   * Returns how many requests of customers failed.
   *
   * @param port 0 for any free one, as is taken if another program has this one
   * @param rounds how often each trouble comes
   * @param millis how long each one lasts
   */
  static int run(int port, int rounds, int millis, PrintStream out) throws Exception {
    try (DemoServer steady = new DemoServer("steady", 10);
        DemoServer slow = new DemoServer("slow", 50);
        DemoServer flaky = new DemoServer("flaky", 10);
        DemoServer moving = new DemoServer("moving", 10)) {
      List<Server> all = servers(steady, slow, flaky, moving);
      UpdatableServerList list = new UpdatableServerList(all);
      try (ShopService shop = start(list, port)) {
        out.printf("The shop is open at %s/, and calls four servers. See%n%n", shop.url());
        out.printf("  %s/balancers   their state, live%n", shop.url());
        out.printf("  %s/metrics     for Prometheus%n", shop.url());
        out.printf("  %s/traces      of the latest calls%n", shop.url());
        out.printf("%nIt closes with Ctrl-C.%n%n");
        AtomicInteger failed = new AtomicInteger();
        ExecutorService customers = customers(shop, failed);
        for (int i = 0; i < rounds; i++) {
          out.println("All is well (\"slow\" takes 50 ms, the others 10 ms).");
          Thread.sleep(millis);
          out.println("\"flaky\" answers 503 to everything.");
          flaky.failing(true);
          Thread.sleep(millis);
          flaky.failing(false);
          out.println("\"flaky\" works again, \"moving\" leaves.");
          list.update(servers(steady, slow, flaky));
          Thread.sleep(millis);
          list.update(all);
        }
        customers.shutdownNow();
        customers.awaitTermination(10, TimeUnit.SECONDS);
        out.printf("%d requests of customers failed.%n", failed.get());
        return failed.get();
      }
    }
  }

  private static ShopService start(UpdatableServerList list, int port) throws IOException {
    Properties properties = properties();
    try {
      return new ShopService(properties, list, port);
    } catch (BindException e) {
      return new ShopService(properties, list, 0);
    }
  }

  /** What the service is configured by. */
  static Properties properties() throws IOException {
    Properties properties = new Properties();
    try (InputStream in = requireNonNull(Shop.class.getResourceAsStream("/shop.properties"))) {
      properties.load(in);
    }
    return properties;
  }

  /** Starts customers, each of whom comes again a moment after it was served. */
  private static ExecutorService customers(ShopService shop, AtomicInteger failed) {
    OkHttpClient client =
        new OkHttpClient.Builder()
            .connectionPool(new ConnectionPool(CUSTOMERS, 5, TimeUnit.MINUTES))
            .build();
    Request request = new Request.Builder().url(shop.url() + "/7").build();
    ExecutorService customers = Executors.newFixedThreadPool(CUSTOMERS);
    for (int i = 0; i < CUSTOMERS; i++) {
      customers.execute(
          () -> {
            while (!customers.isShutdown()) {
              try (Response response = client.newCall(request).execute()) {
                failed.addAndGet(response.isSuccessful() ? 0 : 1);
                Thread.sleep(20);
              } catch (InterruptedException e) {
                return; // the shop closes
              } catch (IOException e) {
                failed.addAndGet(customers.isShutdown() ? 0 : 1);
              }
            }
          });
    }
    return customers;
  }

  private static List<Server> servers(DemoServer... servers) {
    return Stream.of(servers).map(DemoServer::server).toList();
  }
}
