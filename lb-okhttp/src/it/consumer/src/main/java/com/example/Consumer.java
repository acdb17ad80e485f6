package com.example;

import com.sun.net.httpserver.HttpServer;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.Affinity;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Calls servers through the balancer: a retry, a session, and a redirect to another service. */
final class Consumer {
  public static void main(String[] args) throws IOException {
    HttpServer down = serve(503, null);
    HttpServer up = serve(302, "http://billing/");
    HttpServer bills = serve(200, null);
    try (LoadBalancer orders = LoadBalancer.of("orders", server(down), server(up));
        LoadBalancer billing = LoadBalancer.of("billing", server(bills))) {
      LoadBalancingInterceptor balancing =
          LoadBalancingInterceptor.builder()
              .service("orders", orders)
              .service("billing", billing)
              .affinity(Affinity.serverCookie())
              .build();
      OkHttpClient client = balancing.install(new OkHttpClient.Builder()).build();
      Request request = new Request.Builder().url("http://orders/").build();
      for (int i = 0; i < 10; i++) {
        try (Response response = client.newCall(request).execute()) {
          require(response.code() == 200, "status " + response.code() + " (expected: 200)");
          require(response.request().url().host().equals("billing"), response.toString());
        }
      }
      addedAlone(LoadBalancingInterceptor.of("billing", billing));
    } finally {
      down.stop(0);
      up.stop(0);
      bills.stop(0);
    }
  }

  /** Without {@code install} it works where OkHttp tells the client of a call, and says so else. */
  private static void addedAlone(LoadBalancingInterceptor balancing) throws IOException {
    OkHttpClient client = new OkHttpClient.Builder().addInterceptor(balancing).build();
    Request request = new Request.Builder().url("http://billing/").build();
    boolean told = !Consumer.class.getModule().isNamed() || Boolean.getBoolean("exported");
    try (Response response = client.newCall(request).execute()) {
      require(told && response.code() == 200, "answered " + response);
    } catch (IOException e) {
      require(!told && e.getMessage().contains("install(clientBuilder)"), e.toString());
    }
  }

  private static HttpServer serve(int status, String location) throws IOException {
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0), 0);
    http.createContext(
        "/",
        exchange -> {
          if (location != null) {
            exchange.getResponseHeaders().add("Location", location);
          }
          exchange.sendResponseHeaders(status, -1);
          exchange.close();
        });
    http.start();
    return http;
  }

  private static Server server(HttpServer http) {
    return Server.of("127.0.0.1", http.getAddress().getPort());
  }

  private static void require(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message);
    }
  }
}
