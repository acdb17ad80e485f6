package io.evenload.examples;

import io.evenload.Chooser;
import io.evenload.testing.ChooserContract;

final class FirstWithRoomTest extends ChooserContract {

  @Override
  protected Chooser chooser() {
    return CustomChooser.FIRST_WITH_ROOM;
  }

  @Override
  protected String ignoresWeights() {
    return "fills one server after the other, so that idle ones can be shut down";
  }

  @Override
  protected boolean loadAware() {
    return true;
  }
}
