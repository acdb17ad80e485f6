package io.evenload.okhttp;

import io.evenload.Server;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;

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
  public void retried(FailedAttempt attempt, Duration delay) {
    retries.incrementAndGet();
    reasons.computeIfAbsent(attempt.reason(), any -> new AtomicInteger()).incrementAndGet();
    if (attempt.failure() instanceof ConnectException) {
      connectFailures.incrementAndGet();
    }
    signal.changed();
  }

  @Override
  public void notRetried(FailedAttempt attempt, Refusal refusal) {
    refusals.add(refusal);
    signal.changed();
  }

  @Override
  public void hedged(String host, Call call, Server slow, Server second) {
    hedges.add(slow.id() + " then " + second.id());
    signal.changed();
  }

  @Override
  public void notHedged(String host, Call call, Server slow, Refusal refusal) {
    hedges.add(slow.id() + " then " + refusal);
    signal.changed();
  }

  @Override
  public void misrouted(String host, Server expected, String actual) {
    misrouted.add(host + ": " + expected + " expected, sent to " + actual);
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
