package io.evenload.consul;

import io.evenload.testing.Churn;
import io.evenload.testing.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** The process of a real agent, in development mode: it keeps its data in memory. */
final class RealAgent implements AutoCloseable {

  private static final int MOST_IN_ONE = 60; // Consul allows 64 changes in a transaction

  private static final MediaType JSON = MediaType.get("application/json");

  private final Path binary;
  private final Path log;
  private final int[] ports = new int[3];
  private final OkHttpClient client = new OkHttpClient();
  private @Nullable Process process;

  RealAgent(Path directory) throws IOException {
    binary = binary();
    log = directory.resolve("consul.log");
    for (int i = 0; i < ports.length; i++) {
      try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        ports[i] = socket.getLocalPort();
      }
    }
    start();
  }

  private static Path binary() {
    String cache = System.getenv("EVENLOAD_CACHE");
    Path directory =
        cache == null
            ? Path.of(System.getProperty("user.home"), ".cache", "evenload")
            : Path.of(cache);
    Path binary = directory.resolve("consul/usr/bin/consul");
    if (!Files.isExecutable(binary)) {
      throw new AssertionError(binary + ": no Consul (expected: what .ci/consul puts there)");
    }
    return binary;
  }

  /** Starts the agent without any data, and waits until it leads. */
  void start() throws IOException {
    process =
        new ProcessBuilder(
                binary.toString(),
                "agent",
                "-dev",
                "-bind=127.0.0.1",
                "-node=n",
                "-http-port=" + ports[0],
                "-serf-lan-port=" + ports[1],
                "-server-port=" + ports[2],
                "-dns-port=-1",
                "-grpc-port=-1",
                "-serf-wan-port=-1",
                "-log-level=warn")
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    Wait.until(this::leads);
  }

  private boolean leads() {
    if (!running().isAlive()) {
      throw new AssertionError("the agent ended; its log: " + log());
    }
    try (Response response =
        client.newCall(new Request.Builder().url(url() + "/v1/status/leader").build()).execute()) {
      return response.isSuccessful() && response.body().string().length() > 2;
    } catch (IOException e) {
      return false; // not yet
    }
  }

  private String log() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      return e.toString();
    }
  }

  String url() {
    return "http://127.0.0.1:" + ports[0];
  }

  void register(String id, int port, int weight) throws IOException {
    put(
        "/v1/agent/service/register",
        ("{'ID':'"
                + id
                + "','Name':'orders','Address':'127.0.0.1','Port':"
                + port
                + ",'Tags':['blue'],'Meta':{'zone':'z1'},'Weights':{'Passing':"
                + weight
                + ",'Warning':1}}")
            .replace('\'', '"'));
  }

  void deregister(String id) throws IOException {
    put("/v1/agent/service/deregister/" + id, "");
  }

  /** Adds a node that no agent looks after, so that its instances stay as they are written. */
  void addNode(String node) throws IOException {
    put("/v1/catalog/register", "{\"Node\":\"" + node + "\",\"Address\":\"127.0.0.1\"}");
  }

  /** Removes instances of a node, and adds others, by their numbers. */
  void replace(String node, List<Integer> gone, List<Integer> come) throws IOException {
    List<String> changes = new ArrayList<>();
    gone.forEach(number -> changes.add(change("delete", node, number)));
    come.forEach(number -> changes.add(change("set", node, number)));
    for (int i = 0; i < changes.size(); i += MOST_IN_ONE) {
      List<String> some = changes.subList(i, Math.min(changes.size(), i + MOST_IN_ONE));
      put("/v1/txn", "[" + String.join(",", some).replace('\'', '"') + "]");
    }
  }

  private static String change(String verb, String node, int number) {
    return "{'Service':{'Verb':'"
        + verb
        + "','Node':'"
        + node
        + "','Service':{'ID':'"
        + number
        + "','Service':'orders','Address':'"
        + Churn.address(number)
        + "','Port':80,'Tags':['blue'],'Meta':{'zone':'z1','version':'7'}}}}";
  }

  void maintenance(String id, boolean on) throws IOException {
    put("/v1/agent/service/maintenance/" + id + "?enable=" + on, "");
  }

  private void put(String path, String body) throws IOException {
    Request request =
        new Request.Builder().url(url() + path).put(RequestBody.create(body, JSON)).build();
    try (Response response = client.newCall(request).execute()) {
      if (!response.isSuccessful()) {
        throw new IOException(path + ": " + response.code() + " " + response.body().string());
      }
    }
  }

  /** Freezes the process, or lets it go on. */
  void signal(String name) throws IOException, InterruptedException {
    List<String> command = List.of("kill", "-" + name, Long.toString(running().pid()));
    int code = new ProcessBuilder(command).start().waitFor();
    if (code != 0) {
      throw new IOException(command + ": exit code " + code);
    }
  }

  /** Kills the process, and all its data with it. */
  void kill() throws InterruptedException {
    running().destroyForcibly();
    if (!running().waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("the agent does not end");
    }
  }

  private Process running() {
    Process running = process;
    if (running == null) {
      throw new IllegalStateException("not started");
    }
    return running;
  }

  @Override
  public void close() {
    running().destroyForcibly();
  }
}
