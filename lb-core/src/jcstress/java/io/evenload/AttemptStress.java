package io.evenload;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** An attempt ends exactly once, whoever ends it. */
public class AttemptStress {

  private AttemptStress() {}

  private static Attempt start(StressGate gate) {
    LoadBalancer balancer =
        StressWorld.balancer(ServerList.of(StressWorld.A)).gate(gate.factory()).build();
    try {
      return balancer.start();
    } catch (NoServerAvailableException e) {
      throw new AssertionError(e);
    }
  }

  @JCStressTest
  @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "ended once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "ended twice, or never")
  @State
  public static class TwoEnds {
    private final StressGate gate = new StressGate(true);
    private final Attempt attempt = start(gate);

    @Actor
    public void succeed() {
      attempt.succeed();
    }

    @Actor
    public void close() {
      attempt.close();
    }

    @Arbiter
    public void count(II_Result result) {
      result.r1 = gate.released.get();
      result.r2 = attempt.endpoint.inFlight();
    }
  }

  @JCStressTest
  @Outcome(id = "1, 0, 0", expect = Expect.ACCEPTABLE, desc = "not a failure")
  @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "a failure")
  @Outcome(expect = Expect.FORBIDDEN, desc = "ended twice, or never")
  @State
  public static class ThreeEnds {
    private final StressGate gate = new StressGate(true);
    private final Attempt attempt = start(gate);

    @Actor
    public void succeed() {
      attempt.succeed();
    }

    @Actor
    public void fail() {
      attempt.responded();
      attempt.fail(null);
    }

    @Actor
    public void cancel() {
      attempt.cancel();
    }

    @Arbiter
    public void count(III_Result result) {
      result.r1 = gate.released.get();
      result.r2 = attempt.endpoint.inFlight();
      result.r3 = attempt.endpoint.failureRate() > 0 ? 1 : 0;
    }
  }

  @JCStressTest
  @Outcome(id = "2, 1, 1", expect = Expect.ACCEPTABLE, desc = "both are remembered")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one was lost")
  @State
  public static class RequestRemembers {
    private final RequestContext request = RequestContext.create();
    private final Attempt first = start(new StressGate(true));
    private final Attempt second = start(new StressGate(true));

    @Actor
    public void addFirst() {
      request.add(first);
    }

    @Actor
    public void addSecond() {
      request.add(second);
    }

    @Arbiter
    public void read(III_Result result) {
      boolean numbered = first.number + second.number == 3;
      result.r1 = numbered ? request.attemptNumber() : -1;
      result.r2 = request.skips(first.endpoint) ? 1 : 0;
      result.r3 = request.skips(second.endpoint) ? 1 : 0;
    }
  }

  @JCStressTest
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "both filters hold")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one was lost")
  @State
  public static class RequestFilters {
    private final RequestContext request = RequestContext.create();
    private final LiveEndpoint a = new LiveEndpoint(StressWorld.context(), StressWorld.A);
    private final LiveEndpoint b = new LiveEndpoint(StressWorld.context(), StressWorld.B);

    @Actor
    public void notA() {
      RequestContext unused = request.only(server -> !server.equals(StressWorld.A));
    }

    @Actor
    public void notB() {
      RequestContext unused = request.only(server -> !server.equals(StressWorld.B));
    }

    @Arbiter
    public void read(II_Result result) {
      result.r1 = request.skips(a) ? 1 : 0;
      result.r2 = request.skips(b) ? 1 : 0;
    }
  }
}
