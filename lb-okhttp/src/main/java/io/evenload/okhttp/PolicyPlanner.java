package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.CallListener.Refusal;
import io.evenload.okhttp.Throttle.Reply;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** Plans the attempts of one service by the policy of each call. Thread-safe. */
final class PolicyPlanner implements AttemptPlanner {

  private final LoadBalancer balancer;
  private final Hedging hedging;

  PolicyPlanner(LoadBalancer balancer, Hedging hedging) {
    this.balancer = balancer;
    this.hedging = hedging;
  }

  @Override
  public AttemptRecord first(Passage passage) throws IOException {
    passage.balanced.throwIfCanceled();
    Throttle throttle = passage.options.throttle();
    if (throttle != null) {
      throttle.admit();
    }
    passage.options.retries().request(); // calls that are sent, of which some may be repeated
    Attempt attempt =
        passage.options.first().start(passage.balanced, passage.context(), passage.isPicky());
    return passage.begin(attempt, Reason.FIRST, false);
  }

  @Override
  public @Nullable AttemptRecord next(Passage passage, AttemptRecord tried) throws IOException {
    Throttle throttle = passage.options.throttle();
    return throttle == null ? repeated(passage, tried) : repeated(passage, tried, throttle);
  }

  private @Nullable AttemptRecord repeated(Passage passage, AttemptRecord tried, Throttle throttle)
      throws IOException {
    Reply reply = throttle.reply(tried);
    boolean refused = reply == Reply.REFUSED;
    if (refused && !throttle.admitsRepeat()) {
      tried.repeatedInVain();
    }
    AttemptRecord next = repeated(passage, tried);
    throttle.tried(reply, passage.repeatsRefusal(), next == null);
    passage.repeatsRefusal(refused);
    return next;
  }

  private @Nullable AttemptRecord repeated(Passage passage, AttemptRecord tried)
      throws IOException {
    if (!tried.verdict().retryable()) { // as mostly; nothing below is made for it
      return null;
    }
    long delay =
        passage
            .options
            .retries()
            .delayNanos(
                passage.balanced,
                passage.request,
                passage.policy,
                tried,
                passage.number(),
                () -> balancer.hasUntried(passage.context()));
    if (delay == Retries.NO) {
      return null;
    }
    if (tried.wantsRest(tried.server(), passage.balanced.now())) {
      passage.balanced.spare();
    }
    tried.end();
    Attempt next = null;
    try {
      next = afterWait(passage, tried, delay);
    } finally {
      if (next == null) {
        passage.options.retries().notMade(passage.policy, tried);
      }
    }
    if (next == null) {
      return null;
    }
    if (delay == 0) {
      passage.options.retries().retriedAtOnce(passage.balanced.call(), tried, passage.number());
    }
    tried.closeResponse();
    return passage.begin(next, Reason.RETRY, tried.verdict().stale());
  }

  /** Waits, and starts the next attempt; returns null if there is no server for it. */
  private @Nullable Attempt afterWait(Passage passage, AttemptRecord tried, long delay)
      throws IOException {
    try {
      if (delay > 0) {
        passage.balanced.pause(delay, new CountDownLatch(1));
      }
      passage.balanced.throwIfCanceled();
    } catch (IOException e) {
      tried.closeResponse();
      throw e;
    }
    try {
      return start(passage);
    } catch (NoServerAvailableException e) {
      passage
          .options
          .retries()
          .refused(
              passage.balanced.call(), passage.policy, tried, passage.number(), Refusal.NO_SERVER);
      return null;
    }
  }

  private Attempt start(Passage passage) throws NoServerAvailableException {
    try {
      return balancer.start(passage.context());
    } catch (NoServerAvailableException e) {
      if (passage.balanced.press()) {
        return balancer.start(passage.context());
      }
      throw e;
    }
  }

  @Override
  public long besideAfterNanos(Passage passage) {
    return hedging.delayNanos(
        passage.request, passage.policy, passage.number(), passage.balanced.remainingNanos());
  }

  @Override
  public @Nullable AttemptRecord beside(Passage passage, AttemptRecord slow) {
    Retries retries = passage.options.retries();
    Throttle throttle = passage.options.throttle();
    if (throttle != null && throttle.share() > 0) {
      hedging.notHedged(passage.balanced.call(), slow.server(), Refusal.THROTTLED);
      return null;
    }
    if (!retries.tryRetry(passage.policy)) {
      hedging.notHedged(passage.balanced.call(), slow.server(), Refusal.BUDGET_EXHAUSTED);
      return null;
    }
    Attempt second = elsewhere(passage, slow);
    if (second == null) {
      retries.giveBack(passage.policy);
      hedging.notHedged(passage.balanced.call(), slow.server(), Refusal.NO_SERVER);
      return null;
    }
    return passage.begin(second, Reason.HEDGE, false);
  }

  @Override
  public void takeBack(Passage passage, AttemptRecord second) {
    second.abandon();
    passage.takeBack(second);
    passage.options.retries().giveBack(passage.policy);
  }

  private @Nullable Attempt elsewhere(Passage passage, AttemptRecord slow) {
    if (!balancer.hasUntried(passage.context())) {
      return null; // one that was tried would be started for nothing
    }
    try {
      Attempt second = balancer.start(passage.context());
      if (!second.server().id().equals(slow.server().id())) {
        return second;
      }
      second.cancel();
    } catch (NoServerAvailableException e) {
      return null;
    }
    return null;
  }
}
