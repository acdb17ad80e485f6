package io.evenload;

import io.evenload.health.OutlierDetection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * Outcomes that arrive while ejections are computed are counted once, and eject once; the cap
 * holds.
 */
public class OutlierStress {

  private OutlierStress() {}

  private static long failures(LiveEndpoint endpoint, int times) {
    for (int i = 0; i < times; i++) {
      endpoint.count(false);
    }
    return endpoint.failuresInARow();
  }

  @JCStressTest
  @Outcome(id = "1, 1, 0", expect = Expect.ACCEPTABLE, desc = "the success came last")
  @Outcome(id = "1, 1, 1", expect = Expect.ACCEPTABLE, desc = "the failure came last")
  @Outcome(expect = Expect.FORBIDDEN, desc = "an outcome was lost or counted twice")
  @State
  public static class CountAndTake {
    private final LiveEndpoint endpoint = new LiveEndpoint(StressWorld.context(), StressWorld.A);
    private long taken;

    @Actor
    public void success() {
      endpoint.count(true);
    }

    @Actor
    public void failure() {
      endpoint.count(false);
    }

    @Actor
    public void take() {
      taken = endpoint.takeCounts();
    }

    @Arbiter
    public void sum(III_Result result) {
      long rest = endpoint.takeCounts();
      result.r1 = Tally.successes(taken) + Tally.successes(rest);
      result.r2 = Tally.failures(taken) + Tally.failures(rest);
      result.r3 = endpoint.failuresInARow();
    }
  }

  /** Three endpoints and the ejector, of which the first has one failure too few. */
  @State
  public static class Three {
    final AtomicInteger looks = new AtomicInteger();
    final Ejector ejector =
        new Ejector(StressWorld.context(), OutlierDetection.defaults(), StressWorld.control(looks));
    final RosterEntry a = entry("a");
    final Ejector.Members members =
        new Ejector.Members(
            List.of(a, entry("b"), entry("c")),
            entry -> entry.ejection.running() ? EndpointState.EJECTED : EndpointState.ELIGIBLE);

    public Three() {
      failures(a.endpoint, 4);
    }

    /** What an attempt at the first does that fails. */
    final void oneMoreFails() {
      ejector.alarm().counted(a.endpoint.count(false));
    }

    private static RosterEntry entry(String host) {
      return new RosterEntry(new LiveEndpoint(StressWorld.context(), Server.of(host, 80)));
    }
  }

  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "one attempt asked for the look")
  @Outcome(expect = Expect.FORBIDDEN, desc = "none asked, or several")
  @State
  public static class FailuresAsk extends Three {

    @Actor
    public void first() {
      oneMoreFails();
    }

    @Actor
    public void second() {
      oneMoreFails();
    }

    @Arbiter
    public void looks(I_Result result) {
      result.r1 = looks.get();
    }
  }

  @JCStressTest
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "ejected by the look or the tick")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the failure was not seen, or ejected twice")
  @State
  public static class FailureMeetsLook extends Three {

    @Actor
    public void fail() {
      oneMoreFails();
    }

    @Actor
    public void look() {
      ejector.look(members, 0);
    }

    @Arbiter
    public void tick(II_Result result) {
      ejector.tick(members, 1);
      result.r1 = a.ejection.running() ? 1 : 0;
      result.r2 = a.ejection.times();
    }
  }

  private static int ejected(LoadBalancer balancer) {
    return (int)
        balancer.status().endpoints().stream()
            .filter(endpoint -> endpoint.state() == EndpointState.EJECTED)
            .count();
  }

  private static final List<Server> FOUR =
      List.of(StressWorld.A, StressWorld.B, Server.of("c", 80), Server.of("d", 80));

  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "one of the two")
  @Outcome(expect = Expect.FORBIDDEN, desc = "more than the cap, or none")
  @State
  public static class TwoEjections {
    private final LoadBalancer balancer =
        StressWorld.balancer(new UpdatableServerList(FOUR)).build();

    @Actor
    public void first() {
      balancer.admin().eject(StressWorld.A.id(), Duration.ofSeconds(9), "stress");
    }

    @Actor
    public void second() {
      balancer.admin().eject(StressWorld.B.id(), Duration.ofSeconds(9), "stress");
    }

    @Arbiter
    public void count(I_Result result) {
      result.r1 = ejected(balancer);
    }
  }

  @JCStressTest
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "ejected while there were four")
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "there were only two")
  @Outcome(expect = Expect.FORBIDDEN, desc = "the update undid the ejection or was not seen")
  @State
  public static class EjectionMeetsUpdate {
    private final UpdatableServerList list = new UpdatableServerList(FOUR);
    private final LoadBalancer balancer = StressWorld.balancer(list).build();
    private final EjectionCounter counter = new EjectionCounter();

    public EjectionMeetsUpdate() {
      balancer.wiring().addListener(counter);
    }

    @Actor
    public void eject() {
      balancer.admin().eject(StressWorld.A.id(), Duration.ofSeconds(9), "stress");
    }

    @Actor
    public void shrink() {
      list.update(FOUR.subList(0, 2));
    }

    @Arbiter
    public void count(II_Result result) {
      result.r1 = counter.ejections.get();
      result.r2 = ejected(balancer);
    }
  }

  private static final class EjectionCounter implements LoadBalancerListener {
    final AtomicInteger ejections = new AtomicInteger();

    @Override
    public void stateChanged(StateChanged event) {
      ejections.addAndGet(event.to() == EndpointState.EJECTED ? 1 : 0);
    }
  }
}
