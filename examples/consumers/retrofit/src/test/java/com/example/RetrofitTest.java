package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.rolling.Backend;
import com.example.rolling.Registry;
import com.example.rolling.RollingRestart;
import io.evenload.LoadBalancer;
import io.evenload.UpdatableServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import okhttp3.OkHttp;
import okhttp3.OkHttpClient;
import okhttp3.ResponseBody;
import org.junit.jupiter.api.Test;
import retrofit2.Call;
import retrofit2.Retrofit;
import retrofit2.http.GET;

class RetrofitTest {

  interface Orders {
    @GET("v1/items")
    Call<ResponseBody> items();
  }

  @Test
  void items_whileServersRestartOneByOne_neverFail() throws Exception {
    UpdatableServerList servers = new UpdatableServerList();
    try (LoadBalancer balancer = LoadBalancer.builder("orders").servers(servers).build();
        RollingRestart restart = new RollingRestart(Registry.of(servers), Backend::http)) {
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
      assertThat(restart.under(() -> orders.items().execute().body().string())).isPositive();
    }
  }

  @Test
  void okHttp_underRetrofit_isTheBoms() {
    assertThat(OkHttp.VERSION).startsWith("5.5.");
  }
}
