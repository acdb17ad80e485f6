package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.evenload.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import javax.net.SocketFactory;
import okhttp3.Dns;
import okhttp3.Interceptor;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Interceptors behind the balancing one that put a {@code Dns} or a socket factory of their own
 * around what leads to the server, or in its place. The call gets there, or it fails; it never
 * reaches another process.
 */
class RewrappedChainTest {

  @RegisterExtension final Backends backends = new Backends();

  /** Answers at the port of the URL, where calls go whose server's port is lost. */
  private final Backend stranger = backends.start("stranger");

  /** What an interceptor does to addresses, and whether the call can still be led. */
  private enum Rewrapping {
    PASSED_ON(true) {
      @Override
      InetAddress change(String host, InetAddress found) {
        return found;
      }
    },
    COPIED_UNDER_THE_NAME(true) {
      @Override
      InetAddress change(String host, InetAddress found) throws UnknownHostException {
        return InetAddress.getByAddress(host, found.getAddress());
      }
    },
    COPIED_WITHOUT_NAME(false) {
      @Override
      InetAddress change(String host, InetAddress found) throws UnknownHostException {
        return InetAddress.getByAddress(found.getAddress());
      }
    },
    ANOTHER_ADDRESS(false) {
      @Override
      InetAddress change(String host, InetAddress found) throws UnknownHostException {
        return InetAddress.getByAddress(host, new byte[] {127, 0, 0, 2});
      }
    };

    private final boolean arrives;

    Rewrapping(boolean arrives) {
      this.arrives = arrives;
    }

    abstract InetAddress change(String host, InetAddress found) throws UnknownHostException;

    Dns around(Dns dns) {
      return host -> {
        List<InetAddress> changed = new ArrayList<>();
        for (InetAddress each : dns.lookup(host)) {
          changed.add(change(host, each));
        }
        return changed;
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void dns_rewrapped_leadsToTheServerOrNowhere(Rewrapping rewrapping) throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = client(chain -> chain.withDns(rewrapping.around(chain.getDns())), a);
    Backend secondAddress = backends.start("127.0.0.2", Wire.HTTP_1, "127.0.0.2", a.port());

    if (rewrapping.arrives) {
      assertThat(client.execute(request()).server()).isEqualTo("a");
      assertThat(client.calls().misrouted()).isEmpty();
    } else {
      backends.expectMisroute();
      assertThatThrownBy(() -> client.execute(request()))
          .isInstanceOf(IOException.class)
          .hasMessageStartingWith("OkHttp led the call to 127.0.0.");
      assertThat(client.calls().misrouted()).isNotEmpty();
      assertThat(client.failureRate(a.server())).isZero();
    }
    assertThat(stranger.hits() + secondAddress.hits()).isZero();
  }

  @Test
  void dns_oneForAllServers_isCaughtWhereThePoolMixesThem() throws IOException {
    backends.expectMisroute();
    Backend a = backends.start("a");
    Backend b = backends.start("b");
    AlwaysEqual one = new AlwaysEqual();
    BalancedClient client = client(chain -> chain.withDns(one.around(chain.getDns())), a, b);

    for (int i = 0; i < 4; i++) {
      try {
        assertThat(client.execute(request()).server()).isEqualTo(i % 2 == 0 ? "a" : "b");
      } catch (IOException stopped) { // unless a call of its own could still take it there
        assertThat(stopped).hasMessageStartingWith("OkHttp led the call to 127.0.0.1:");
      }
    }

    assertThat(client.calls().misrouted()).as("stopped on a connection of the pool").isNotEmpty();
  }

  @Test
  void socketFactory_wrapped_leadsToTheServer() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        client(
            chain -> {
              SocketFactory ours = chain.getSocketFactory();
              return chain.withSocketFactory(
                  new UserSocketFactory() {
                    @Override
                    public Socket createSocket() throws IOException {
                      return ours.createSocket();
                    }
                  });
            },
            a);
    assertThat(client.execute(request()).server()).isEqualTo("a");
    assertThat(client.execute(request()).server()).isEqualTo("a");
    assertThat(a.connections()).isEqualTo(1);
  }

  @Test
  void socketFactory_replaced_isCaught() {
    backends.expectMisroute();
    Backend a = backends.start("a");
    BalancedClient client = client(chain -> chain.withSocketFactory(SocketFactory.getDefault()), a);
    assertThatThrownBy(() -> client.execute(request()))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("OkHttp led the call to 127.0.0.1:" + stranger.port());
    assertThat(stranger.hits()).isZero();
  }

  @Test
  void dns_rewrappedForAServerWithAName_leadsToTheServer() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client =
        client(
            chain -> chain.withDns(Rewrapping.COPIED_UNDER_THE_NAME.around(chain.getDns())),
            Server.builder("a.test", a.port()).id("a").build());
    assertThat(client.execute(request()).server()).isEqualTo("a");
    assertThat(client.execute(request()).server()).isEqualTo("a");
    assertThat(client.calls().misrouted()).isEmpty();
  }

  @Test
  void redirect_withinTheHostToAnotherPort_isTheServersOwnWord() throws IOException {
    Backend a = backends.start("a");
    String host = "http://" + BalancedClient.HOST + ":";
    a.next(
        response ->
            response.code(302).setHeader("Location", host + stranger.port() + "/elsewhere"));
    BalancedClient client = client(chain -> chain, a);
    Request request = new Request.Builder().url(host + a.port() + "/").build();
    assertThat(client.execute(request).server()).isEqualTo("stranger");
    assertThat(client.calls().misrouted()).isEmpty();
  }

  private BalancedClient client(UnaryOperator<Interceptor.Chain> change, Backend... servers) {
    Server[] all = new Server[servers.length];
    for (int i = 0; i < all.length; i++) {
      all[i] = servers[i].server();
    }
    return client(change, all);
  }

  private BalancedClient client(UnaryOperator<Interceptor.Chain> change, Server... servers) {
    return backends
        .client(Wire.HTTP_1, servers)
        .balancing(Policies.attempts(1))
        .chooser(new InTurn())
        .http(http -> http.dns(RewrappedChainTest::resolve))
        .inside(
            http ->
                http.addInterceptor(
                    chain ->
                        LoadBalancingInterceptor.attemptOf(chain) == null
                            ? chain.proceed(chain.request())
                            : change.apply(chain).proceed(chain.request())))
        .build();
  }

  private static List<InetAddress> resolve(String host) throws UnknownHostException {
    if (host.equals("a.test")) {
      return List.of(InetAddress.getLoopbackAddress());
    }
    throw new UnknownHostException(host);
  }

  /** To the service, by a URL whose port is the stranger's. */
  private Request request() {
    return new Request.Builder()
        .url("http://" + BalancedClient.HOST + ":" + stranger.port() + "/")
        .build();
  }

  /** A Dns that leads to whatever it was put around last, and is one and the same to the pool. */
  private static final class AlwaysEqual {
    private volatile Dns last = Dns.SYSTEM;
    private final Dns dns = host -> last.lookup(host);

    Dns around(Dns dns) {
      last = dns;
      return this.dns;
    }
  }

  /** Takes one server after the other. */
  private static final class InTurn implements Chooser {
    private int next; // the test's calls come one after the other

    @Override
    public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
      return eligible.get(next++ % eligible.size());
    }
  }
}
