package io.evenload.spring.boot;

import io.evenload.spring.SslPart;
import java.util.function.Consumer;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.HttpRedirects;
import org.springframework.boot.ssl.SslBundle;

/** What {@code spring.http.clients} says, for OkHttp. */
record ClientDefaults(HttpClientSettings settings) implements Consumer<OkHttpClient.Builder> {

  @Override
  public void accept(OkHttpClient.Builder client) {
    if (settings.connectTimeout() != null) {
      client.connectTimeout(settings.connectTimeout());
    }
    if (settings.readTimeout() != null) {
      client.readTimeout(settings.readTimeout());
    }
    if (settings.redirects() == HttpRedirects.DONT_FOLLOW) {
      client.followRedirects(false);
    }
    @Nullable SslBundle bundle = settings.sslBundle();
    if (bundle != null) {
      SslPart.apply(bundle, client);
    }
  }

  /** Returns the client, or one like it with what settings say besides. */
  static OkHttpClient with(@Nullable HttpClientSettings settings, OkHttpClient client) {
    if (settings == null || settings.equals(HttpClientSettings.defaults())) {
      return client;
    }
    OkHttpClient.Builder builder = client.newBuilder();
    new ClientDefaults(settings).accept(builder);
    return builder.build();
  }
}
