package io.evenload;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ICI_Result;

/**
 * A server that was drained and has nothing in flight gets nothing any more, so it may be stopped.
 */
public class DrainStress {

  private DrainStress() {}

  @JCStressTest
  @Outcome(
      id = {"0, -, 0", "1, -, 0", "1, a, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "nothing started, or it was seen in flight")
  @Outcome(expect = Expect.FORBIDDEN, desc = "an attempt started behind the back of who drained")
  @State
  public static class DrainAndLook {
    private final LoadBalancer balancer =
        StressWorld.balancer(ServerList.of(StressWorld.A)).build();

    @Actor
    public void drain(ICI_Result result) {
      balancer.admin().drain(StressWorld.A.id());
      result.r1 = StressWorld.inFlight(balancer);
    }

    @Actor
    public void start(ICI_Result result) {
      try {
        result.r2 = balancer.start().server().host().charAt(0);
      } catch (NoServerAvailableException e) {
        result.r2 = '-';
      }
    }

    @Arbiter
    public void inFlight(ICI_Result result) {
      result.r3 = StressWorld.inFlight(balancer);
    }
  }
}
