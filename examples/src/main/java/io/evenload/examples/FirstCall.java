package io.evenload.examples;

import io.evenload.LoadBalancer;
import io.evenload.discovery.DnsServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.time.Duration;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Calls one of the servers that a name stands for. */
public final class FirstCall {

  private FirstCall() {}

  /** Takes the name and the port, such as {@code orders.internal 8080}. */
  public static void main(String... args) throws IOException {
    try (LoadBalancer orders =
        LoadBalancer.builder("orders")
            .servers(DnsServerList.of(args[0], Integer.parseInt(args[1])))
            .build()) {
      LoadBalancingInterceptor balancing =
          LoadBalancingInterceptor.builder()
              .service("orders", orders)
              .waitForServers(Duration.ofSeconds(2)) // for calls before the first DNS answer
              .build();
      OkHttpClient client =
          balancing
              .install(new OkHttpClient.Builder(), 256) // calls at once to each service
              .callTimeout(Duration.ofSeconds(5)) // for a call with all its attempts
              .build();
      Request request = new Request.Builder().url("http://orders/v1/items").build();
      try (Response response = client.newCall(request).execute()) {
        System.out.println(response.code());
        LoadBalancingInterceptor.attemptsOf(response).forEach(System.out::println);
      }
    }
  }
}
