package io.evenload.benchmarks.peers;

import com.linecorp.armeria.client.ClientRequestContext;
import com.linecorp.armeria.client.Endpoint;
import com.linecorp.armeria.client.endpoint.EndpointGroup;
import com.linecorp.armeria.client.endpoint.EndpointSelectionStrategy;
import com.linecorp.armeria.common.HttpMethod;
import com.linecorp.armeria.common.HttpRequest;
import io.evenload.benchmarks.PickerBenchmark;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;

/**
 * Armeria: {@code selectNow} of a static group, of weights 1 to 10 in turn where the algorithm
 * weighs. With {@code rampingUp} all have been up for an hour: their weights are final.
 */
public class ArmeriaPickers extends PickerBenchmark {

  /** The algorithm. */
  @Param({"roundRobin", "weightedRoundRobin", "rampingUp"})
  public String algorithm;

  @Override
  protected Picker picker() {
    EndpointSelectionStrategy strategy = strategy();
    boolean weighted = !algorithm.equals("roundRobin");
    List<Endpoint> endpoints =
        IntStream.range(0, n)
            .mapToObj(i -> Endpoint.of(host(i), 8080).withWeight(weighted ? 1 + i % 10 : 1))
            .toList();
    EndpointGroup group = EndpointGroup.of(strategy, endpoints);
    ClientRequestContext request = ClientRequestContext.of(HttpRequest.of(HttpMethod.GET, "/"));
    return turn -> group.selectNow(request);
  }

  private EndpointSelectionStrategy strategy() {
    return switch (algorithm) {
      case "roundRobin" -> EndpointSelectionStrategy.roundRobin();
      case "weightedRoundRobin" -> EndpointSelectionStrategy.weightedRoundRobin();
      case "rampingUp" -> rampedUp();
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  /** Without the timestamps, all would be ramped up during the measurement. */
  private static EndpointSelectionStrategy rampedUp() {
    long started = System.currentTimeMillis() - Duration.ofHours(1).toMillis();
    return EndpointSelectionStrategy.builderForRampingUp()
        .timestampFunction(endpoint -> started)
        .build();
  }
}
