package io.evenload.testing.okhttp;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.RetryPolicy;
import java.io.IOException;
import java.time.Duration;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** What a service would have: a client whose calls to {@code orders} are balanced. */
final class Clients {

  private Clients() {}

  static OkHttpClient of(LoadBalancer orders) {
    return LoadBalancingInterceptor.builder()
        .service("orders", orders)
        .retry(RetryPolicy.builder().baseBackoff(Duration.ofNanos(1)).build())
        .build()
        .install(new OkHttpClient.Builder())
        .build();
  }

  static Response get(OkHttpClient client, String url) throws IOException {
    return client.newCall(new Request.Builder().url(url).build()).execute();
  }

  /** The status and the body, as in {@code 200 a}. */
  static String text(OkHttpClient client, String url) throws IOException {
    try (Response response = get(client, url)) {
      return response.code() + " " + response.body().string();
    }
  }
}
