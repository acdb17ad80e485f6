package io.evenload.kubernetes;

import io.evenload.ServerList;
import io.evenload.testing.HostileServer;
import io.evenload.testing.HostileSourceContract;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

final class HostileApiTest extends HostileSourceContract {

  private static final String BEGINNING =
      "{\"metadata\":{\"resourceVersion\":\"7\"},\"items\":[{\"metadata\":{\"name\":\"s1\"},"
          + WithStubApi.slice("a")
          + "}";

  @AfterEach
  void awaitThreads() {
    WithStubApi.awaitThreads();
  }

  @Override
  protected ServerList list(String url) {
    return KubernetesServerList.builder("orders")
        .cluster(KubernetesCluster.builder(url).namespace("shop").build())
        .watchTimeout(Duration.ofSeconds(1))
        .listTimeout(Duration.ofSeconds(5))
        .build();
  }

  @Override
  protected String id() {
    return "a";
  }

  @Override
  protected HostileServer.Answers answers() {
    return new HostileServer.Answers() {
      @Override
      public String headers() {
        return "";
      }

      @Override
      public @Nullable String body(String request) {
        return request.contains("watch") ? null : BEGINNING + "]}";
      }

      @Override
      public String beginning() {
        return BEGINNING;
      }

      @Override
      public String more() {
        return ",{\"metadata\":{\"name\":\"s1\"}," + WithStubApi.slice("a") + "}";
      }
    };
  }
}
