package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.okhttp.UserSocketFactory;
import java.io.IOException;
import java.lang.reflect.Method;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import javax.net.SocketFactory;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Authenticator;
import okhttp3.ConnectionPool;
import okhttp3.Dns;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

final class ChainCopyTest {

  private static final Dns DNS = hostname -> Dns.SYSTEM.lookup("localhost");
  private static final Proxy PROXY =
      new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy", 3128));
  private static final SocketFactory SOCKETS =
      new UserSocketFactory() {
        @Override
        public Socket createSocket() {
          return new Socket();
        }
      };

  @Test
  void atOnce_thisOkHttpOnTheClassPath_isPossible() {
    assertThat(ChainCopy.atOnce()).isTrue();
  }

  @Test
  void of_chain_isWhatTheStepsMakeOfIt() throws IOException {
    call(
        new OkHttpClient.Builder()
            .authenticator((route, response) -> null)
            .proxyAuthenticator(Authenticator.JAVA_NET_AUTHENTICATOR)
            .connectionPool(new ConnectionPool())
            .hostnameVerifier((host, session) -> false)
            .connectTimeout(1, TimeUnit.SECONDS)
            .readTimeout(2, TimeUnit.SECONDS)
            .writeTimeout(3, TimeUnit.SECONDS)
            .addInterceptor(
                chain -> {
                  Map<String, Object> before = all(chain);
                  Interceptor.Chain copy = ChainCopy.of(chain, DNS, PROXY, SOCKETS);
                  assertThat(all(copy))
                      .isEqualTo(all(ChainCopy.inSteps(chain, DNS, PROXY, SOCKETS)))
                      .containsEntry("getDns", DNS)
                      .containsEntry("getProxy", PROXY)
                      .containsEntry("getSocketFactory", SOCKETS)
                      .containsEntry("getRetryOnConnectionFailure", false)
                      .containsEntry("readTimeoutMillis", 2_000);
                  assertThat(all(chain)).isEqualTo(before);
                  return copy.proceed(chain.request());
                }),
        "http://orders/");
  }

  @Test
  void of_chainOfAnotherClass_asksItselfForTheCopies() throws IOException {
    call(
        new OkHttpClient.Builder()
            .addInterceptor(
                chain -> {
                  Interceptor.Chain wrapped =
                      (Interceptor.Chain)
                          java.lang.reflect.Proxy.newProxyInstance(
                              getClass().getClassLoader(),
                              new Class<?>[] {Interceptor.Chain.class},
                              (self, method, arguments) -> method.invoke(chain, arguments));
                  Interceptor.Chain copy = ChainCopy.of(wrapped, DNS, PROXY, SOCKETS);
                  assertThat(all(copy))
                      .isEqualTo(all(ChainCopy.inSteps(chain, DNS, PROXY, SOCKETS)));
                  return copy.proceed(chain.request());
                }),
        "http://orders/");
  }

  @Test
  void of_chainNextToTheNetwork_isRefusedByOkHttp() throws IOException {
    try (MockWebServer server = new MockWebServer()) {
      server.enqueue(new MockResponse.Builder().build());
      server.start();
      OkHttpClient client =
          new OkHttpClient.Builder()
              .addNetworkInterceptor(
                  chain -> ChainCopy.of(chain, DNS, PROXY, SOCKETS).proceed(chain.request()))
              .build();
      Request request = new Request.Builder().url(server.url("/")).build();
      assertThatThrownBy(() -> client.newCall(request).execute())
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("network interceptor");
    }
  }

  /** Makes a call that ends behind the interceptors that the client has. */
  private static void call(OkHttpClient.Builder client, String url) throws IOException {
    client
        .addInterceptor(
            chain ->
                new Response.Builder()
                    .request(chain.request())
                    .protocol(Protocol.HTTP_1_1)
                    .code(200)
                    .message("")
                    .build())
        .build()
        .newCall(new Request.Builder().url(url).build())
        .execute()
        .close();
  }

  /** All that a chain tells, by the names of its methods. */
  private static Map<String, Object> all(Interceptor.Chain chain) {
    Map<String, Object> all = new HashMap<>();
    try {
      for (Method method : Interceptor.Chain.class.getMethods()) {
        if (method.getParameterCount() == 0) {
          all.put(method.getName(), method.invoke(chain));
        }
      }
    } catch (ReflectiveOperationException e) {
      throw new LinkageError(e.getMessage(), e);
    }
    assertThat(all).hasSizeGreaterThan(20);
    return all;
  }
}
