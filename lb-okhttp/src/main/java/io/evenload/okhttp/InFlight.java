package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.Outcome;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.lang.ref.Cleaner;
import java.time.Duration;
import java.util.function.Consumer;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/** The attempt of a call that has not ended. */
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

  private volatile @Nullable Attempt running;
  private volatile @Nullable Consumer<Attempt> leaks;
  private volatile Cleaner.@Nullable Cleanable cleanable;

  /**
   * Takes an attempt that begins.
   *
   * @param leaks is told of it if its response is dropped without being closed
   */
  void begin(Attempt attempt, Consumer<Attempt> leaks) {
    this.leaks = leaks;
    running = attempt;
  }

  /** Takes over what is in flight there, if anything is. */
  void takeOver(InFlight other) {
    leaks = other.leaks;
    running = other.take();
  }

  private @Nullable Attempt take() {
    return (@Nullable Attempt) RUNNING.getAndSet(this, (Attempt) null);
  }

  void responded() {
    Attempt attempt = running;
    if (attempt != null) {
      attempt.responded();
    }
  }

  /** Sees to it that the attempt ends if the call never does. */
  void watch(Call call) {
    if (cleanable == null) {
      cleanable = CLEANER.register(call, this);
    }
  }

  /** Ends the attempt, if it has not ended. */
  void end(Outcome outcome, @Nullable Throwable cause) {
    end(outcome, cause, Duration.ZERO);
  }

  /**
   * Ends the attempt, if it has not ended.
   *
   * @param body how long the server kept the caller waiting for its body
   */
  void end(Outcome outcome, @Nullable Throwable cause, Duration body) {
    Attempt attempt = take();
    if (attempt != null) {
      attempt.end(outcome, cause, body);
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
      Consumer<Attempt> told = leaks;
      if (told != null) {
        told.accept(leaked);
      }
    }
  }
}
