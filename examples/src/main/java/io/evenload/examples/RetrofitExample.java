package io.evenload.examples;

import io.evenload.LoadBalancer;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.io.PrintStream;
import okhttp3.OkHttpClient;
import okhttp3.ResponseBody;
import retrofit2.Call;
import retrofit2.Response;
import retrofit2.Retrofit;
import retrofit2.http.GET;
import retrofit2.http.Path;

/** Retrofit needs no more than an OkHttp client and the service's logical name. */
final class RetrofitExample {

  /** The service, as Retrofit wants it described. */
  interface Orders {
    @GET("v1/items/{id}")
    Call<ResponseBody> item(@Path("id") int id);
  }

  private RetrofitExample() {}

  public static void main(String[] args) throws IOException {
    run(9, System.out);
  }

  /** Returns how many calls were answered with success. */
  static int run(int calls, PrintStream out) throws IOException {
    try (DemoServer one = new DemoServer("one", 1);
        DemoServer two = new DemoServer("two", 1);
        DemoServer three = new DemoServer("three", 1);
        LoadBalancer balancer =
            LoadBalancer.builder("orders")
                .servers(ServerList.of(one.server(), two.server(), three.server()))
                .chooser(Choosers.roundRobin())
                .build()) {
      two.failing(true);
      out.println("\"two\" answers 503 to everything.");

      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", balancer)
              .install(new OkHttpClient.Builder())
              .build();
      Orders orders =
          new Retrofit.Builder()
              .baseUrl("http://orders/")
              .client(client)
              .build()
              .create(Orders.class);

      int successes = 0;
      for (int id = 1; id <= calls; id++) {
        Response<ResponseBody> response = orders.item(id).execute();
        try (ResponseBody body = response.isSuccessful() ? response.body() : response.errorBody()) {
          out.printf("  %d %s%n", response.code(), body == null ? "" : body.string());
        }
        successes += response.isSuccessful() ? 1 : 0;
      }
      out.printf("%d of %d calls succeeded; \"two\" had failed ", successes, calls);
      out.printf("%d of their attempts, and other servers took over.%n", two.failures());
      return successes;
    }
  }
}
