package io.evenload.micrometer;

import io.evenload.Chooser;
import io.evenload.chooser.Choosers;
import io.evenload.testing.ChooserContract;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;

/** A chooser that is timed is as good as it was. */
final class TimedChooserTest extends ChooserContract {

  @Override
  protected Chooser chooser() {
    return LoadBalancerMetrics.timed(new SimpleMeterRegistry(), "orders", Choosers.maglev());
  }

  @Override
  protected Keys keys() {
    return Keys.HASHED;
  }
}
