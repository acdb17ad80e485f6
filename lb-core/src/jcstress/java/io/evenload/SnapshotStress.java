package io.evenload;

import java.util.List;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.CI_Result;
import org.openjdk.jcstress.infra.results.ZI_Result;

/** An attempt that starts while a new snapshot is published finds a server if there is one. */
public class SnapshotStress {

  private SnapshotStress() {}

  @JCStressTest
  @Outcome(
      id = {"a, 0", "b, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "the old or the new server")
  @Outcome(expect = Expect.FORBIDDEN, desc = "no server, or a slot that was not given back")
  @State
  public static class Replace {
    private final UpdatableServerList list = new UpdatableServerList(List.of(StressWorld.A));
    private final LoadBalancer balancer = StressWorld.balancer(list).build();

    @Actor
    public void update() {
      list.update(List.of(StressWorld.B));
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
  @Outcome(
      id = {"a, 0", "b, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "one of the servers")
  @Outcome(expect = Expect.FORBIDDEN, desc = "no server, or a slot that was not given back")
  @State
  public static class LeaveAndReturn {
    private final UpdatableServerList list = new UpdatableServerList(List.of(StressWorld.A));
    private final LoadBalancer balancer = StressWorld.balancer(list).build();

    @Actor
    public void update() {
      list.update(List.of(StressWorld.B));
      list.update(List.of(StressWorld.A));
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
  @Outcome(
      id = {"a, 0", "b, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "the old or the new server")
  @Outcome(expect = Expect.FORBIDDEN, desc = "no server, or a slot that was not given back")
  @State
  public static class WeightsSwap {
    private final UpdatableServerList list =
        new UpdatableServerList(List.of(weighted("a", 1), weighted("b", 0)));
    private final LoadBalancer balancer = StressWorld.balancer(list).build();

    private static Server weighted(String host, int weight) {
      return Server.builder(host, 80).weight(weight).build();
    }

    @Actor
    public void update() {
      list.update(List.of(weighted("a", 0), weighted("b", 1)));
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
  @Outcome(id = "a, 0", expect = Expect.ACCEPTABLE, desc = "served, or tried at the closed gate")
  @Outcome(expect = Expect.FORBIDDEN, desc = "no server though one was open or free for a trial")
  @State
  public static class GateCloses {
    private final StressGate gate = new StressGate(true);
    private final LoadBalancer balancer =
        StressWorld.balancer(ServerList.of(StressWorld.A)).gate(gate.factory()).build();

    @Actor
    public void change() {
      gate.change(false);
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
  @Outcome(id = "a, 0", expect = Expect.ACCEPTABLE, desc = "served, or tried at the closed gate")
  @Outcome(expect = Expect.FORBIDDEN, desc = "no server though one was open or free for a trial")
  @State
  public static class GateOpens {
    private final StressGate gate = new StressGate(false);
    private final LoadBalancer balancer =
        StressWorld.balancer(ServerList.of(StressWorld.A)).gate(gate.factory()).build();

    @Actor
    public void change() {
      gate.change(true);
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
  @Outcome(
      id = {"true, 0", "false, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "before or after")
  @Outcome(expect = Expect.FORBIDDEN, desc = "it does not stay closed")
  @State
  public static class Close {
    private final UpdatableServerList list = new UpdatableServerList(List.of(StressWorld.A));
    private final LoadBalancer balancer = StressWorld.balancer(list).build();

    @Actor
    public void close() {
      balancer.close();
    }

    @Actor
    public void update(ZI_Result result) {
      list.update(List.of(StressWorld.B));
      result.r1 = StressWorld.start(balancer) == '-';
    }

    @Arbiter
    public void closed(ZI_Result result) {
      result.r2 = StressWorld.start(balancer) == '-' ? StressWorld.inFlight(balancer) : -1;
    }
  }
}
