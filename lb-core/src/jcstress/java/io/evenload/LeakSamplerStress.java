package io.evenload;

import java.lang.reflect.Field;
import java.util.Set;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** A sample pushed onto the stack is watched until its attempt ended: none is lost on the way. */
public class LeakSamplerStress {

  private static final Field WATCHED;

  static {
    try {
      WATCHED = LeakSampler.class.getDeclaredField("watched");
      WATCHED.setAccessible(true);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private LeakSamplerStress() {}

  private static int watched(LeakSampler sampler) {
    try {
      return ((Set<?>) WATCHED.get(sampler)).size();
    } catch (ReflectiveOperationException e) {
      throw new AssertionError(e);
    }
  }

  /** Two attempts begin while the control path takes the stack over. */
  @JCStressTest
  @Outcome(id = "3", expect = Expect.ACCEPTABLE, desc = "all three are watched")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a sample was lost")
  @State
  public static class PushAndPoll {
    private final BalancerContext context = StressWorld.context();
    private final LeakSampler sampler = new LeakSampler(context, 2);
    private final LiveEndpoint endpoint = new LiveEndpoint(context, StressWorld.A);
    private final Attempt before = attempt();
    private Attempt first = before;
    private Attempt second = before;

    private Attempt attempt() {
      return new Attempt(endpoint, endpoint.gates(), null, 0, sampler);
    }

    @Actor
    public void begin() {
      first = attempt();
      second = attempt();
    }

    @Actor
    public void poll() {
      sampler.poll();
    }

    @Arbiter
    public void count(I_Result result) {
      sampler.poll();
      boolean alive = first != before && second != before;
      result.r1 = alive ? watched(sampler) : -1;
    }
  }

  @JCStressTest
  @Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "both are watched")
  @Outcome(expect = Expect.FORBIDDEN, desc = "a sample was lost")
  @State
  public static class TwoPushes {
    private final BalancerContext context = StressWorld.context();
    private final LeakSampler sampler = new LeakSampler(context, 2);
    private final LiveEndpoint endpoint = new LiveEndpoint(context, StressWorld.A);
    private volatile Object first = "";
    private volatile Object second = "";

    @Actor
    public void beginFirst() {
      first = new Attempt(endpoint, endpoint.gates(), null, 0, sampler);
    }

    @Actor
    public void beginSecond() {
      second = new Attempt(endpoint, endpoint.gates(), null, 0, sampler);
    }

    @Arbiter
    public void count(I_Result result) {
      sampler.poll();
      result.r1 = first instanceof Attempt && second instanceof Attempt ? watched(sampler) : -1;
    }
  }

  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "an ended one is dropped")
  @Outcome(expect = Expect.FORBIDDEN, desc = "it is watched for ever, or was reported")
  @State
  public static class EndAndPoll {
    private final BalancerContext context = StressWorld.context();
    private final LeakSampler sampler = new LeakSampler(context, 2);
    private final LiveEndpoint endpoint = new LiveEndpoint(context, StressWorld.A);
    private final Attempt attempt = new Attempt(endpoint, endpoint.gates(), null, 0, sampler);

    public EndAndPoll() {
      endpoint.enter();
    }

    @Actor
    public void end() {
      attempt.succeed();
    }

    @Actor
    public void poll() {
      sampler.poll();
    }

    @Arbiter
    public void count(I_Result result) {
      sampler.poll();
      result.r1 = watched(sampler) + endpoint.inFlight() + (int) sampler.leaked();
    }
  }
}
