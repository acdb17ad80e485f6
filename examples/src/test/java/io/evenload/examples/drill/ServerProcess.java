package io.evenload.examples.drill;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.evenload.Server;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** An {@link OrderServer} in its process, which the drill starts, signals and ends. */
final class ServerProcess implements AutoCloseable {

  static final String ORDERS = "/v1/orders/";
  static final String READY = "ready";
  static final String FAIL = "fail";
  static final String HEAL = "heal";

  /** What a line of the journal begins with, for a POST whose request was there as a whole. */
  static final String GOT = "got ";

  /** What a line of the journal begins with, for a POST that was executed. */
  static final String DONE = "done ";

  private static final int PATIENCE_SECONDS = 60;

  /** Below the ports that outgoing connections take, one of which could connect to itself. */
  private static final int FIRST_PORT = 20_000;

  private static final int PORTS = 10_000;

  private final String id;
  private final int port;
  private final Path journal;
  private final Path errors;
  private @Nullable Process process;

  ServerProcess(String id, Path directory) {
    this.id = id;
    port = freePort();
    journal = directory.resolve(id + ".journal");
    errors = directory.resolve(id + ".errors");
  }

  /** The address of all servers: not that of IPv6, which not every machine has. */
  static InetAddress loopback() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }

  private static int freePort() {
    long start = ProcessHandle.current().pid() * 16;
    return IntStream.range(0, PORTS)
        .map(i -> FIRST_PORT + (int) ((start + i) % PORTS))
        .filter(ServerProcess::isFree)
        .findFirst()
        .orElseThrow(() -> new AssertionError("no port is free"));
  }

  private static boolean isFree(int port) {
    try (ServerSocket free = new ServerSocket(port, 1, loopback())) {
      return free.isBound();
    } catch (IOException e) {
      return false; // somebody has it
    }
  }

  String id() {
    return id;
  }

  Server server() {
    return Server.builder("127.0.0.1", port).id(id).build();
  }

  /** Starts it, and returns when it takes requests. */
  ServerProcess start() throws IOException {
    process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                classes(),
                OrderServer.class.getName(),
                id,
                Integer.toString(port),
                journal.toString())
            .redirectError(ProcessBuilder.Redirect.appendTo(errors.toFile()))
            .start();
    awaitReady();
    return this;
  }

  private static String classes() {
    try {
      return Path.of(OrderServer.class.getProtectionDomain().getCodeSource().getLocation().toURI())
          .toString();
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  @SuppressWarnings("resource") // it lives as long as the process
  private void awaitReady() throws IOException {
    BufferedReader output = running().inputReader();
    if (!READY.equals(output.readLine())) {
      throw new AssertionError(id + " does not answer: " + Files.readString(errors));
    }
  }

  private Process running() {
    if (process == null) {
      throw new IllegalStateException(id + " was not started");
    }
    return process;
  }

  /** Answers 500 to everything, or is well again; returns when it does. */
  @SuppressWarnings("resource") // it lives as long as the process
  void failing(boolean failing) throws IOException {
    Writer commands = running().outputWriter();
    commands.write((failing ? FAIL : HEAL) + "\n");
    commands.flush();
    awaitReady();
  }

  /** Ends at once, as by a crash. */
  void kill() throws IOException {
    signal("KILL");
    awaitEnd();
  }

  /** Goes on holding its sockets and does nothing. */
  void freeze() throws IOException {
    signal("STOP");
  }

  /** Goes on where it was. */
  void thaw() throws IOException {
    signal("CONT");
  }

  /** Finishes what it has and ends, which this does not wait for. */
  void terminate() throws IOException {
    signal("TERM");
  }

  void awaitEnd() {
    try {
      if (!running().waitFor(PATIENCE_SECONDS, SECONDS)) {
        throw new AssertionError(id + " does not end");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  private void signal(String name) throws IOException {
    try {
      int result =
          new ProcessBuilder("kill", "-" + name, Long.toString(running().pid()))
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor();
      if (result != 0) {
        throw new AssertionError(id + ": no signal " + name);
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /** The orders of the journal's lines that begin with {@link #GOT} or {@link #DONE}. */
  List<String> noted(String what) throws IOException {
    return Files.exists(journal)
        ? Files.readAllLines(journal).stream()
            .filter(line -> line.startsWith(what))
            .map(line -> line.substring(what.length()))
            .toList()
        : List.of();
  }

  @Override
  public void close() {
    if (process != null) {
      process.destroyForcibly();
    }
  }
}
