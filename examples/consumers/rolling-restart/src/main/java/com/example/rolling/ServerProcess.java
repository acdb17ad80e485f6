package com.example.rolling;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The process of a real registry, and requests to it. */
public final class ServerProcess implements AutoCloseable {

  private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(2);

  private final HttpClient client = HttpClient.newHttpClient();
  private final String url;
  private final Path log;
  private final Process process;

  /**
   * Starts a process and waits until it answers.
   *
   * @param url of the server, without what comes after the port
   * @param health the path that is answered with 200 when it is ready
   * @param log gets its output
   */
  public ServerProcess(String url, String health, Path log, List<String> command)
      throws IOException {
    this.url = url;
    this.log = log;
    process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    long start = System.nanoTime();
    while (!answers(health)) {
      if (!process.isAlive() || System.nanoTime() - start > PATIENCE_NANOS) {
        close();
        throw new AssertionError(command + " does not answer; its log: " + Files.readString(log));
      }
      LockSupport.parkNanos(50_000_000);
    }
  }

  /** A port that was free at this moment. */
  public static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private boolean answers(String path) {
    try {
      HttpResponse<String> response =
          client.send(
              HttpRequest.newBuilder(URI.create(url + path)).build(),
              HttpResponse.BodyHandlers.ofString());
      return response.statusCode() == 200 && !response.body().equals("\"\"");
    } catch (IOException e) {
      return false; // not yet
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  /** Sends a request with a body of JSON, in which ' stands for ". */
  public void send(String method, String path, String json) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(url + path))
            .header("Content-Type", "application/json")
            .method(method, HttpRequest.BodyPublishers.ofString(json.replace('\'', '"')))
            .build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    if (response.statusCode() / 100 != 2) {
      throw new IOException(
          method + " " + path + ": " + response.statusCode() + " " + response.body());
    }
  }

  /** Ends the process. */
  @Override
  public void close() {
    process.destroyForcibly();
  }
}
