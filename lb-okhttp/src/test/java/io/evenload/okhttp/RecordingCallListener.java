package io.evenload.okhttp;

import java.net.ConnectException;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/** Remembers what it is told, but no call: that would keep calls from becoming garbage. */
final class RecordingCallListener implements CallListener {

  private final AtomicInteger retries = new AtomicInteger();
  private final Map<String, AtomicInteger> reasons = new ConcurrentSkipListMap<>();
  private final AtomicInteger connectFailures = new AtomicInteger();
  private final Queue<Refusal> refusals = new ConcurrentLinkedQueue<>();
  private final Queue<String> hedges = new ConcurrentLinkedQueue<>();
  private final Queue<String> misrouted = new ConcurrentLinkedQueue<>();
  private final Signal signal;

  RecordingCallListener(Signal signal) {
    this.signal = signal;
  }

  @Override
  public void retried(Retried event) {
    FailedAttempt attempt = event.attempt();
    retries.incrementAndGet();
    reasons.computeIfAbsent(attempt.reason(), any -> new AtomicInteger()).incrementAndGet();
    if (attempt.failure() instanceof ConnectException) {
      connectFailures.incrementAndGet();
    }
    signal.changed();
  }

  @Override
  public void notRetried(NotRetried event) {
    refusals.add(event.refusal());
    signal.changed();
  }

  @Override
  public void hedged(Hedged event) {
    hedges.add(event.slow().id() + " then " + event.second().id());
    signal.changed();
  }

  @Override
  public void notHedged(NotHedged event) {
    hedges.add(event.slow().id() + " then " + event.refusal());
    signal.changed();
  }

  @Override
  public void misrouted(Misrouted event) {
    misrouted.add(event.host() + ": " + event.expected() + " expected, sent to " + event.actual());
    signal.changed();
  }

  /** The number of attempts that failed and were, or are about to be, repeated. */
  int retries() {
    return retries.get();
  }

  /** The same by reason. */
  Map<String, AtomicInteger> retryReasons() {
    return reasons;
  }

  /** The number of those that found nobody listening. */
  int connectFailures() {
    return connectFailures.get();
  }

  List<Refusal> refusals() {
    return List.copyOf(refusals);
  }

  /** The servers that were too slow, each with the one that was asked then, or why none was. */
  List<String> hedges() {
    return List.copyOf(hedges);
  }

  List<String> misrouted() {
    return List.copyOf(misrouted);
  }
}
