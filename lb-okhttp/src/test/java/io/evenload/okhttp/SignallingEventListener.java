package io.evenload.okhttp;

import java.io.IOException;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.EventListener;

/** Wakes the waiting test whenever a call or a connection moves on. */
final class SignallingEventListener extends EventListener {

  private final Signal signal;

  SignallingEventListener(Signal signal) {
    this.signal = signal;
  }

  @Override
  public void connectionReleased(Call call, Connection connection) {
    signal.changed();
  }

  @Override
  public void callEnd(Call call) {
    signal.changed();
  }

  @Override
  public void callFailed(Call call, IOException failure) {
    signal.changed();
  }

  @Override
  public void canceled(Call call) {
    signal.changed();
  }
}
