package io.evenload;

import org.jspecify.annotations.Nullable;

/** The engine's own search for one attempt, after what the chooser answered was refused. */
@SuppressWarnings("ReferenceEquality") // of candidates: these very ones
final class Scan {

  /*
   * It offers the attempt to those endpoints that may be chosen and were not tried (of the group drawn, then of each
   * priority), the tried ones, those that only failing health keeps out, and at last, for one trial each, those whose gate
   * is closed. Draining, weight 0, the request's filter, gates and limits are hard at every step.
   *
   * An endpoint found at its limit may have room a moment later, while another, passed before, is filled: with limits that
   * share a total, as bounded loads do, there may be room somewhere all the time and the scan runs behind it. So a scan that
   * met full endpoints is believed only if nothing moved: it is repeated until three in a row found the same slots full, in
   * the same state. Slots carry a count of their changes, and their sum only grows, so then no slot changed from the first
   * to the third, and all that the second saw was true at one moment. A repetition means that another attempt began or
   * ended meanwhile, so some thread always gets on.
   */

  private static final int RANDOM_OFFERS = 4;
  private static final int SAME_SCANS = 3;

  private final Picker picker;
  private final BalancerContext balancer;
  private final RequestContext request;
  private long fullSlots; // the sum over the endpoints that this scan found full

  Scan(Picker picker, BalancerContext balancer, RequestContext request) {
    this.picker = picker;
    this.balancer = balancer;
    this.request = request;
  }

  /** Notes that an endpoint with these slots is at its limit. */
  void full(long slots) {
    fullSlots += slots;
  }

  /** Returns a started attempt, or null if no endpoint takes it. */
  @Nullable Attempt run(Snapshot snapshot, @Nullable Candidates drawn) {
    Attempt attempt = once(snapshot, drawn);
    for (int same = 1; attempt == null && fullSlots != 0 && same < SAME_SCANS; ) {
      long before = fullSlots;
      fullSlots = 0;
      attempt = once(snapshot, drawn);
      same = fullSlots == before ? same + 1 : 1;
    }
    if (attempt != null) {
      attempt.choice = AttemptLog.Choice.FOUND;
    }
    Throwable filterError = request.takeFilterError();
    if (filterError != null) {
      balancer.log().warn("the filter of a request threw; such a server is left out", filterError);
    }
    return attempt;
  }

  private @Nullable Attempt once(Snapshot snapshot, @Nullable Candidates drawn) {
    Attempt attempt = null;
    for (int tried = 0; attempt == null && tried < 2; tried++) {
      attempt = drawn == null ? null : offer(drawn, tried == 1, false);
      attempt = attempt != null ? attempt : offer(snapshot.levels(), drawn, tried == 1, false);
    }
    for (int tried = 0; attempt == null && tried < 2; tried++) {
      attempt = offer(snapshot.unwell(), null, tried == 1, false);
    }
    for (int tried = 0; attempt == null && tried < 2; tried++) {
      attempt = offer(snapshot.gated(), null, tried == 1, true);
    }
    return attempt;
  }

  private @Nullable Attempt offer(
      Candidates[] groups, @Nullable Candidates done, boolean tried, boolean gated) {
    for (Candidates group : groups) {
      Attempt attempt = group == done ? null : offer(group, tried, gated);
      if (attempt != null) {
        return attempt;
      }
    }
    return null;
  }

  /**
   * Offers the attempt to endpoints that were tried, or were not: to a few at random, lest the one
   * after a row that does not fit is offered most, then to each from a random index on.
   */
  private @Nullable Attempt offer(Candidates group, boolean tried, boolean gated) {
    LiveEndpoint[] endpoints = group.endpoints();
    int n = endpoints.length;
    int index = 0;
    for (int i = n < 3 ? RANDOM_OFFERS - 1 : 0; i < RANDOM_OFFERS + n; i++) {
      boolean random = i < RANDOM_OFFERS;
      index = random ? picker.randomIndex(n) : (index + 1) % n;
      LiveEndpoint endpoint = endpoints[index];
      if (request.tried(endpoint) == tried && request.passes(endpoint)) {
        Scan scan = random ? null : this; // each once, so that the sum is the same again
        Attempt attempt = picker.admit(endpoint, group, request, false, scan);
        if (attempt == null && gated) {
          attempt = picker.admit(endpoint, group, request, true, scan);
        }
        if (attempt != null) {
          return attempt;
        }
      }
    }
    return null;
  }
}
