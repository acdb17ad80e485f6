package io.evenload.benchmarks.sim;

import io.evenload.Chooser;
import io.evenload.chooser.Choosers;
import java.util.List;

/** Ours and the others'. */
final class Strategies {

  static final Strategy POWER_OF_TWO_CHOICES =
      ours("powerOfTwoChoices", Choosers.powerOfTwoChoices());
  static final Strategy LEAST_LOADED = ours("leastLoaded", Choosers.leastLoaded());
  static final Strategy PEAK_EWMA = ours("peakEwma", Choosers.peakEwma());
  static final Strategy SHORTEST_EXPECTED_DELAY =
      ours("shortestExpectedDelay", Choosers.shortestExpectedDelay());
  static final Strategy FINAGLE = model("Finagle p2cPeakEwma", FinagleModel::new);
  static final Strategy SERVICE_TALK = model("ServiceTalk P2C", ServiceTalkModel::new);
  static final Strategy DIALOGUE = model("Dialogue BALANCED", DialogueModel::new);
  static final Strategy GRPC_WEIGHTED =
      model("gRPC weighted_round_robin", WeightedRoundRobinModel::new);
  static final Strategy GRPC_LEAST_REQUEST = model("gRPC least_request", LeastRequestModel::new);

  static final List<Strategy> ALL =
      List.of(
          POWER_OF_TWO_CHOICES,
          LEAST_LOADED,
          PEAK_EWMA,
          SHORTEST_EXPECTED_DELAY,
          FINAGLE,
          SERVICE_TALK,
          DIALOGUE,
          GRPC_WEIGHTED,
          GRPC_LEAST_REQUEST);

  private Strategies() {}

  /** The real balancer with this chooser. */
  static Strategy ours(String name, Chooser chooser) {
    return new Strategy(
        name, false, (setting, servers) -> new EvenloadClient(chooser, setting, servers));
  }

  private static Strategy model(String name, Strategy.Kind kind) {
    return new Strategy(name, true, kind);
  }
}
