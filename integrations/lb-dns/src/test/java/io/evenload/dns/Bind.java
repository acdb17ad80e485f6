package io.evenload.dns;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.xbill.DNS.DClass;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SimpleResolver;
import org.xbill.DNS.Type;
import org.xbill.DNS.Update;

/** A BIND 9 with the zone {@code shop.test.}, which changes by RFC 2136. */
final class Bind implements AutoCloseable {

  static final Name ZONE = Name.fromConstantString("shop.test.");

  private static final String EXECUTABLE = "/usr/sbin/named";
  private static final String LOOPBACK = "127.0.0.1";

  private final Path directory;
  private final int port;
  private Process process;

  Bind(Path directory) throws IOException {
    this.directory = directory;
    this.port = freePort();
    Files.writeString(
        directory.resolve("named.conf"),
        """
        options {
          directory "%s";
          pid-file "named.pid";
          session-keyfile "session.key";
          listen-on port %d { 127.0.0.1; };
          listen-on-v6 { none; };
          recursion no;
          dnssec-validation no;
          notify no;
          max-records-per-type 0;
        };
        controls { };
        zone "shop.test" { type primary; file "shop.zone"; allow-update { 127.0.0.1; }; };
        """
            .formatted(directory, port));
    loseZone();
    start();
  }

  private static int freePort() throws IOException {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    while (true) {
      try (ServerSocket tcp = new ServerSocket(0, 1, loopback);
          DatagramSocket udp =
              new DatagramSocket(new InetSocketAddress(loopback, tcp.getLocalPort()))) {
        return udp.getLocalPort();
      } catch (IOException e) {
        // Over UDP it is somebody else's.
      }
    }
  }

  String address() {
    return LOOPBACK + ":" + port;
  }

  /** Forgets all records, as if the disk were a new one. */
  void loseZone() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.filter(each -> each.toString().contains("shop.zone")).toList()) {
        Files.delete(file);
      }
    }
    Files.writeString(
        directory.resolve("shop.zone"),
        """
        $TTL 1
        @ IN SOA ns.shop.test. admin.shop.test. 1 3600 600 86400 1
        @ IN NS ns.shop.test.
        ns IN A 127.0.0.1
        """);
  }

  /** Starts it, and waits until it answers. */
  void start() throws IOException {
    process =
        new ProcessBuilder(EXECUTABLE, "-f", "-g", "-c", directory.resolve("named.conf").toString())
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("named.log").toFile())
            .start();
    Message query = Message.newQuery(Record.newRecord(ZONE, Type.SOA, DClass.IN));
    Await.until("BIND answers", () -> process.isAlive() && answers(query));
  }

  private boolean answers(Message query) {
    try {
      return resolver(false).send(query).getRcode() == Rcode.NOERROR;
    } catch (IOException e) {
      return false;
    }
  }

  private SimpleResolver resolver(boolean tcp) {
    SimpleResolver resolver =
        new SimpleResolver(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
    resolver.setTCP(tcp);
    resolver.setTimeout(Duration.ofSeconds(20));
    return resolver;
  }

  void freeze() throws IOException {
    signal("STOP");
  }

  void thaw() throws IOException {
    signal("CONT");
  }

  private void signal(String name) throws IOException {
    new ProcessBuilder("kill", "-" + name, "" + process.pid()).start().onExit().join();
  }

  void kill() throws IOException {
    signal("KILL");
    process.onExit().join();
  }

  /** Adds records, written as in a zone file: {@code orders 1 A 127.0.1.1}. */
  void add(String... records) throws IOException {
    add(List.of(records));
  }

  void add(List<String> records) throws IOException {
    replace(List.of(), records);
  }

  /** Removes records, written likewise. */
  void remove(List<String> records) throws IOException {
    replace(records, List.of());
  }

  /** Does both in one update. */
  void replace(List<String> gone, List<String> come) throws IOException {
    Update update = new Update(ZONE);
    for (String record : gone) {
      String[] parts = record.split(" ", 4);
      update.delete(name(parts[0]), Type.value(parts[2]), parts[3]);
    }
    for (String record : come) {
      String[] parts = record.split(" ", 4);
      update.add(name(parts[0]), Type.value(parts[2]), Long.parseLong(parts[1]), parts[3]);
    }
    change(update);
  }

  void remove(String... records) throws IOException {
    remove(List.of(records));
  }

  private static Name name(String relative) throws IOException {
    return Name.fromString(relative, ZONE);
  }

  private void change(Update update) throws IOException {
    Message response = resolver(true).send(update);
    if (response.getRcode() != Rcode.NOERROR || response.getHeader().getOpcode() != Opcode.UPDATE) {
      throw new IOException("update: " + Rcode.string(response.getRcode()));
    }
  }

  @Override
  public void close() throws IOException {
    process.destroyForcibly();
    try {
      if (!process.waitFor(30, TimeUnit.SECONDS)) {
        throw new IOException("BIND does not end");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
