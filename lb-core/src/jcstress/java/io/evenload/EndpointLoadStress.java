package io.evenload;

import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** The counters of an endpoint are right under any interleaving. */
public class EndpointLoadStress {

  private EndpointLoadStress() {}

  private static LiveEndpoint endpoint() {
    return new LiveEndpoint(StressWorld.context(), StressWorld.A);
  }

  /** What Admission does below a limit. */
  private static boolean enterBelow(LiveEndpoint endpoint, int limit) {
    long slots;
    do {
      slots = endpoint.slots();
      if (LiveEndpoint.inFlight(slots) >= limit) {
        return false;
      }
    } while (!endpoint.tryEnter(slots));
    return true;
  }

  @JCStressTest
  @Outcome(
      id = {"1, 0, 1", "0, 1, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "one took the place")
  @Outcome(expect = Expect.FORBIDDEN, desc = "more than the limit, or nobody")
  @State
  public static class LimitOfOne {
    private final LiveEndpoint endpoint = endpoint();

    @Actor
    public void first(III_Result result) {
      result.r1 = enterBelow(endpoint, 1) ? 1 : 0;
    }

    @Actor
    public void second(III_Result result) {
      result.r2 = enterBelow(endpoint, 1) ? 1 : 0;
    }

    @Arbiter
    public void count(III_Result result) {
      result.r3 = endpoint.inFlight();
    }
  }

  @JCStressTest
  @Outcome(
      id = {"1, 0, 1", "1, 1, 2"},
      expect = Expect.ACCEPTABLE,
      desc = "before or after")
  @Outcome(expect = Expect.FORBIDDEN, desc = "more than the limit, or a count that is off")
  @State
  public static class LimitWithoutLimit {
    private final LiveEndpoint endpoint = endpoint();

    @Actor
    public void unlimited(III_Result result) {
      endpoint.enter();
      result.r1 = 1;
    }

    @Actor
    public void limited(III_Result result) {
      result.r2 = enterBelow(endpoint, 1) ? 1 : 0;
    }

    @Arbiter
    public void count(III_Result result) {
      result.r3 = endpoint.inFlight();
    }
  }

  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "all given back")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a slot was lost")
  @State
  public static class EnterAndLeave {
    private final LiveEndpoint endpoint = endpoint();

    private void through() {
      if (enterBelow(endpoint, 1)) {
        endpoint.leave();
      }
    }

    @Actor
    public void first() {
      through();
    }

    @Actor
    public void second() {
      through();
    }

    @Arbiter
    public void count(I_Result result) {
      result.r1 = endpoint.inFlight();
    }
  }

  /** From a mean of .05 ms: a success of 1 ms, and a failure of .1 ms, long after. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "the failure counted first, or not at all")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a fast failure made the endpoint look faster")
  @State
  public static class FastFailure {
    private final LiveEndpoint endpoint = endpoint();

    public FastFailure() {
      endpoint.record(io.evenload.Outcome.SUCCESS, 50_000, 0);
    }

    @Actor
    public void success() {
      endpoint.record(io.evenload.Outcome.SUCCESS, 1_000_000, TimeUnit.SECONDS.toNanos(100));
    }

    @Actor
    public void failure() {
      endpoint.record(io.evenload.Outcome.FAILURE, 100_000, TimeUnit.SECONDS.toNanos(200));
    }

    @Arbiter
    public void latency(I_Result result) {
      result.r1 = endpoint.latencyNanos() > 120_000 ? 1 : 0;
    }
  }

  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "both failures counted")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one was lost")
  @State
  public static class TwoFailures {
    private final LiveEndpoint endpoint = endpoint();

    @Actor
    public void first() {
      endpoint.record(io.evenload.Outcome.FAILURE, 0, 0);
    }

    @Actor
    public void second() {
      endpoint.record(io.evenload.Outcome.FAILURE, 0, 0);
    }

    @Arbiter
    public void rate(I_Result result) {
      result.r1 = Math.abs(endpoint.failureRate() - 0.19) < 1e-6 ? 1 : 0;
    }
  }
}
