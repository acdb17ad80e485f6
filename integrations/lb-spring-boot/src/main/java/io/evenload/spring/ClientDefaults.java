package io.evenload.spring;

import java.time.Duration;
import java.util.function.Consumer;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.ssl.SslBundle;

/**
 * What an application has configured for HTTP clients, for OkHttp. Where it has nothing, OkHttp's
 * own default holds.
 *
 * @param followsRedirects whether a redirect is followed, as OkHttp does by default
 * @param ssl the keys and the trust
 */
public record ClientDefaults(
    @Nullable Duration connectTimeout,
    @Nullable Duration readTimeout,
    boolean followsRedirects,
    @Nullable SslBundle ssl)
    implements Consumer<OkHttpClient.Builder> {

  /** Nothing. */
  public static final ClientDefaults NONE = new ClientDefaults(null, null, true, null);

  @Override
  public void accept(OkHttpClient.Builder client) {
    if (connectTimeout != null) {
      client.connectTimeout(connectTimeout);
    }
    if (readTimeout != null) {
      client.readTimeout(readTimeout);
    }
    if (!followsRedirects) {
      client.followRedirects(false);
    }
    if (ssl != null) {
      SslPart.apply(ssl, client);
    }
  }

  /** Returns the client, or one like it with what is configured besides. */
  public OkHttpClient with(OkHttpClient client) {
    if (equals(NONE)) {
      return client;
    }
    OkHttpClient.Builder builder = client.newBuilder();
    accept(builder);
    return builder.build();
  }
}
