package io.evenload.okhttp;

import java.io.IOException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/** What a test says was seen of an attempt. */
record Seen(Set<Sign> signs) implements Observed {

  /** One for each question that is asked of what was observed. */
  enum Sign {
    CANCELED,
    INTERRUPTED,
    FAILED_BEFORE_SENDING,
    FOUND_SHUT_DOWN,
    REFUSED_BY_SERVER,
    RESET_BY_SERVER,
    HEADERS_STARTED,
    REUSED_CONNECTION,
    SHARED_CONNECTION,
    BROKE_LATE,
    STARVED,
    RESPONSE_STARTED,
    EXCHANGE_FAILED,
    FOREIGN,
    MISROUTED,
    UPGRADED,
    LEFT_EARLY,
    STALLED
  }

  static Seen of(Sign... signs) {
    Set<Sign> seen = EnumSet.noneOf(Sign.class);
    seen.addAll(List.of(signs));
    return new Seen(seen);
  }

  @Override
  public boolean canceled() {
    return signs.contains(Sign.CANCELED);
  }

  @Override
  public boolean interrupted() {
    return signs.contains(Sign.INTERRUPTED);
  }

  @Override
  public boolean failedBeforeSending() {
    return signs.contains(Sign.FAILED_BEFORE_SENDING);
  }

  @Override
  public boolean foundShutDown(IOException failure) {
    return signs.contains(Sign.FOUND_SHUT_DOWN);
  }

  @Override
  public boolean refusedByServer(IOException failure) {
    return signs.contains(Sign.REFUSED_BY_SERVER);
  }

  @Override
  public boolean resetByServer(IOException failure) {
    return signs.contains(Sign.RESET_BY_SERVER);
  }

  @Override
  public boolean headersStarted() {
    return signs.contains(Sign.HEADERS_STARTED);
  }

  @Override
  public boolean reusedConnection() {
    return signs.contains(Sign.REUSED_CONNECTION);
  }

  @Override
  public boolean sharedConnection() {
    return signs.contains(Sign.SHARED_CONNECTION);
  }

  @Override
  public long brokeAfterNanos() {
    return signs.contains(Sign.BROKE_LATE) ? RetryPolicy.DEFAULT_STALE_WITHIN.toNanos() : 0;
  }

  @Override
  public boolean starved() {
    return signs.contains(Sign.STARVED);
  }

  @Override
  public boolean responseStarted() {
    return signs.contains(Sign.RESPONSE_STARTED);
  }

  @Override
  public boolean exchangeFailed() {
    return signs.contains(Sign.EXCHANGE_FAILED);
  }

  @Override
  public boolean foreign() {
    return signs.contains(Sign.FOREIGN);
  }

  @Override
  public boolean misrouted() {
    return signs.contains(Sign.MISROUTED);
  }

  @Override
  public boolean upgraded() {
    return signs.contains(Sign.UPGRADED);
  }

  @Override
  public boolean leftEarly() {
    return signs.contains(Sign.LEFT_EARLY);
  }

  @Override
  public boolean stalled() {
    return signs.contains(Sign.STALLED);
  }
}
