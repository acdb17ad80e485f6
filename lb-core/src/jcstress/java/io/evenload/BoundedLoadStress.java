package io.evenload;

import io.evenload.chooser.Choosers;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.CCC_Result;
import org.openjdk.jcstress.infra.results.CCI_Result;

/**
 * With a factor of 1, as many attempts as endpoints have one endpoint each, and none is refused.
 */
public class BoundedLoadStress {

  private BoundedLoadStress() {}

  private static LoadBalancer balancer() {
    return StressWorld.balancer(ServerList.of(StressWorld.A, StressWorld.B))
        .chooser(Choosers.boundedLoad(1))
        .build();
  }

  private static Attempt start(LoadBalancer balancer) {
    try {
      return balancer.start(RequestContext.withKey("hot"));
    } catch (NoServerAvailableException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Starts an attempt and lets it run. */
  private static char hold(LoadBalancer balancer) {
    return start(balancer).server().host().charAt(0);
  }

  @JCStressTest
  @Outcome(
      id = {"a, b, 2", "b, a, 2"},
      expect = Expect.ACCEPTABLE,
      desc = "one endpoint each")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one was above its cap, or an attempt was refused")
  @State
  public static class TwoStart {
    private final LoadBalancer balancer = balancer();

    @Actor
    public void first(CCI_Result result) {
      result.r1 = hold(balancer);
    }

    @Actor
    public void second(CCI_Result result) {
      result.r2 = hold(balancer);
    }

    @Arbiter
    public void inFlight(CCI_Result result) {
      result.r3 = StressWorld.inFlight(balancer);
    }
  }

  /** At most two are in flight at any moment, so that two must never be at one endpoint. */
  @JCStressTest
  @Outcome(
      id = {"a, a, b", "a, b, a", "b, a, b", "b, b, a"},
      expect = Expect.ACCEPTABLE,
      desc = "those that run at the end have one endpoint each")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one was above its cap, or an attempt was refused")
  @State
  public static class OneEndsAndStartsAgain {
    private final LoadBalancer balancer = balancer();
    private final Attempt running = start(balancer);

    @Actor
    public void again(CCC_Result result) {
      result.r1 = running.server().host().charAt(0);
      running.succeed();
      result.r2 = hold(balancer);
    }

    @Actor
    public void other(CCC_Result result) {
      result.r3 = hold(balancer);
    }
  }
}
