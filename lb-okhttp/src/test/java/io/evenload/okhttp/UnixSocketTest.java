package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.refused;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.chooser.Choosers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Servers on Unix sockets, which the user's socket factory finds by the server's port. */
class UnixSocketTest {

  @RegisterExtension final Backends backends = new Backends();

  @TempDir Path directory;

  @Test
  void servers_onUnixSockets_areBalanced() throws IOException {
    serve(1);
    serve(2);
    BalancedClient client = client(server(1), server(2)).chooser(Choosers.roundRobin()).build();
    Set<String> bodies = new HashSet<>();

    for (int i = 0; i < 4; i++) {
      bodies.add(client.get("/").body());
    }

    assertThat(bodies).containsExactlyInAnyOrder("from 1", "from 2");
  }

  @Test
  void server_whoseSocketIsMissing_isRetriedElsewhere() throws IOException {
    serve(2);
    BalancedClient client = client(server(1), server(2)).build();

    assertThat(client.post("/", "body").body()).isEqualTo("from 2");
    assertThat(client.ended().get(0)).isEqualTo(refused(server(1)));
  }

  private BalancedClient.Builder client(Server... servers) {
    return backends
        .client(Wire.HTTP_1, servers)
        .http(
            http ->
                http.socketFactory(
                    new UserSocketFactory() {
                      @Override
                      public Socket createSocket() {
                        return new UnixSocket();
                      }
                    }));
  }

  private static Server server(int port) {
    return Server.of("127.0.0.1", port);
  }

  private UnixDomainSocketAddress path(int port) {
    return UnixDomainSocketAddress.of(directory.resolve(port + ".sock"));
  }

  /** Answers one request on each connection. */
  private void serve(int port) throws IOException {
    ServerSocketChannel listening =
        backends.closeAfterTest(ServerSocketChannel.open(StandardProtocolFamily.UNIX));
    listening.bind(path(port));
    Threads.start(
        () -> {
          while (listening.isOpen()) {
            try (SocketChannel connection = listening.accept()) {
              answer(connection, "from " + port);
            } catch (IOException e) {
              return; // closed by the test, or by the client
            }
          }
        });
  }

  private static void answer(SocketChannel connection, String body) throws IOException {
    InputStream in = Channels.newInputStream(connection);
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      head.append((char) in.read());
    }
    in.skipNBytes(head.indexOf("Content-Length: 4") > 0 ? 4 : 0);
    String response =
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: "
            + body.length()
            + "\r\n\r\n"
            + body;
    Channels.newOutputStream(connection).write(response.getBytes(StandardCharsets.ISO_8859_1));
  }

  /** As much of a socket as OkHttp needs, over a channel. */
  @SuppressWarnings("UnsynchronizedOverridesSynchronized") // one thread at a time uses it
  private final class UnixSocket extends Socket {
    private SocketChannel channel;

    @Override
    public void connect(SocketAddress endpoint, int timeout) throws IOException {
      channel = SocketChannel.open(path(((InetSocketAddress) endpoint).getPort()));
    }

    @Override
    public InputStream getInputStream() {
      return Channels.newInputStream(channel);
    }

    @Override
    public OutputStream getOutputStream() {
      return Channels.newOutputStream(channel);
    }

    @Override
    public void setSoTimeout(int timeout) {
      // A channel has none.
    }

    @Override
    public int getSoTimeout() {
      return 0;
    }

    @Override
    public boolean isClosed() {
      return channel != null && !channel.isOpen();
    }

    @Override
    public void close() throws IOException {
      if (channel != null) {
        channel.close();
      }
    }
  }
}
