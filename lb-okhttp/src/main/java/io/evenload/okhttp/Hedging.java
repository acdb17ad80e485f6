package io.evenload.okhttp;

import io.evenload.Server;
import io.evenload.okhttp.CallListener.Refusal;
import okhttp3.Call;
import okhttp3.Request;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides for one service whether an attempt is hedged, and when. */
final class Hedging {

  /** Instead of a delay: the attempt is not hedged. */
  static final long NO = -1;

  private static final Logger logger =
      LoggerFactory.getLogger("io.evenload.okhttp.LoadBalancingInterceptor");

  private final String host;
  private final LatencyQuantiles latencies;
  private final CallListener listener;

  Hedging(String host, Timing timing, CallListener listener) {
    this.host = host;
    this.latencies = new LatencyQuantiles(timing.nanoTime());
    this.listener = listener;
  }

  /**
   * Returns after how many nanoseconds a second attempt is due, or {@link #NO}.
   *
   * @param number the attempts made so far
   */
  long delayNanos(Request request, RetryPolicy policy, int number, long remainingNanos) {
    HedgePolicy hedge = policy.hedge();
    if (hedge == null || number >= policy.maxAttempts() || !Repeatability.atOnce(request, policy)) {
      return NO;
    }
    long delay = hedge.delayNanos();
    if (hedge.quantile() != 0) {
      delay = latencies.nanos(hedge.quantile());
      if (delay == LatencyQuantiles.UNKNOWN) {
        return NO;
      }
      delay = Math.max(delay, HedgePolicy.MIN_DELAY.toNanos());
    }
    return delay < remainingNanos ? delay : NO;
  }

  /** Learns how long the first attempt of a race took, or one that had none beside it. */
  void learn(RetryPolicy policy, AttemptRecord first) {
    if (first.tellsLatency()) {
      learn(policy, first.tookNanos());
    }
  }

  /*
   * An attempt that was given up took at least so long, and that is longer than the quantile: so it counts among those
   * beyond, as it should. If such attempts were left out, the quantile would sink with each of them.
   */
  void learn(RetryPolicy policy, long tookNanos) {
    HedgePolicy hedge = policy.hedge();
    if (hedge != null && hedge.quantile() != 0) {
      latencies.add(tookNanos);
    }
  }

  void hedged(Call call, Server slow, Server second) {
    logger.debug("{}: {} has not answered; a second attempt at {}", host, slow.id(), second.id());
    listener.hedged(new CallListener.Hedged(host, call, slow, second));
  }

  void notHedged(Call call, Server slow, Refusal refusal) {
    logger.debug("{}: {} has not answered; no second attempt: {}", host, slow.id(), refusal);
    listener.notHedged(new CallListener.NotHedged(host, call, slow, refusal));
  }
}
