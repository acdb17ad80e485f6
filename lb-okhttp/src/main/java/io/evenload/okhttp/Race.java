package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Outcome;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One attempt, and a second one if that takes long, of which the first good answer wins. */
final class Race {

  /*
   * The first attempt runs on the thread of the call, so that a call that is not hedged needs no other thread. When the
   * second is due, a worker makes it; if it wins, it cancels the first, whose thread then comes back with the winner.
   *
   * The lock is this race's own, so nobody waits for it but these two threads and the timer. Under it one of them is made
   * the winner, once: an attempt that is done, and is good or has nobody left beside it. From then on the other one is
   * given up: its attempt ends as abandoned at once, its call is canceled, and a response that comes all the same is
   * closed by the thread that gets it. So each attempt ends once and each response is the caller's or closed, whoever
   * is first. Cancelling and closing may block, so they happen outside the lock.
   *
   * A call that is canceled cancels both (BalancedCall.nest), and a canceled attempt is not one to repeat, so it wins at once.
   */

  /** Makes the second attempt. */
  @FunctionalInterface
  interface Second {

    /** Returns the attempt, begun but not sent; null if there is to be none. */
    @Nullable NestedCall begin() throws IOException;
  }

  private final NestedCall first;
  private final Second beginning;
  private final Consumer<NestedCall> making;
  private final Timing timing;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition over = lock.newCondition();

  private @Nullable NestedCall second;

  private @Nullable NestedCall done;

  private @Nullable NestedCall winner;

  private @Nullable Throwable thrown;

  /**
   * Creates a race that has not begun.
   *
   * @param making makes an attempt that was begun, and has it judged
   */
  Race(NestedCall first, Second beginning, Consumer<NestedCall> making, Timing timing) {
    this.first = first;
    this.beginning = beginning;
    this.making = making;
    this.timing = timing;
  }

  /**
   * Runs the race, and returns the attempt that won.
   *
   * @param refused is told if there is no thread for the second attempt
   */
  AttemptRecord run(long delayNanos, Consumer<Refusal> refused) throws IOException {
    Future<?> due = timing.timer().schedule(() -> due(refused), delayNanos, TimeUnit.NANOSECONDS);
    run(first);
    due.cancel(false);
    try {
      return awaitWinner().record();
    } catch (InterruptedIOException e) {
      abandon();
      throw e;
    }
  }

  private void due(Consumer<Refusal> refused) {
    try {
      timing.workers().execute(this::hedge);
    } catch (RejectedExecutionException e) {
      refused.accept(Refusal.NO_THREAD);
    }
  }

  private void hedge() {
    NestedCall begun = null;
    lock.lock();
    try {
      if (done == null && winner == null) {
        begun = beginning.begin();
        second = begun;
      }
    } catch (IOException | RuntimeException e) {
      return; // without a second attempt the first one decides
    } finally {
      lock.unlock();
    }
    if (begun != null) {
      run(begun);
    }
  }

  private void run(NestedCall attempt) {
    Throwable failure = null;
    try {
      making.accept(attempt);
    } catch (RuntimeException | Error e) {
      failure = e;
    }
    finished(attempt, failure);
  }

  private void finished(NestedCall attempt, @Nullable Throwable failure) {
    NestedCall other = null;
    boolean otherDone = false;
    boolean late;
    lock.lock();
    try {
      late = winner != null;
      if (!late) {
        other = attempt == first ? second : first;
        otherDone = other != null && other == done;
        boolean waits =
            failure == null
                && attempt.record().verdict().retryable()
                && other != null
                && !otherDone;
        done = attempt;
        if (waits) {
          return;
        }
        thrown = failure;
        decide(attempt, other, otherDone);
      }
    } finally {
      lock.unlock();
    }
    if (late) {
      discard(attempt, false);
    } else if (other != null) {
      discard(other, otherDone);
    }
  }

  private void decide(NestedCall won, @Nullable NestedCall lost, boolean judged) {
    winner = won;
    if (lost != null && !judged) {
      lost.record().giveUp(timing.nanoTime().getAsLong());
    }
    over.signalAll();
  }

  /** Ends an attempt that did not win, as it was judged, or else as given up. */
  private static void discard(NestedCall loser, boolean judged) {
    if (judged) {
      loser.record().end();
    } else {
      loser.record().carrier().giveUp();
      loser.call().cancel();
    }
    loser.record().closeResponse();
  }

  private NestedCall awaitWinner() throws IOException {
    lock.lock();
    try {
      awaitDecision();
      if (thrown instanceof RuntimeException e) {
        throw e;
      }
      if (thrown instanceof Error e) {
        throw e;
      }
      return requireNonNull(winner);
    } finally {
      lock.unlock();
    }
  }

  /*
   * Under the lock an interrupt either comes before the decision, and is it, or does not undo it: the winner is never left
   * to nobody.
   */
  private void awaitDecision() throws InterruptedIOException {
    try {
      while (winner == null) {
        over.await();
      }
    } catch (InterruptedException e) {
      InterruptedIOException interrupted = BalancedCall.interrupted(e);
      if (winner == null) {
        decide(first, second, false); // the second goes on for no one
        throw interrupted;
      }
    }
  }

  /** Nobody waits any more: ends the first attempt, which is done, and the second, which is not. */
  private void abandon() {
    discard(first, true);
    NestedCall running = requireNonNull(second);
    running.record().carrier().end(Outcome.CANCELLED, null); // the caller gave both up
    discard(running, false);
  }
}
