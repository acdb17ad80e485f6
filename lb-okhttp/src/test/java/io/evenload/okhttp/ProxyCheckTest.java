package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

final class ProxyCheckTest {

  private static final Proxy HTTP =
      new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved("proxy", 3128));

  private final ProxyCheck check = new ProxyCheck("orders");
  private final AtomicInteger asked = new AtomicInteger();

  @Test
  void verify_noProxy_passes() throws IOException {
    call(new OkHttpClient.Builder().proxy(Proxy.NO_PROXY), "http://orders/");
    call(
        new OkHttpClient.Builder().proxySelector(selector(List.of(Proxy.NO_PROXY))),
        "http://orders/");
    call(new OkHttpClient.Builder().proxySelector(selector(List.of())), "http://orders/");
    call(new OkHttpClient.Builder().proxySelector(selector(null)), "http://orders/");
  }

  @Test
  void verify_proxy_namesCauseAndCure() {
    assertThatThrownBy(() -> call(new OkHttpClient.Builder().proxy(HTTP), "http://orders/"))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("orders: the client uses a proxy (HTTP @ proxy")
        .hasMessageContaining("Proxy.NO_PROXY")
        .hasMessageContaining("http.nonProxyHosts");
  }

  @Test
  void verify_selectorWithProxy_failsEachTime() {
    OkHttpClient.Builder client =
        new OkHttpClient.Builder().proxySelector(selector(List.of(HTTP, Proxy.NO_PROXY)));
    for (int i = 0; i < 2; i++) {
      assertThatThrownBy(() -> call(client, "http://orders/"))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("proxy");
    }
  }

  @Test
  void verify_noProxyDespiteSelector_passes() throws IOException {
    call(
        new OkHttpClient.Builder().proxy(Proxy.NO_PROXY).proxySelector(selector(List.of(HTTP))),
        "http://orders/");
    assertThat(asked).hasValue(0);
  }

  @Test
  void verify_brokenSelector_isTakenForDirect() throws IOException {
    ProxySelector broken =
        new FakeSelector() {
          @Override
          public List<Proxy> select(URI uri) {
            throw new IllegalArgumentException("port out of range");
          }
        };
    call(new OkHttpClient.Builder().proxySelector(broken), "http://orders/");
  }

  @Test
  void verify_hostThatNoUriCanName_isDirect() throws IOException {
    call(new OkHttpClient.Builder().proxySelector(selector(List.of(HTTP))), "http://orders_v2/");
  }

  @Test
  void verify_manyCalls_askTheSelectorOnceForEachOrigin() throws IOException {
    OkHttpClient.Builder client =
        new OkHttpClient.Builder().proxySelector(selector(List.of(Proxy.NO_PROXY)));
    for (int i = 0; i < 5; i++) {
      call(client, "http://orders/" + i);
    }
    assertThat(asked).hasValue(1);
    call(client, "https://orders/");
    call(client, "https://orders:8443/");
    assertThat(asked).hasValue(3);
  }

  @Test
  void verify_proxyForOneHostOfSeveral_isFoundWhoeverWasAskedBefore() throws IOException {
    OkHttpClient.Builder client =
        new OkHttpClient.Builder()
            .proxySelector(
                new FakeSelector() {
                  @Override
                  public List<Proxy> select(URI uri) {
                    return List.of(uri.getHost().equals("abroad") ? HTTP : Proxy.NO_PROXY);
                  }
                });
    call(client, "http://orders/");

    assertThatThrownBy(() -> call(client, "http://abroad/")).hasMessageContaining("proxy");
    call(client, "http://orders/");
  }

  private void call(OkHttpClient.Builder client, String url) throws IOException {
    client.interceptors().clear();
    client
        .addInterceptor(
            chain -> {
              check.verify(chain, chain.request().url());
              return new Response.Builder()
                  .request(chain.request())
                  .protocol(Protocol.HTTP_1_1)
                  .code(200)
                  .message("")
                  .build();
            })
        .build()
        .newCall(new Request.Builder().url(url).build())
        .execute()
        .close();
  }

  private ProxySelector selector(@Nullable List<Proxy> answer) {
    return new FakeSelector() {
      @Override
      public @Nullable List<Proxy> select(URI uri) {
        asked.incrementAndGet();
        return answer;
      }
    };
  }

  private abstract static class FakeSelector extends ProxySelector {
    @Override
    public void connectFailed(URI uri, SocketAddress address, IOException failure) {
      throw new UnsupportedOperationException();
    }
  }
}
