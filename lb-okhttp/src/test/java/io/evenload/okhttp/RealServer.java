package io.evenload.okhttp;

import static java.util.concurrent.TimeUnit.SECONDS;

import io.evenload.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import okhttp3.tls.HeldCertificate;

/** An nginx or HAProxy that the test starts, and ends whatever happens. */
final class RealServer implements AutoCloseable {

  private static final String LOOPBACK = "127.0.0.1";

  private final String id;
  private final int port;
  private final Path directory;
  private final List<String> command;
  private Process process;

  private RealServer(String id, int port, Path directory, List<String> command) {
    this.id = id;
    this.port = port;
    this.directory = directory;
    this.command = command;
  }

  /**
   * An nginx with TLS and HTTP/2. It answers itself, except under {@code /orders/}, where it asks
   * the application behind it.
   *
   * @param keepAliveRequests after how many it ends a connection, with GOAWAY over HTTP/2
   */
  static RealServer nginx(String id, Path parent, int keepAliveRequests, int applicationPort)
      throws IOException {
    Path directory = directory(parent, id);
    int port = freePort();
    Files.writeString(directory.resolve("big"), "x".repeat(200_000));
    Path configuration = directory.resolve("nginx.conf");
    Files.writeString(
        configuration,
        """
        user root root;
        daemon off;
        worker_processes 1;
        pid nginx.pid;
        error_log error.log;
        events { worker_connections 512; }
        http {
          log_format brief '$request_method $uri $status';
          access_log access.log brief;
          client_body_temp_path body;
          proxy_temp_path proxy;
          fastcgi_temp_path fastcgi;
          uwsgi_temp_path uwsgi;
          scgi_temp_path scgi;
          default_type text/plain;
          keepalive_requests %d;
          upstream application { server 127.0.0.1:%d; }
          server {
            listen 127.0.0.1:%d ssl http2;
            ssl_certificate cert.pem;
            ssl_certificate_key cert.pem;
            add_header %s %s always;
            location / { return 200 "%s"; }
            location /big { root %s; }
            location /orders/ { proxy_pass http://application; proxy_next_upstream off; }
          }
        }
        """
            .formatted(keepAliveRequests, applicationPort, port, Backend.ID, id, id, directory));
    return new RealServer(
        id,
        port,
        directory,
        List.of(executable("nginx"), "-p", directory.toString(), "-c", configuration.toString()));
  }

  /** An nginx without TLS that closes a connection which was idle for so many seconds. */
  static RealServer impatientNginx(String id, Path parent, int seconds) throws IOException {
    Path directory = directory(parent, id);
    int port = freePort();
    Path configuration = directory.resolve("nginx.conf");
    Files.writeString(
        configuration,
        """
        user root root;
        daemon off;
        worker_processes 1;
        pid nginx.pid;
        error_log error.log;
        events { worker_connections 64; }
        http {
          log_format brief '$request_method $uri $status';
          access_log access.log brief;
          client_body_temp_path body;
          proxy_temp_path proxy;
          fastcgi_temp_path fastcgi;
          uwsgi_temp_path uwsgi;
          scgi_temp_path scgi;
          keepalive_timeout %ds;
          server { listen 127.0.0.1:%d; location / { return 200 "%s"; } }
        }
        """
            .formatted(seconds, port, id));
    return new RealServer(
        id,
        port,
        directory,
        List.of(executable("nginx"), "-p", directory.toString(), "-c", configuration.toString()));
  }

  /**
   * An HAProxy before an nginx that breaks its promises at random: it refuses connections, closes
   * them instead of answering, falls silent, and answers 503.
   */
  static RealServer flakyHaproxy(String id, Path parent, RealServer behind) throws IOException {
    return haproxy(
        id,
        parent,
        """
          tcp-request connection reject if { rand(100) lt 5 }
          http-request deny deny_status 503 if { rand(100) lt 4 }
          http-request reject if { rand(1000) lt 5 }
          http-request silent-drop if { rand(1000) lt 2 }
        """,
        "127.0.0.1:%d ssl verify none sni str(%s)".formatted(behind.port, BalancedClient.HOST));
  }

  /**
   * An HAProxy with TLS and HTTP/2.
   *
   * @param rules what its frontend does before it passes a request on
   * @param behind the address and the options of the server behind it
   */
  static RealServer haproxy(String id, Path parent, String rules, String behind)
      throws IOException {
    Path directory = directory(parent, id);
    int port = freePort();
    Path configuration = directory.resolve("haproxy.cfg");
    Files.writeString(
        configuration,
        """
        defaults
          mode http
          retries 0
          timeout connect 1s
          timeout client 20s
          timeout server 20s
        frontend secure
          bind 127.0.0.1:%d ssl crt %s/cert.pem alpn h2,http/1.1
        %s
          default_backend plain
        backend plain
          server one %s
        """
            .formatted(port, directory, rules, behind));
    return new RealServer(
        id, port, directory, List.of(executable("haproxy"), "-f", configuration.toString()));
  }

  private static Path directory(Path parent, String id) throws IOException {
    Path directory = Files.createDirectory(parent.resolve(id));
    HeldCertificate certificate = Wire.LOGICAL;
    Files.writeString(
        directory.resolve("cert.pem"),
        certificate.certificatePem() + certificate.privateKeyPkcs8Pem());
    return directory;
  }

  private static String executable(String name) {
    return Stream.of("/usr/sbin/", "/usr/bin/", "/usr/local/sbin/", "/usr/local/bin/")
        .map(place -> place + name)
        .filter(path -> Files.isExecutable(Path.of(path)))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not installed (see .ci/run)"));
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  String id() {
    return id;
  }

  Server server() {
    return Server.builder(LOOPBACK, port).id(id).build();
  }

  /** Starts it, and returns when it accepts connections. */
  RealServer start(Signal signal) throws IOException {
    Path output = directory.resolve("output");
    process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
            .start();
    if (!signal.await(() -> accepts() || !process.isAlive()) || !process.isAlive()) {
      throw new AssertionError(id + " does not start: " + Files.readString(output));
    }
    return this;
  }

  private boolean accepts() {
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** nginx starts new workers, whose old ones finish what they have: HUP. */
  void reload() throws IOException {
    signal("HUP", Stream.of(process.toHandle()));
  }

  /** Finishes what it has and ends: QUIT to nginx, USR1 to HAProxy. */
  void stopGracefully(String signal) throws IOException {
    signal(signal, Stream.of(process.toHandle()));
    awaitEnd();
  }

  /** Ends at once, as by a crash: KILL. */
  void kill() throws IOException {
    signal("KILL", all());
    awaitEnd();
  }

  /** Goes on holding its sockets and does nothing: STOP. */
  void freeze() throws IOException {
    signal("STOP", all());
  }

  void unfreeze() throws IOException {
    signal("CONT", all());
  }

  /** What it processed and logged, one line for each request. */
  List<String> log() throws IOException {
    Path log = directory.resolve("access.log");
    return Files.exists(log) ? Files.readAllLines(log) : List.of();
  }

  private Stream<ProcessHandle> all() {
    return Stream.concat(Stream.of(process.toHandle()), process.descendants());
  }

  private static void signal(String name, Stream<ProcessHandle> processes) throws IOException {
    for (ProcessHandle one : processes.toList()) {
      try {
        new ProcessBuilder("kill", "-" + name, Long.toString(one.pid()))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start()
            .waitFor();
      } catch (InterruptedException e) {
        throw new AssertionError("interrupted", e);
      }
    }
  }

  private void awaitEnd() {
    try {
      if (!process.waitFor(20, SECONDS)) {
        throw new AssertionError(id + " does not end");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  @Override
  public void close() throws IOException {
    if (process != null) {
      signal("KILL", all());
    }
  }
}
