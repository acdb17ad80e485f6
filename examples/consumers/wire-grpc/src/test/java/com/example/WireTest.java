package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import com.example.rolling.Registry;
import com.example.rolling.RollingRestart;
import com.squareup.wire.GrpcClient;
import com.squareup.wire.GrpcMethod;
import com.squareup.wire.ProtoAdapter;
import io.evenload.LoadBalancer;
import io.evenload.UpdatableServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.util.List;
import okhttp3.OkHttp;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import org.junit.jupiter.api.Test;

class WireTest {

  /** As generated code has it, for {@code rpc Find (StringValue) returns (StringValue)}. */
  private static final GrpcMethod<String, String> FIND =
      new GrpcMethod<>("/shop.Orders/Find", ProtoAdapter.STRING_VALUE, ProtoAdapter.STRING_VALUE);

  @Test
  void find_whileServersRestartOneByOne_neverFails() throws Exception {
    UpdatableServerList servers = new UpdatableServerList();
    try (LoadBalancer balancer = LoadBalancer.builder("orders").servers(servers).build();
        RollingRestart restart = new RollingRestart(Registry.of(servers), GrpcBackend::start)) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", balancer)
              .install(new OkHttpClient.Builder())
              .protocols(List.of(Protocol.H2_PRIOR_KNOWLEDGE)) // without TLS
              .build();
      GrpcClient grpc = new GrpcClient.Builder().client(client).baseUrl("http://orders").build();
      assertThat(restart.under(() -> grpc.newCall(FIND).executeBlocking("anything"))).isPositive();
    }
  }

  @Test
  void okHttp_underWire_isTheBoms() {
    assertThat(OkHttp.VERSION).startsWith("5.5.");
  }
}
