package io.evenload.kubernetes;

import io.evenload.testing.Churn;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** 5,000 pods that change all the time, as a stub tells them. */
@Timeout(600)
class ChurnIT {

  @Test
  void pods_changeAllTheTime_noneIsMissed() throws Exception {
    try (StubApi api = new StubApi()) {
      KubernetesServerList list =
          KubernetesServerList.builder("orders")
              .cluster(KubernetesCluster.builder(api.url()).namespace("shop").build())
              .build();
      ManySlices slices =
          new ManySlices(
              api::put,
              (name, json) -> {
                api.put(name, json);
                api.forgetHistory();
              });

      Churn.run("Kubernetes, a stub", list, slices, Churn::address, Duration.ofSeconds(5));
    }
  }
}
