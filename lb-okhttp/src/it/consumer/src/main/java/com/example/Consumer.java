package com.example;

import com.sun.net.httpserver.HttpServer;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/** Calls one server through the balancer. */
final class Consumer {
  public static void main(String[] args) throws IOException {
    var address = new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
    HttpServer http = HttpServer.create(address, 0);
    http.createContext(
        "/",
        exchange -> {
          exchange.sendResponseHeaders(200, -1);
          exchange.close();
        });
    http.start();
    try (LoadBalancer balancer =
        LoadBalancer.of("orders", Server.of("127.0.0.1", http.getAddress().getPort()))) {
      OkHttpClient client =
          new OkHttpClient.Builder()
              .addInterceptor(LoadBalancingInterceptor.of("orders", balancer))
              .build();
      Request request = new Request.Builder().url("http://orders/").build();
      try (Response response = client.newCall(request).execute()) {
        if (response.code() != 200) {
          throw new AssertionError("status " + response.code() + " (expected: 200)");
        }
      }
    } finally {
      http.stop(0);
    }
  }
}
