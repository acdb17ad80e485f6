package io.evenload.kubernetes;

import io.evenload.testing.Churn;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The slices of a service of thousands of pods, a hundred in each, as Kubernetes writes them. A pod
 * that comes takes a place that is free, so that five of them change five slices.
 */
final class ManySlices implements Churn.Source {

  private static final int SLICES = Churn.SERVERS / 100;

  private final Writer create;
  private final Writer replace;
  private final List<TreeSet<Integer>> slices = new ArrayList<>();

  ManySlices(Writer create, Writer replace) {
    this.create = create;
    this.replace = replace;
  }

  /** Writes one slice. */
  @FunctionalInterface
  interface Writer {
    void write(String name, String json) throws IOException;
  }

  @Override
  public void replace(List<Integer> gone, List<Integer> come) throws IOException {
    Writer writer = slices.isEmpty() ? create : replace;
    while (slices.size() < SLICES) {
      slices.add(new TreeSet<>());
    }
    TreeSet<Integer> changed = new TreeSet<>();
    for (int number : gone) {
      slices.get(number % SLICES).remove(number);
      changed.add(number % SLICES);
    }
    for (int number : come) {
      slices.get(number % SLICES).add(number);
      changed.add(number % SLICES);
    }
    for (int slice : changed) {
      writer.write("orders-" + slice, json(slices.get(slice)));
    }
  }

  private static String json(TreeSet<Integer> pods) {
    return "\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"http\",\"port\":8080,\"protocol\":\"TCP\"}],"
        + pods.stream()
            .map(ManySlices::pod)
            .collect(Collectors.joining(",", "\"endpoints\":[", "]"));
  }

  private static String pod(int number) {
    return "{'addresses':['%s'],'conditions':{'ready':true},'topology':{'kubernetes.io/hostname':'node-%d','topology.kubernetes.io/zone':'z%d'},'targetRef':{'kind':'Pod','namespace':'shop','name':'orders-5d9c7f-%06d','uid':'4a3b2c1d-0000-0000-0000-%012d'}}"
        .formatted(Churn.address(number), number % 100, number % 3, number, number)
        .replace('\'', '"');
  }
}
