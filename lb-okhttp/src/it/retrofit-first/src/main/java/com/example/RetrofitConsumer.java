package com.example;

import com.sun.net.httpserver.HttpServer;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import okhttp3.OkHttpClient;
import okhttp3.ResponseBody;
import retrofit2.Call;
import retrofit2.Response;
import retrofit2.Retrofit;
import retrofit2.http.GET;

/** Calls one server through Retrofit and the balancer. */
final class RetrofitConsumer {
  interface Orders {
    @GET("/")
    Call<ResponseBody> list();
  }

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
      Orders orders =
          new Retrofit.Builder()
              .baseUrl("http://orders/")
              .client(client)
              .build()
              .create(Orders.class);
      Response<ResponseBody> response = orders.list().execute();
      if (response.code() != 200) {
        throw new AssertionError("status " + response.code() + " (expected: 200)");
      }
    } finally {
      http.stop(0);
    }
  }
}
