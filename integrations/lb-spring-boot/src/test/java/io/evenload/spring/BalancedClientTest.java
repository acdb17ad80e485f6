package io.evenload.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.util.Set;
import okhttp3.ConnectionSpec;
import okhttp3.OkHttpClient;
import okhttp3.TlsVersion;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslBundleKey;
import org.springframework.boot.ssl.SslOptions;
import org.springframework.boot.ssl.SslStoreBundle;

class BalancedClientTest {

  private final LoadBalancer orders = LoadBalancer.of("orders");
  private final LoadBalancingInterceptor balancing = LoadBalancingInterceptor.of("orders", orders);

  @AfterEach
  void close() {
    balancing.close();
    orders.close();
  }

  @Test
  void with_aClientThatHasTheInterceptor_isThatClient() {
    OkHttpClient plain = new OkHttpClient();
    OkHttpClient balanced = BalancedClient.with(balancing, plain);
    assertThat(balanced.interceptors()).contains(balancing);
    assertThat(balanced.connectionPool()).isSameAs(plain.connectionPool());
    assertThat(BalancedClient.with(balancing, balanced)).isSameAs(balanced);
    BalancedClient.close(balanced);
    assertThat(plain.dispatcher().executorService().isShutdown()).isTrue();
  }

  @Test
  void ssl_bundleWithOptions_setsTrustAndProtocols() {
    SslBundle bundle =
        SslBundle.of(
            SslStoreBundle.NONE,
            SslBundleKey.NONE,
            SslOptions.of(Set.of("TLS_AES_128_GCM_SHA256"), Set.of("TLSv1.3")));
    OkHttpClient.Builder builder = new OkHttpClient.Builder();
    SslPart.apply(bundle, builder);
    OkHttpClient client = builder.build();
    assertThat(client.connectionSpecs()).contains(ConnectionSpec.CLEARTEXT);
    assertThat(client.connectionSpecs().get(0).tlsVersions()).containsExactly(TlsVersion.TLS_1_3);
    assertThat(client.x509TrustManager()).isNotNull();
  }

  @Test
  void ssl_bundleWithoutOptions_leavesOkHttpsProtocols() {
    OkHttpClient.Builder builder = new OkHttpClient.Builder();
    SslPart.apply(SslBundle.systemDefault(), builder);
    assertThat(builder.build().connectionSpecs()).isEqualTo(new OkHttpClient().connectionSpecs());
  }
}
