package io.evenload.kubernetes;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.ConnectionPool;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client of one cluster: a plain one, not balanced, made anew when the file of
 * certificates has changed. Thread-safe.
 */
final class ApiClient {

  /** A connection that leads nowhere is found in at most twice that time (with HTTP/2 only). */
  private static final Duration PING = Duration.ofSeconds(15);

  private static final Duration CONNECT = Duration.ofSeconds(3);

  private final @Nullable Path caFile;
  private final ReentrantLock lock = new ReentrantLock();

  @GuardedBy("lock")
  private byte @Nullable [] trusted;

  @GuardedBy("lock")
  private @Nullable OkHttpClient client;

  @GuardedBy("lock")
  private int users;

  ApiClient(@Nullable Path caFile) {
    this.caFile = caFile;
  }

  /**
   * Returns the client, which trusts what the file has now.
   *
   * @throws IOException if the file cannot be read or is no PEM
   */
  OkHttpClient get() throws IOException {
    byte[] now = caFile == null ? null : Files.readAllBytes(caFile);
    lock.lock();
    try {
      OkHttpClient known = client;
      if (known != null && Arrays.equals(now, trusted)) {
        return known;
      }
      OkHttpClient made = make(now);
      if (known != null) {
        known.connectionPool().evictAll();
      }
      client = made;
      trusted = now;
      return made;
    } finally {
      lock.unlock();
    }
  }

  private OkHttpClient make(byte @Nullable [] certificates) throws IOException {
    OkHttpClient.Builder builder =
        new OkHttpClient.Builder()
            .proxy(Proxy.NO_PROXY)
            .followRedirects(false)
            .followSslRedirects(false)
            .connectTimeout(CONNECT)
            .pingInterval(PING)
            .connectionPool(new ConnectionPool(2, 30, TimeUnit.SECONDS));
    if (certificates != null) {
      try {
        X509TrustManager trust = trust(certificates);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, new TrustManager[] {trust}, null);
        builder.sslSocketFactory(context.getSocketFactory(), trust);
      } catch (GeneralSecurityException e) {
        throw new IOException(caFile + ": no certificates that can be read", e);
      }
    }
    return builder.build();
  }

  private static X509TrustManager trust(byte[] pem) throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
    store.load(null, null);
    int number = 0;
    CertificateFactory factory = CertificateFactory.getInstance("X.509");
    for (Certificate one : factory.generateCertificates(new ByteArrayInputStream(pem))) {
      store.setCertificateEntry("ca" + number++, one);
    }
    if (number == 0) {
      throw new GeneralSecurityException("no certificate");
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    return (X509TrustManager) requireNonNull(trust.getTrustManagers())[0];
  }

  /** One more uses the client, until it says {@link #leave}. */
  void enter() {
    lock.lock();
    try {
      users++;
    } finally {
      lock.unlock();
    }
  }

  /** Closes the connections if nobody uses the client any more. */
  void leave() {
    OkHttpClient idle;
    lock.lock();
    try {
      users--;
      idle = users == 0 ? client : null;
    } finally {
      lock.unlock();
    }
    if (idle != null) {
      idle.connectionPool().evictAll();
    }
  }
}
