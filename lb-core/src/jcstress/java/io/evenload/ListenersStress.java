package io.evenload;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.I_Result;

/** Each queued event is told, one after another, whoever tells it. */
@JCStressTest
@Outcome(id = "2", expect = Expect.ACCEPTABLE, desc = "both, one after another")
@Outcome(expect = Expect.FORBIDDEN, desc = "lost, overlapping or invisible")
@State
public class ListenersStress {
  private final Listeners listeners = StressWorld.context().listeners();
  private int told; // plain, so that an overlap or a stale read shows

  private void event() {
    listeners.later(() -> told++);
    listeners.tell();
  }

  @Actor
  public void first() {
    event();
  }

  @Actor
  public void second() {
    event();
  }

  @Arbiter
  public void read(I_Result result) {
    result.r1 = told;
  }
}
