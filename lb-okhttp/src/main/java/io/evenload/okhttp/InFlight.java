package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.Outcome;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/** The attempt of a call that has not ended, and how it will end if nothing else happens. */
final class InFlight implements Runnable {

  /*
   * A response stays in flight until its body is read or closed, which OkHttp announces as the end of the call. A caller
   * who never closes it fires no event, so a Cleaner on the call gives the attempt back. The Cleaner holds this object
   * until then, so nothing here may lead to the call.
   */

  private static final Cleaner CLEANER = Cleaner.create();

  private static final VarHandle RUNNING;

  static {
    try {
      RUNNING = MethodHandles.lookup().findVarHandle(InFlight.class, "running", Attempt.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final RateLimitedLog log;
  private volatile @Nullable Attempt running;
  private volatile Outcome outcome = Outcome.CANCELLED;
  private volatile Cleaner.@Nullable Cleanable cleanable;
  private volatile String host = "";

  InFlight(RateLimitedLog log) {
    this.log = log;
  }

  RateLimitedLog log() {
    return log;
  }

  /** Takes the attempt, whose outcome is not known yet. */
  void begin(String host, Attempt attempt) {
    this.host = host;
    outcome = Outcome.CANCELLED;
    running = attempt;
  }

  /** Returns the attempt that has not ended, if there is one, and leaves its end to the caller. */
  @Nullable Attempt take() {
    return (@Nullable Attempt) RUNNING.getAndSet(this, (Attempt) null);
  }

  void responded() {
    Attempt attempt = running;
    if (attempt != null) {
      attempt.responded();
    }
  }

  /** Keeps the attempt in flight until the call ends, and sees to it if the call never does. */
  void keep(Call call, Outcome outcome) {
    this.outcome = outcome;
    if (cleanable == null) {
      cleanable = CLEANER.register(call, this);
    }
  }

  /** Ends the attempt as it was judged, if it has not ended. */
  void end() {
    end(outcome, null);
  }

  void end(Outcome outcome, @Nullable Throwable cause) {
    Attempt attempt = take();
    if (attempt == null) {
      return;
    }
    switch (outcome) {
      case SUCCESS -> attempt.succeed();
      case FAILURE -> attempt.fail(cause);
      case CANCELLED -> attempt.cancel();
    }
  }

  /** The call ended, so that there is nothing left to watch. */
  void forget() {
    Cleaner.Cleanable watched = cleanable;
    if (watched != null) {
      cleanable = null;
      watched.clean();
    }
  }

  /** The call is gone, or it ended before. */
  @Override
  public void run() {
    Attempt leaked = take();
    if (leaked != null) {
      leaked.cancel();
      log.warn(
          host
              + ": a response was dropped without being closed; its attempt at "
              + leaked.server().id()
              + " was given back",
          null);
    }
  }
}
