package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.UserSocketFactory;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.StandardSocketOptions;
import java.util.Arrays;
import java.util.List;
import javax.net.SocketFactory;
import okhttp3.Dns;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

final class ServerSocketFactoryTest {

  @Test
  void map_addressOfTheServer_getsItsPortAndKeepsTheLogicalName() throws Exception {
    ServerDns server =
        new ServerDns("orders", "10.0.0.1", 8080, Dns.SYSTEM, new Connections(), false);
    ServerSocketFactory factory = new ServerSocketFactory(SocketFactory.getDefault(), server);
    InetAddress found = server.lookup("orders").get(0);
    InetAddress other = InetAddress.getByAddress("other", new byte[] {10, 0, 0, 1});
    InetAddress unnamed = InetAddress.getByAddress(new byte[] {10, 0, 0, 1});
    assertThat(factory.map(new InetSocketAddress(found, 80)))
        .isEqualTo(new InetSocketAddress("10.0.0.1", 8080))
        .hasToString("orders/10.0.0.1:8080");
    for (InetAddress address : List.of(other, unnamed)) {
      InetSocketAddress untouched = new InetSocketAddress(address, 80);
      assertThat(factory.map(untouched)).isSameAs(untouched);
    }
    InetSocketAddress unresolved = InetSocketAddress.createUnresolved("orders", 80);
    assertThat(factory.map(unresolved)).isSameAs(unresolved);
  }

  @Test
  void socket_everyMethod_isTheDelegates() {
    List<Method> inherited =
        Arrays.stream(Socket.class.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers()))
            .filter(method -> !Modifier.isStatic(method.getModifiers()))
            .filter(
                method ->
                    Arrays.stream(MappedSocket.class.getDeclaredMethods())
                        .noneMatch(
                            own ->
                                own.getName().equals(method.getName())
                                    && Arrays.equals(
                                        own.getParameterTypes(), method.getParameterTypes())))
            .toList();
    assertThat(inherited).as("methods that would work on no socket at all").isEmpty();
  }

  @Test
  void socket_connected_isTheDelegate() throws Exception {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    try (ServerSocket listening = new ServerSocket(0, 1, loopback)) {
      int port = listening.getLocalPort();
      ServerDns server =
          new ServerDns(
              "orders", loopback.getHostAddress(), port, Dns.SYSTEM, new Connections(), false);
      Socket[] made = new Socket[1];
      SocketFactory users = recording(made);
      try (Socket socket = new ServerSocketFactory(users, server).createSocket()) {
        setOptions(socket);
        socket.bind(new InetSocketAddress(loopback, 0));
        socket.connect(new InetSocketAddress(server.lookup("orders").get(0), 80), 10_000);
        assertSameState(socket, made[0]);
        assertThat(socket.getPort()).isEqualTo(port);
        try (Socket accepted = listening.accept()) {
          socket.getOutputStream().write(7);
          assertThat(accepted.getInputStream().read()).isEqualTo(7);
          accepted.getOutputStream().write(8);
          assertThat(socket.getInputStream().read()).isEqualTo(8);
          socket.sendUrgentData(1);
          socket.shutdownInput();
          socket.shutdownOutput();
        }
        assertThat(made[0].isInputShutdown()).isEqualTo(socket.isInputShutdown()).isTrue();
        assertThat(made[0].isOutputShutdown()).isEqualTo(socket.isOutputShutdown()).isTrue();
      }
      assertThat(made[0].isClosed()).isTrue();
    }
  }

  @Test
  void createSocket_withAddress_isRefused() {
    InetAddress loopback = InetAddress.getLoopbackAddress();
    ServerDns server =
        new ServerDns("orders", "10.0.0.1", 8080, Dns.SYSTEM, new Connections(), false);
    SocketFactory factory = new ServerSocketFactory(SocketFactory.getDefault(), server);
    List<ThrowingCallable> connected =
        List.of(
            () -> factory.createSocket("10.0.0.1", 80),
            () -> factory.createSocket("10.0.0.1", 80, loopback, 0),
            () -> factory.createSocket(loopback, 80),
            () -> factory.createSocket(loopback, 80, loopback, 0));
    assertThat(connected)
        .allSatisfy(
            each ->
                assertThatThrownBy(each)
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith("orders@10.0.0.1:8080: OkHttp asks"));
  }

  private static void setOptions(Socket socket) throws Exception {
    socket.setTcpNoDelay(true);
    socket.setSoLinger(true, 3);
    socket.setOOBInline(true);
    socket.setSoTimeout(10_000);
    socket.setSendBufferSize(20_000);
    socket.setReceiveBufferSize(20_000);
    socket.setKeepAlive(true);
    socket.setTrafficClass(0);
    socket.setReuseAddress(true);
    socket.setPerformancePreferences(0, 1, 0);
    assertThat(socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true)).isSameAs(socket);
  }

  private static void assertSameState(Socket socket, Socket delegate) throws Exception {
    assertThat(socket.getTcpNoDelay()).isEqualTo(delegate.getTcpNoDelay()).isTrue();
    assertThat(socket.getSoLinger()).isEqualTo(delegate.getSoLinger()).isEqualTo(3);
    assertThat(socket.getOOBInline()).isEqualTo(delegate.getOOBInline()).isTrue();
    assertThat(socket.getSoTimeout()).isEqualTo(delegate.getSoTimeout()).isEqualTo(10_000);
    assertThat(socket.getSendBufferSize()).isEqualTo(delegate.getSendBufferSize());
    assertThat(socket.getReceiveBufferSize()).isEqualTo(delegate.getReceiveBufferSize());
    assertThat(socket.getKeepAlive()).isEqualTo(delegate.getKeepAlive()).isTrue();
    assertThat(socket.getTrafficClass()).isEqualTo(delegate.getTrafficClass());
    assertThat(socket.getReuseAddress()).isEqualTo(delegate.getReuseAddress()).isTrue();
    assertThat(socket.getOption(StandardSocketOptions.SO_KEEPALIVE)).isTrue();
    assertThat(socket.supportedOptions()).isEqualTo(delegate.supportedOptions());
    assertThat(socket.getInetAddress()).isEqualTo(delegate.getInetAddress());
    assertThat(socket.getLocalAddress()).isEqualTo(delegate.getLocalAddress());
    assertThat(socket.getLocalPort()).isEqualTo(delegate.getLocalPort());
    assertThat(socket.getRemoteSocketAddress()).isEqualTo(delegate.getRemoteSocketAddress());
    assertThat(socket.getLocalSocketAddress()).isEqualTo(delegate.getLocalSocketAddress());
    assertThat(socket.getChannel()).isSameAs(delegate.getChannel());
    assertThat(socket.isConnected()).isTrue();
    assertThat(socket.isBound()).isTrue();
    assertThat(socket.isClosed()).isFalse();
    assertThat(socket).hasToString(delegate.toString());
  }

  private static SocketFactory recording(Socket[] made) {
    return new UserSocketFactory() {
      @Override
      public Socket createSocket() {
        made[0] = new Socket();
        return made[0];
      }
    };
  }
}
