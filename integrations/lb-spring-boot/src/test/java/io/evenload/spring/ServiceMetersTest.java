package io.evenload.spring;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.CallListener;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.testing.okhttp.Backends;
import io.evenload.testing.okhttp.Reply;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.lang.reflect.Method;
import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ServiceMetersTest {

  @RegisterExtension final Backends backends = new Backends();

  @Test
  void listener_everyEvent_isPassedOn() throws NoSuchMethodException {
    for (Method method : CallListener.class.getMethods()) {
      assertThat(
              ServiceMeters.class
                  .getMethod(method.getName(), method.getParameterTypes())
                  .getDeclaringClass())
          .isEqualTo(ServiceMeters.class);
    }
  }

  @Test
  void calls_areCountedInEveryRegistry_alsoOneThatComesLate() throws IOException {
    LoadBalancer orders =
        backends.watch(
            backends
                .balancer(
                    "orders",
                    backends.start("a").next(Reply.ok(), Reply.status(503)),
                    backends.start("b"))
                .build());
    ServiceMeters meters = new ServiceMeters(() -> List.of(orders));
    SimpleMeterRegistry early = new SimpleMeterRegistry();
    SimpleMeterRegistry late = new SimpleMeterRegistry();
    meters.bindTo(early);
    OkHttpClient client =
        backends.watch(
            LoadBalancingInterceptor.builder()
                .service("orders", orders)
                .listener(meters)
                .build()
                .install(new OkHttpClient.Builder())
                .build());
    call(client);
    meters.bindTo(late);
    call(client);
    assertThat(early.get("evenload.requests").tag("outcome", "success").timer().count())
        .isEqualTo(2);
    assertThat(early.get("evenload.retries").counter().count()).isEqualTo(1);
    assertThat(late.get("evenload.requests").tag("outcome", "success").timer().count())
        .isEqualTo(1);
    assertThat(late.get("evenload.retry.budget").gauge().value()).isPositive();
    meters.close();
  }

  private static void call(OkHttpClient client) throws IOException {
    client.newCall(new Request.Builder().url("http://orders/").build()).execute().close();
  }
}
