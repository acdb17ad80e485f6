package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.rolling.Backend;
import com.example.rolling.Registry;
import com.example.rolling.RollingRestart;
import feign.Feign;
import feign.RequestLine;
import io.evenload.LoadBalancer;
import io.evenload.UpdatableServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import okhttp3.OkHttp;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;

class FeignTest {

  interface Orders {
    @RequestLine("GET /v1/items")
    String items();
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
          Feign.builder()
              .client(new feign.okhttp.OkHttpClient(client))
              .target(Orders.class, "http://orders");
      assertThat(restart.under(orders::items)).isPositive();
    }
  }

  @Test
  void okHttp_underFeign_isTheBoms() {
    assertThat(OkHttp.VERSION).startsWith("5.5.");
  }
}
