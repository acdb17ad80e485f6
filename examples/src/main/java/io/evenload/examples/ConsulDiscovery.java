package io.evenload.examples;

import io.evenload.Server;
import io.evenload.consul.ConsulServerList;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;

/**
 * Servers that register with a Consul agent: their weights come from there, and one that is
 * deregistered is called no more a moment later. The agent is a small one in this process that
 * speaks Consul's wire format, unless CONSUL_HTTP_ADDR names a real one, such as {@code
 * 127.0.0.1:8500}; there, the three instances of {@code evenload-demo} are removed at the end.
 */
final class ConsulDiscovery {

  private static final String SERVICE = "evenload-demo";
  private static final MediaType JSON = MediaType.get("application/json");

  private final OkHttpClient client = new OkHttpClient();
  private final String agent;

  private ConsulDiscovery(String agent) {
    this.agent = agent;
  }

  public static void main(String[] args) throws Exception {
    String real = System.getenv("CONSUL_HTTP_ADDR");
    if (real == null) {
      System.out.println("CONSUL_HTTP_ADDR is not set: the agent is a small one in this process.");
      run(600, System.out);
    } else {
      new ConsulDiscovery(real.contains("://") ? real : "http://" + real).show(600, System.out);
    }
    System.exit(0); // OkHttp's idle threads stay for a minute
  }

  /** Returns the requests that each server received, before it was deregistered and after. */
  static List<List<Integer>> run(int calls, PrintStream out) throws Exception {
    try (DemoAgent agent = new DemoAgent()) {
      return new ConsulDiscovery(agent.url()).show(calls, out);
    }
  }

  private List<List<Integer>> show(int calls, PrintStream out) throws Exception {
    try (DemoServer first = new DemoServer("first", 0);
        DemoServer second = new DemoServer("second", 0);
        DemoServer third = new DemoServer("third", 0)) {
      List<DemoServer> servers = List.of(first, second, third);
      try {
        register(first, 60);
        register(second, 30);
        register(third, 10);
        return call(servers, calls, out);
      } finally {
        for (DemoServer server : servers) {
          deregister(server);
        }
      }
    }
  }

  private List<List<Integer>> call(List<DemoServer> servers, int calls, PrintStream out)
      throws Exception {
    ConsulServerList list = ConsulServerList.builder(SERVICE).url(agent).build();
    try (DemoClient orders = new DemoClient(list, servers)) {
      orders.awaitListed(3);
      List<Integer> before = orders.call(calls);
      out.println("Instances of weights 60, 30 and 10: requests at each: " + before);
      deregister(servers.get(1));
      long millis = orders.awaitListed(2);
      out.printf("The second was deregistered, which is seen after %d ms.%n", millis);
      List<Integer> after = orders.call(calls);
      out.println("Requests at each from then on: " + after);
      return List.of(before, after);
    }
  }

  private void register(DemoServer demo, int weight) throws IOException {
    Server server = demo.server();
    String body =
        "{\"ID\":\"%s\",\"Name\":\"%s\",\"Address\":\"%s\",\"Port\":%d,\"Weights\":{\"Passing\":%d,\"Warning\":1}}"
            .formatted(demo.name(), SERVICE, server.host(), server.port(), weight);
    put("register", body);
  }

  private void deregister(DemoServer demo) throws IOException {
    put("deregister/" + demo.name(), "");
  }

  private void put(String what, String body) throws IOException {
    Request request =
        new Request.Builder()
            .url(agent + "/v1/agent/service/" + what)
            .put(RequestBody.create(body, JSON))
            .build();
    try (Response response = client.newCall(request).execute()) {
      if (!response.isSuccessful()) {
        throw new IOException(what + ": answered " + response.code());
      }
    }
  }
}
