package io.evenload.testing;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Passes everything on to a chooser, and notes what a balancer would contain and so hide from a
 * test.
 */
final class WatchedChooser implements Chooser {

  private final Chooser chooser;
  private final Queue<String> faults;

  WatchedChooser(Chooser chooser) {
    this(chooser, new ConcurrentLinkedQueue<>());
  }

  private WatchedChooser(Chooser chooser, Queue<String> faults) {
    this.chooser = chooser;
    this.faults = faults;
  }

  /** What was wrong so far, also with what was bound or prepared from this. */
  Queue<String> faults() {
    return faults;
  }

  /** What is wrong with an answer; null if nothing. */
  static @Nullable String fault(
      @Nullable Endpoint answer, List<Endpoint> eligible, RequestContext request) {
    if (eligible.stream().noneMatch(endpoint -> endpoint == answer)) {
      return "choose returned " + answer + " (expected: one of " + eligible + ")";
    }
    boolean avoidable = eligible.stream().anyMatch(endpoint -> !request.skips(endpoint));
    return avoidable && request.skips(answer)
        ? "choose returned " + answer + ", which the request skips, although it does not skip all"
        : null;
  }

  @Override
  public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
    Endpoint answer = watch("choose", () -> chooser.choose(eligible, request));
    String fault = fault(answer, eligible, request);
    if (fault != null) {
      faults.add(fault);
    }
    return answer;
  }

  @Override
  public Chooser bind(Environment environment) {
    return new WatchedChooser(watch("bind", () -> chooser.bind(environment)), faults);
  }

  @Override
  public Chooser prepare(List<Endpoint> eligible) {
    return new WatchedChooser(watch("prepare", () -> chooser.prepare(eligible)), faults);
  }

  @Override
  public @Nullable Tracker track(Endpoint endpoint) {
    return watch("track", () -> chooser.track(endpoint));
  }

  @Override
  public int inFlightLimit(Endpoint chosen) {
    return watch("inFlightLimit", () -> chooser.inFlightLimit(chosen));
  }

  private <T> T watch(String method, Supplier<T> call) {
    try {
      return call.get();
    } catch (Throwable e) {
      faults.add(method + " threw " + e);
      throw e;
    }
  }
}
