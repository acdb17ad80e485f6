package io.evenload.spring;

import java.util.List;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import okhttp3.ConnectionSpec;
import okhttp3.OkHttpClient;
import org.springframework.boot.ssl.SslBundle;
import org.springframework.boot.ssl.SslOptions;

/** Gives a client the keys, the trust and the protocols of an {@link SslBundle}. */
public final class SslPart {

  private SslPart() {}

  /**
   * Sets what the bundle has.
   *
   * @throws IllegalArgumentException if it has no trust manager for X.509
   */
  public static void apply(SslBundle bundle, OkHttpClient.Builder client) {
    client.sslSocketFactory(bundle.createSslContext().getSocketFactory(), trust(bundle));
    SslOptions options = bundle.getOptions();
    if (options.isSpecified()) {
      ConnectionSpec.Builder spec = new ConnectionSpec.Builder(ConnectionSpec.MODERN_TLS);
      if (options.getCiphers() != null) {
        spec.cipherSuites(options.getCiphers());
      }
      if (options.getEnabledProtocols() != null) {
        spec.tlsVersions(options.getEnabledProtocols());
      }
      client.connectionSpecs(List.of(spec.build(), ConnectionSpec.CLEARTEXT));
    }
  }

  private static X509TrustManager trust(SslBundle bundle) {
    for (TrustManager manager : bundle.getManagers().getTrustManagers()) {
      if (manager instanceof X509TrustManager trust) {
        return trust;
      }
    }
    throw new IllegalArgumentException(
        "ssl bundle: no trust manager (expected: one for X.509 certificates)");
  }
}
