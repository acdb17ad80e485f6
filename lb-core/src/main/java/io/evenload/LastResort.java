package io.evenload;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The engine's own search for one attempt, after what the chooser answered was refused. */
@SuppressWarnings("ReferenceEquality") // of candidates: these very ones
final class LastResort {

  /*
   * It offers the attempt to those endpoints that may be chosen and were not tried (of the candidates drawn, then of each
   * priority), the tried ones, those that only failing health keeps out, those that never passed a probe, those whose breaker
   * has opened since anybody looked, and at last, for one trial each, those whose gate is closed. Where nothing was tried,
   * none is looked for among the tried. Draining,
   * weight 0, the request's filter, gates and limits are hard at every step.
   *
   * An endpoint found at its limit may have room a moment later, while another, passed before, is filled: with limits that
   * share a total, as bounded loads do, there may be room somewhere all the time and the search runs behind it. So a search
   * that met full endpoints is believed only if nothing moved: it is repeated until three in a row found the same slots
   * full, in the same state. Slots carry a count of their changes, and their sum only grows, so then no slot changed from
   * the first to the third, and all that the second saw was true at one moment. A repetition means that another attempt
   * began or ended meanwhile, so some thread always gets on.
   *
   * If every endpoint is sure to refuse until something happens, that is remembered (see NoRoom), and the next attempts are
   * refused at once. The limit of a chooser may have changed without a word, so some endpoints are then asked all the same:
   * all of a small group, and of a large one some at random.
   */

  private static final int RANDOM_OFFERS = 4;
  private static final int SAME_SEARCHES = 3;
  private static final int GLANCES = 16;

  private final BalancerContext balancer;
  private final Admission admission;
  private final RequestContext request;
  private final Refusing refusing = new Refusing();
  private int mostOffers = Integer.MAX_VALUE; // to each group of candidates

  LastResort(BalancerContext balancer, Admission admission, RequestContext request) {
    this.balancer = balancer;
    this.admission = admission;
    this.request = request;
  }

  /**
   * Returns a started attempt, or null if no endpoint takes it.
   *
   * @param drawn the candidates that the chooser was asked for, which are offered first; null if
   *     there were none
   */
  @Nullable Attempt search(Snapshot snapshot, @Nullable Candidates drawn) {
    Attempt attempt = once(snapshot, drawn);
    int all = attempt == null ? offers(snapshot, drawn) : 0;
    if (attempt == null && (refusing.slots() != 0 || refusing.count() == all)) {
      NoRoom.Watch watch = balancer.noRoom().watch(snapshot);
      attempt = repeated(snapshot, drawn);
      if (attempt == null && refusing.count() == all) {
        watch.prove(refusing.slots() != 0);
      }
    }
    return found(attempt);
  }

  /** Looks at some endpoints only, as it is known that none takes an attempt. */
  @Nullable Attempt glance(Snapshot snapshot) {
    mostOffers = GLANCES;
    return found(once(snapshot, null));
  }

  /** Searches until nothing has moved since the search before, and the one before that. */
  private @Nullable Attempt repeated(Snapshot snapshot, @Nullable Candidates drawn) {
    Attempt attempt = null;
    int same = 1;
    do {
      long before = refusing.slots();
      refusing.clear();
      attempt = once(snapshot, drawn);
      same = refusing.slots() == before ? same + 1 : 1;
    } while (attempt == null && refusing.slots() != 0 && same < SAME_SEARCHES);
    return attempt;
  }

  /** How many offers a search makes that nobody accepts, if nothing was tried or filtered out. */
  private static int offers(Snapshot snapshot, @Nullable Candidates drawn) {
    int offers = drawn == null ? 0 : drawn.endpoints().length;
    for (Candidates[] all :
        List.of(snapshot.levels(), snapshot.unwell(), snapshot.unproven(), snapshot.gated())) {
      for (Candidates some : all) {
        offers += some == drawn ? 0 : some.endpoints().length; // that one is counted already
      }
    }
    return offers;
  }

  private @Nullable Attempt found(@Nullable Attempt attempt) {
    if (attempt != null) {
      attempt.choice = Choice.FOUND;
    }
    Throwable filterError = request.takeFilterError();
    if (filterError != null) {
      balancer.log().warn("the filter of a request threw; such a server is left out", filterError);
    }
    return attempt;
  }

  private @Nullable Attempt once(Snapshot snapshot, @Nullable Candidates drawn) {
    Attempt attempt = offer(drawn, snapshot.levels(), this::untried);
    attempt = attempt != null ? attempt : offerTried(drawn, snapshot.levels(), this::tried);
    attempt = attempt != null ? attempt : offer(null, snapshot.unwell(), this::untried);
    attempt = attempt != null ? attempt : offerTried(null, snapshot.unwell(), this::tried);
    attempt = attempt != null ? attempt : offer(null, snapshot.unproven(), this::untried);
    attempt = attempt != null ? attempt : offerTried(null, snapshot.unproven(), this::tried);
    attempt = attempt != null ? attempt : offer(null, snapshot.levels(), this::unseen);
    attempt = attempt != null ? attempt : offer(null, snapshot.gated(), this::untriedOrTrial);
    return attempt != null ? attempt : offerTried(null, snapshot.gated(), this::triedOrTrial);
  }

  private @Nullable Attempt offerTried(@Nullable Candidates first, Candidates[] all, Offer offer) {
    return request.attemptNumber() == 0 ? null : offer(first, all, offer);
  }

  private @Nullable Attempt offer(@Nullable Candidates first, Candidates[] all, Offer offer) {
    Attempt attempt = first == null ? null : offer(first, offer);
    for (int i = 0; attempt == null && i < all.length; i++) {
      attempt = all[i] == first ? null : offer(all[i], offer);
    }
    return attempt;
  }

  /**
   * Offers the attempt to a few endpoints at random, lest the one after a row that does not fit is
   * offered most, then to each from a random index on.
   */
  private @Nullable Attempt offer(Candidates among, Offer offer) {
    LiveEndpoint[] endpoints = among.endpoints();
    int n = endpoints.length;
    int index = 0;
    int last = RANDOM_OFFERS + Math.min(n, mostOffers);
    for (int i = n < 3 ? RANDOM_OFFERS - 1 : 0; i < last; i++) {
      boolean random = i < RANDOM_OFFERS;
      index = random ? balancer.randomIndex(n) : (index + 1) % n;
      Refusing noted = random ? null : refusing; // each once, so that the sum is the same again
      Attempt attempt = offer.to(endpoints[index], among, noted);
      if (attempt != null) {
        return attempt;
      }
    }
    return null;
  }

  private @Nullable Attempt unseen(
      LiveEndpoint endpoint, Candidates among, @Nullable Refusing noted) {
    return request.passes(endpoint) ? admission.admitUnseen(endpoint, among, request) : null;
  }

  private @Nullable Attempt untried(
      LiveEndpoint endpoint, Candidates among, @Nullable Refusing noted) {
    boolean fits = !request.tried(endpoint) && request.passes(endpoint);
    return fits ? admission.admit(endpoint, among, request, noted) : null;
  }

  private @Nullable Attempt tried(
      LiveEndpoint endpoint, Candidates among, @Nullable Refusing noted) {
    boolean fits = request.tried(endpoint) && request.passes(endpoint);
    return fits ? admission.admit(endpoint, among, request, noted) : null;
  }

  private @Nullable Attempt untriedOrTrial(
      LiveEndpoint endpoint, Candidates among, @Nullable Refusing noted) {
    boolean fits = !request.tried(endpoint) && request.passes(endpoint);
    return fits ? admitOrTry(endpoint, among, noted) : null;
  }

  private @Nullable Attempt triedOrTrial(
      LiveEndpoint endpoint, Candidates among, @Nullable Refusing noted) {
    boolean fits = request.tried(endpoint) && request.passes(endpoint);
    return fits ? admitOrTry(endpoint, among, noted) : null;
  }

  /** The gate may have opened just now. */
  private @Nullable Attempt admitOrTry(
      LiveEndpoint endpoint, Candidates among, @Nullable Refusing noted) {
    Attempt attempt = admission.admit(endpoint, among, request, null);
    return attempt != null ? attempt : admission.admitTrial(endpoint, among, request, noted);
  }

  /** Offers the attempt to one endpoint; returns null if it does not fit, or does not take it. */
  private interface Offer {
    @Nullable Attempt to(LiveEndpoint endpoint, Candidates among, @Nullable Refusing noted);
  }
}
