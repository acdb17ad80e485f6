package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.ServerList;
import io.evenload.testing.Heard;
import io.evenload.testing.Wait;
import io.fabric8.kubernetes.api.model.discovery.v1beta1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1beta1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1beta1.EndpointSlice;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The same slices of a real API server, seen by this list and by the informer of another client,
 * which knows nothing of us: both always come to the same pods.
 */
@Timeout(300)
class OracleIT {

  private static final int ROUNDS = 60;
  private static final int CHANGES_A_ROUND = 5;
  private static final int SLICES = 4;

  @TempDir Path directory;
  private final Random random = new Random(7);
  private final TreeSet<String> present = new TreeSet<>();

  @Test
  void slices_changeAtRandom_listIsWhatAnotherClientSees() throws Exception {
    Heard heard = new Heard();
    try (RealApi api = new RealApi(directory);
        KubernetesClient other = other(api);
        SharedIndexInformer<EndpointSlice> informer =
            other
                .discovery()
                .v1beta1()
                .endpointSlices()
                .inNamespace("shop")
                .withLabel("kubernetes.io/service-name", "orders")
                .inform()) {
      ServerList.Subscription subscription =
          KubernetesServerList.builder("orders").cluster(api.cluster()).build().subscribe(heard);
      for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < CHANGES_A_ROUND; i++) {
          change(api);
        }
        awaitSame(heard, informer);
      }
      assertThat(heard.failures()).isEmpty();
      assertThat(heard.lists().size()).isGreaterThan(ROUNDS / 2);
      subscription.close();
    }
  }

  private static KubernetesClient other(RealApi api) {
    return new KubernetesClientBuilder()
        .withConfig(
            new ConfigBuilder()
                .withMasterUrl(api.url())
                .withCaCertFile(api.caFile().toString())
                .withOauthToken(RealApi.TOKEN)
                .withNamespace("shop")
                .build())
        .build();
  }

  private void change(RealApi api) throws Exception {
    String slice = "s" + random.nextInt(SLICES);
    if (!present.contains(slice)) {
      api.create(slice, pods());
      present.add(slice);
    } else if (random.nextInt(6) == 0) {
      api.delete(slice);
      present.remove(slice);
    } else {
      api.replace(slice, pods());
    }
  }

  private String pods() {
    List<String> pods = new ArrayList<>();
    for (char pod = 'a'; pod <= 'j'; pod++) {
      if (random.nextInt(3) == 0) {
        boolean ready = random.nextBoolean();
        boolean terminating = random.nextInt(3) == 0;
        pods.add(
            WithStubApi.pod(
                String.valueOf(pod),
                "'ready':%b,'serving':%b,'terminating':%b"
                    .formatted(ready && !terminating, ready, terminating)));
      }
    }
    return WithStubApi.members(pods.toArray(String[]::new));
  }

  /** The writer is done, so a moment later both have all that was written. */
  private void awaitSame(Heard heard, SharedIndexInformer<EndpointSlice> informer) {
    Wait.until(
        () ->
            informer.getStore().list().stream()
                    .map(slice -> slice.getMetadata().getName())
                    .toList()
                    .size()
                == present.size());
    Wait.until(() -> heard.ids().equals(expected(informer.getStore().list())));
  }

  private static List<String> expected(List<EndpointSlice> slices) {
    TreeMap<String, String> ready = new TreeMap<>();
    TreeMap<String, String> draining = new TreeMap<>();
    slices.stream()
        .flatMap(slice -> Stream.ofNullable(slice.getEndpoints()).flatMap(List::stream))
        .forEach(
            endpoint -> {
              EndpointConditions conditions = endpoint.getConditions();
              if (Boolean.TRUE.equals(conditions.getTerminating())) {
                if (Boolean.TRUE.equals(conditions.getServing())) {
                  put(endpoint, draining);
                }
              } else if (!Boolean.FALSE.equals(conditions.getReady())) {
                put(endpoint, ready);
              }
            });
    return List.copyOf((ready.isEmpty() ? draining : ready).keySet());
  }

  private static void put(Endpoint endpoint, TreeMap<String, String> into) {
    into.put(endpoint.getTargetRef().getName(), endpoint.getAddresses().get(0));
  }
}
