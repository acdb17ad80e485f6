package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.Outcome;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One attempt, and a second one if that takes long, of which the first good answer wins. */
final class Race {

  /*
   * Each attempt runs on a worker's thread, and that of the call waits: the lookup of a name, or an interceptor behind
   * ours, may block for longer than the attempt may take, and cannot be made to stop, but it can be left. If there is no
   * worker for the first attempt, the thread of the call makes it after all, and waits for what blocks there.
   *
   * The lock is this race's own, so nobody waits for it but these threads; the timer does not, it only hands on. Under it
   * one attempt is made the winner, once: one that is done, and is good or has nobody left beside it. From then on the
   * other one is given up: its attempt ends as abandoned at once, its call is canceled, and a response that comes all the
   * same is closed by the thread that gets it. So each attempt ends once and each response is the caller's or closed,
   * whoever is first. Cancelling and closing may block, so they happen outside the lock.
   *
   * An attempt is done when its call has returned, or when its time is over and it was left (NestedCall.leave), whichever
   * is first. One of the two has it judged, and the other does nothing.
   *
   * A call that is canceled cancels both (BalancedCall.nest), and a canceled attempt is not one to repeat, so it wins at once.
   */

  /** Begins the second attempt. */
  @FunctionalInterface
  interface Second {

    /** Returns the attempt, begun but not sent; null if there is to be none. */
    @Nullable NestedCall begin() throws IOException;
  }

  /** What is done with an attempt that was begun. */
  interface Making {

    /** Makes the attempt and has it judged; returns false if it was left meanwhile. */
    boolean make(NestedCall attempt);

    /** Has an attempt judged that was left, and so ended with an exception. */
    void judge(NestedCall left, IOException failure);
  }

  /** Within this time a call comes back that was canceled, unless something in it blocks. */
  private static final long GRACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final NestedCall first;
  private final Second beginning;
  private final Making making;
  private final Timing timing;
  private final @Nullable ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition over = lock.newCondition();

  private @Nullable NestedCall second;

  private @Nullable NestedCall done;

  private @Nullable NestedCall winner;

  private boolean leaving;

  private @Nullable Throwable thrown;

  /** Creates a race that has not begun. */
  Race(NestedCall first, Second beginning, Making making, Timing timing) {
    this.first = first;
    this.beginning = beginning;
    this.making = making;
    this.timing = timing;
  }

  /**
   * Runs the race, and returns the attempt that won.
   *
   * @param delayNanos when the second attempt is due; {@link Hedging#NO} is never
   * @param remainingNanos what is left of the call's own time
   * @param refused is told if there is no thread for the second attempt
   */
  AttemptRecord run(long delayNanos, long remainingNanos, Consumer<Refusal> refused)
      throws IOException {
    Future<?> due =
        delayNanos == Hedging.NO
            ? null
            : timing.timer().schedule(() -> due(refused), delayNanos, TimeUnit.NANOSECONDS);
    try {
      if (!Timing.taken(timing.firsts(), () -> runOnWorker(first))) {
        run(first);
      }
      return awaitWinner(Math.max(remainingNanos, remainingNanos + GRACE_NANOS)).record();
    } finally {
      if (due != null) {
        due.cancel(false);
      }
    }
  }

  private void due(Consumer<Refusal> refused) {
    if (!Timing.taken(timing.workers(), this::hedge)) {
      Timing.aside(() -> refused.accept(Refusal.NO_THREAD));
    }
  }

  private void hedge() {
    NestedCall begun = null;
    lock.lock();
    try {
      if (done == null && winner == null && !leaving) {
        begun = beginning.begin();
        second = begun;
      }
    } catch (IOException | RuntimeException e) {
      return; // without a second attempt the first one decides
    } finally {
      lock.unlock();
    }
    if (begun != null) {
      runOnWorker(begun);
    }
  }

  /** As on the thread of the call, whose class loader the code of users may look for. */
  private void runOnWorker(NestedCall attempt) {
    Thread worker = Thread.currentThread();
    ClassLoader before = worker.getContextClassLoader();
    worker.setContextClassLoader(loader);
    try {
      run(attempt);
    } finally {
      worker.setContextClassLoader(before);
    }
  }

  private void run(NestedCall attempt) {
    Throwable failure = null;
    boolean judged = true;
    try {
      attempt.limit(() -> Timing.aside(() -> timedOut(attempt)));
      judged = making.make(attempt);
    } catch (Throwable e) { // OkHttp also throws what it does not declare
      attempt.record().abandon();
      failure = e;
    }
    if (judged) {
      finished(attempt, failure);
    }
  }

  /** Its time is over: what it has not ended by now goes on without a caller. */
  private void timedOut(NestedCall attempt) {
    IOException failure = attempt.leaveLate();
    if (failure != null) {
      finished(attempt, judged(attempt, failure));
    }
    attempt.call().cancel();
  }

  private @Nullable Throwable judged(NestedCall left, IOException failure) {
    try {
      making.judge(left, failure);
      return null;
    } catch (RuntimeException | Error e) {
      return e;
    }
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
          over.signalAll();
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
      lost.abandon();
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

  private NestedCall awaitWinner(long mostNanos) throws IOException {
    try {
      if (!awaitDecision(mostNanos)) {
        leaveOverdue();
      }
    } catch (InterruptedException e) {
      leaveAll(BalancedCall.interrupted(e));
    }
    lock.lock();
    try {
      while (winner == null) {
        over.awaitUninterruptibly();
      }
      if (thrown != null) {
        throw rethrowable(thrown);
      }
      return requireNonNull(winner);
    } finally {
      lock.unlock();
    }
  }

  private static IOException rethrowable(Throwable thrown) {
    if (thrown instanceof RuntimeException e) {
      throw e;
    }
    if (thrown instanceof Error e) {
      throw e;
    }
    return thrown instanceof IOException e ? e : new IOException(thrown);
  }

  /** Returns false if no attempt was done within this time. */
  private boolean awaitDecision(long mostNanos) throws InterruptedException {
    lock.lock();
    try {
      long left = mostNanos;
      while (winner == null) {
        if (done != null) {
          over.await();
        } else if (left > 0) {
          left = over.awaitNanos(left);
        } else {
          return false;
        }
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /** The call's own timeout is over, and what was canceled for that has not come back. */
  private void leaveOverdue() {
    if (stillRunning().isEmpty()) {
      return;
    }
    first.cancel(); // it is judged by that
    if (first.leave()) {
      finished(first, judged(first, new InterruptedIOException("timeout")));
    }
  }

  /*
   * Nobody waits any more. An interrupt either comes before the decision, and is it, or does not undo it: the winner is
   * never left to nobody. What cannot be left, since it is being judged or writes the caller's body, is canceled, and
   * decides when it is done.
   */
  private void leaveAll(IOException interrupted) {
    List<NestedCall> running = stillRunning();
    List<NestedCall> left = running.stream().filter(NestedCall::leave).toList();
    Throwable failure = null;
    for (NestedCall each : left) {
      each.record().carrier().end(Outcome.CANCELLED, null);
      Throwable broken = judged(each, interrupted);
      failure = broken == null ? failure : broken;
    }
    if (left.size() > 1) {
      becomeDone(left.get(1));
    }
    if (!left.isEmpty()) {
      finished(left.get(0), failure);
    }
    running.forEach(NestedCall::cancel);
  }

  /** Returns what has not been decided yet, beside which none begins any more. */
  private List<NestedCall> stillRunning() {
    lock.lock();
    try {
      leaving = true;
      return winner != null
          ? List.of()
          : Stream.of(first, second).filter(each -> each != null && each != done).toList();
    } finally {
      lock.unlock();
    }
  }

  private void becomeDone(NestedCall left) {
    lock.lock();
    try {
      done = left;
    } finally {
      lock.unlock();
    }
  }
}
