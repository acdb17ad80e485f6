package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import java.time.Duration;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;

final class LoadBalancingInterceptorTest {

  @AutoClose
  private final LoadBalancer balancer = LoadBalancer.of("orders", Server.of("10.0.0.1", 80));

  @Test
  void build_noService_isRejected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LoadBalancingInterceptor.builder().build())
        .withMessage("services: none (expected: at least one)");
  }

  @Test
  void service_sameHostInAnotherCase_isRejected() {
    LoadBalancingInterceptor.Builder builder =
        LoadBalancingInterceptor.builder().service("orders", balancer);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.service("ORDERS", balancer))
        .withMessage("host: 'ORDERS' (expected: each host once)");
  }

  @Test
  void service_null_isRejected() {
    assertThatNullPointerException()
        .isThrownBy(() -> LoadBalancingInterceptor.of("orders", null))
        .withMessage("balancer");
  }

  @Test
  void waitForServers_outOfRange_isRejected() {
    LoadBalancingInterceptor.Builder builder = LoadBalancingInterceptor.builder();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.waitForServers(Duration.ofSeconds(-1)))
        .withMessage("waitForServers: PT-1S (expected: PT0S to PT1H)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> builder.waitForServers(Duration.ofDays(1)))
        .withMessage("waitForServers: PT24H (expected: PT0S to PT1H)");
  }

  @Test
  void install_addsBothHalvesAndReturnsTheBuilder() {
    OkHttpClient.Builder client = new OkHttpClient.Builder();
    LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.of("orders", balancer);
    assertThat(interceptor.install(client)).isSameAs(client);
    assertThat(client.interceptors()).last().isSameAs(interceptor);
    assertThat(client.networkInterceptors()).hasSize(1);
    assertThat(interceptor).hasToString("LoadBalancingInterceptor[orders]");
  }
}
