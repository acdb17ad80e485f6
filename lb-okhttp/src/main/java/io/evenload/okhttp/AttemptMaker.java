package io.evenload.okhttp;

import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Makes the attempts of one service that were begun, and has each of them judged. Thread-safe. */
final class AttemptMaker {

  /*
   * As a rule the call itself makes its attempts, one after another on its thread. Only one that must be cut short alone,
   * since it is hedged or has a timeout of its own, gets a call of its own (NestedCall), on another thread, where it can
   * be left (Race). Where Separation says so all get one, on the thread of the call. A hedge is begun on another
   * thread, but only while the call's is inside the Race, whose lock then orders what both write here.
   *
   * Around each attempt there is, from the outside in:
   *
   *   make             the backstop: what broke leaves no attempt in flight, and no response open
   *   Race             the caller waits beside it, and one more attempt is made beside it, if that is due
   *   judged           what came of it is judged and recorded, whichever call carries it
   *   Router           what OkHttp threw becomes what the attempt failed with; a misroute is told
   *   PathPrefix       the server's own path
   *   Passage.timed    the header with the time that is left
   *   NestedCall       the attempt's timeout, if it has a call of its own
   *   ServerDns        the way to the server
   */

  private final AttemptPlanner planner;
  private final Router router;
  private final Hedging hedging;
  private final Timing timing;

  AttemptMaker(AttemptPlanner planner, Router router, Hedging hedging, Timing timing) {
    this.planner = planner;
    this.router = router;
    this.hedging = hedging;
    this.timing = timing;
  }

  /**
   * Makes the attempt, and perhaps one beside it; returns the one that counts.
   *
   * @throws IOException if it could not be made at all, or the thread is interrupted
   */
  AttemptRecord make(Passage passage, AttemptRecord attempt) throws IOException {
    try {
      return made(passage, attempt);
    } catch (Throwable e) { // OkHttp also throws what it does not declare
      attempt.abandon();
      throw e;
    }
  }

  private AttemptRecord made(Passage passage, AttemptRecord attempt) throws IOException {
    if (!passage.nests()) {
      judged(passage, attempt, null);
      return attempt;
    }
    NestedCall nested = router.nested(passage, attempt);
    AttemptRecord made = attempt;
    long delay = planner.besideAfterNanos(passage);
    if (delay == Hedging.NO && passage.policy.attemptTimeout().isZero()) {
      judged(passage, attempt, nested);
    } else {
      made =
          new Race(nested, () -> beside(passage, attempt), making(passage), timing)
              .run(
                  delay,
                  passage.balanced.remainingNanos(),
                  refusal -> notHedged(passage, attempt, refusal));
    }
    hedging.learn(passage.policy, attempt);
    return made;
  }

  private Race.Making making(Passage passage) {
    return new Race.Making() {
      @Override
      public boolean make(NestedCall attempt) {
        return judged(passage, attempt.record(), attempt);
      }

      @Override
      public void judge(NestedCall left, IOException failure) {
        AttemptRecord attempt = left.record();
        try {
          attempt.failed(failure, passage.options.judge(), passage.policy, passage.balanced.now());
        } catch (RuntimeException | Error e) {
          attempt.abandon();
          throw e;
        }
      }
    };
  }

  /**
   * Makes one attempt, from its sending to its verdict; returns false if it was left before that,
   * which says what came of it.
   */
  private boolean judged(Passage passage, AttemptRecord attempt, @Nullable NestedCall nested) {
    Judge judge = passage.options.judge();
    try {
      Response answer =
          nested == null ? router.send(passage, attempt) : router.send(passage, nested);
      if (answer == null) {
        return false;
      }
      Response response = attempt.carrier().restored(answer);
      attempt.answered(response, judge, passage.policy, passage.balanced.now());
      if (attempt.verdict().fromServer()) {
        passage.options.hints().accept(attempt.server(), attempt.carrier().fromNetwork(response));
      }
    } catch (ServiceRedirect e) {
      attempt.redirected(e, passage.balanced.now());
    } catch (IOException e) {
      attempt.failed(e, judge, passage.policy, passage.balanced.now());
    } catch (RuntimeException | Error e) {
      attempt.abandon();
      throw e;
    }
    return true;
  }

  /** Begins an attempt beside one that has no answer, if that may be; on a worker's thread. */
  private @Nullable NestedCall beside(Passage passage, AttemptRecord slow) throws IOException {
    AttemptRecord second = planner.beside(passage, slow);
    if (second == null) {
      return null;
    }
    NestedCall nested;
    try {
      nested = router.nested(passage, second);
    } catch (Throwable e) {
      planner.takeBack(passage, second);
      notHedged(passage, slow, Refusal.NO_SERVER);
      throw e;
    }
    hedging.hedged(passage.balanced.call(), slow.server(), second.server());
    return nested;
  }

  private void notHedged(Passage passage, AttemptRecord slow, Refusal refusal) {
    hedging.notHedged(passage.balanced.call(), slow.server(), refusal);
  }
}
