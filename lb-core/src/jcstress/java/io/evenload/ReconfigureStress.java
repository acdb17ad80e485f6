package io.evenload;

import java.util.List;
import java.util.function.LongSupplier;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.CI_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** Options that change while attempts start, lists are updated, and other options change. */
public class ReconfigureStress {

  private static final Server C = Server.of("c", 80);

  private ReconfigureStress() {}

  /** Prefers the servers in the order of these letters. */
  private static Chooser inOrder(String order) {
    return (eligible, request) -> {
      for (int i = 0; i < order.length(); i++) {
        for (Endpoint endpoint : eligible) {
          if (endpoint.server().host().charAt(0) == order.charAt(i) && !request.skips(endpoint)) {
            return endpoint;
          }
        }
      }
      return eligible.get(0);
    };
  }

  /** Lets every server have attempts but one. */
  private static Gate.Factory allBut(Server full) {
    return (Server server, LongSupplier nanoTime, Runnable changed) ->
        new Gate() {
          @Override
          public boolean open() {
            return true;
          }

          @Override
          public boolean tryAcquire() {
            return !server.equals(full);
          }

          @Override
          public void release(io.evenload.Outcome outcome, long latencyNanos) {}
        };
  }

  @JCStressTest
  @Outcome(
      id = {"a, 0", "b, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "by the old or the new options")
  @Outcome(
      id = "c, 0",
      expect = Expect.ACCEPTABLE,
      desc = "by the chooser of the one and the gates of the other, or found by the engine")
  @Outcome(expect = Expect.FORBIDDEN, desc = "no server, or a slot that was not given back")
  @State
  public static class Start {
    private final LoadBalancer balancer =
        StressWorld.balancer(ServerList.of(StressWorld.A, StressWorld.B, C))
            .chooser(inOrder("acb"))
            .gate(allBut(StressWorld.B))
            .build();

    @Actor
    public void reconfigure() {
      balancer.reconfigure(
          options -> options.chooser(inOrder("bca")).withoutGates().gate(allBut(StressWorld.A)));
    }

    @Actor
    public void start(CI_Result result) {
      result.r1 = StressWorld.start(balancer);
    }

    @Arbiter
    public void inFlight(CI_Result result) {
      result.r2 = StressWorld.inFlight(balancer);
    }
  }

  @JCStressTest
  @Outcome(id = "c, 0", expect = Expect.ACCEPTABLE, desc = "the new options and the new list")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one of them was lost")
  @State
  public static class Update {
    private final UpdatableServerList list =
        new UpdatableServerList(List.of(StressWorld.A, StressWorld.B));
    private final LoadBalancer balancer =
        StressWorld.balancer(list).chooser(inOrder("abc")).build();

    @Actor
    public void reconfigure() {
      balancer.reconfigure(options -> options.chooser(inOrder("cba")));
    }

    @Actor
    public void update() {
      list.update(List.of(StressWorld.A, C));
    }

    @Arbiter
    public void start(CI_Result result) {
      result.r1 = StressWorld.start(balancer);
      result.r2 = StressWorld.inFlight(balancer);
    }
  }

  @JCStressTest
  @Outcome(id = "b, 0", expect = Expect.ACCEPTABLE, desc = "what both have set")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one of the changes was lost")
  @State
  public static class Twice {
    private final LoadBalancer balancer =
        StressWorld.balancer(ServerList.of(StressWorld.A, StressWorld.B))
            .chooser(inOrder("ab"))
            .gate(allBut(StressWorld.B))
            .build();

    @Actor
    public void chooser() {
      balancer.reconfigure(options -> options.chooser(inOrder("ba")));
    }

    @Actor
    public void gates() {
      balancer.reconfigure(LoadBalancer.Builder::withoutGates);
    }

    @Arbiter
    public void start(CI_Result result) {
      result.r1 = StressWorld.start(balancer);
      result.r2 = StressWorld.inFlight(balancer);
    }
  }

  @JCStressTest
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "what was acquired was released")
  @Outcome(expect = Expect.FORBIDDEN, desc = "once too often or not at all")
  @State
  public static class GateGoes {
    private final StressGate gate = new StressGate(true);
    private final LoadBalancer balancer =
        StressWorld.balancer(ServerList.of(StressWorld.A)).gate(gate.factory()).build();

    @Actor
    public void reconfigure() {
      balancer.reconfigure(LoadBalancer.Builder::withoutGates);
    }

    @Actor
    public void start() {
      StressWorld.start(balancer);
    }

    @Arbiter
    public void held(II_Result result) {
      result.r1 = gate.acquired.get() - gate.released.get();
      result.r2 = StressWorld.inFlight(balancer);
    }
  }
}
