package io.evenload;

import io.evenload.GateChain.Breakers;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;

/**
 * Decides which circuit breakers act: those of endpoints that are worse than their peers, up to a
 * cap, and those of endpoints where nothing succeeds. Control path only.
 */
final class PeerReview {

  /*
   * A breaker knows its own endpoint. It cannot tell a server that fails from a cause that all servers share, such as a
   * database: then every breaker opens, and a partial outage becomes a total one. So an endpoint whose breaker opened is
   * compared with all others that could take its traffic, of other priorities too:
   *
   *  - Where the last ALL_FAILED attempts failed without exception its breaker acts: no call is lost that could have
   *    succeeded, and failing fast is right. It takes more if so many may be chance, by what the others do of which that
   *    is not true. One success there, as of a trial, ends it (see LiveEndpoint.end).
   *  - Else its breaker acts if its share of failures is above the mean of the others by CLEARLY_WORSE, and by more than
   *    chance does, the worst first, until as many are out, by breakers and ejections together, as panic lets be out.
   *  - Else its breaker is overruled: see GateChain. That of a server without any peer is too, though the endpoint keeps the
   *    state BREAKER_OPEN, which is true and changes nothing: it is the last resort of every attempt.
   *
   * A breaker that was closed when this was last run does not keep the last resort away before the next time: see GateChain.
   *
   * What a breaker says of its share is what made it open, perhaps long ago. So the last outcomes are looked at instead,
   * unless they did not show it when it opened, as if it judges by slowness.
   *
   * 100 failures in a row: where a tenth of the attempts succeed that happens once in 400,000 attempts.
   */

  static final double CLEARLY_WORSE = 0.25;

  private final Eligibility eligibility;

  PeerReview(Eligibility eligibility) {
    this.eligibility = eligibility;
  }

  /**
   * Lets breakers act or overrules them.
   *
   * @param panicThreshold the part of the endpoints that must not be out; 0 if every breaker acts
   *     alone
   */
  void run(Collection<RosterEntry> entries, double panicThreshold) {
    long listed = entries.stream().filter(entry -> entry.listed).count();
    entries.forEach(entry -> entry.alone = entry.listed && listed == 1);
    if (panicThreshold == 0) {
      entries.forEach(PeerReview::leave);
      return;
    }
    if (entries.stream().noneMatch(PeerReview::claims)) {
      entries.forEach(PeerReview::calm);
      return;
    }
    List<Peer> peers = new ArrayList<>();
    for (RosterEntry entry : entries) {
      if (eligibility.takesTraffic(entry)) {
        peers.add(Peer.of(entry));
      } else {
        leave(entry);
      }
    }
    decide(peers, (int) (peers.size() * (1 - panicThreshold)));
  }

  private static void leave(RosterEntry entry) {
    entry.heed(Breakers.OBEYED);
    entry.claim = RosterEntry.Claim.NONE;
  }

  /**
   * Nothing is held against the endpoint, unless a breaker that acted still lets only trials by.
   */
  private static void calm(RosterEntry entry) {
    GateChain gates = entry.endpoint.gates();
    boolean tries = gates.obeyed() && gates.failureShare() > 0;
    entry.heed(tries || !gates.breaks() ? Breakers.OBEYED : Breakers.UNSEEN);
    entry.claim = RosterEntry.Claim.NONE;
  }

  /** Whether the endpoint's breaker is not simply closed to failures: open, or not long ago. */
  private static boolean claims(RosterEntry entry) {
    GateChain gates = entry.endpoint.gates();
    return gates.breakerOpen() || (gates.overruled() && gates.failureShare() > 0);
  }

  private static void decide(List<Peer> peers, int cap) {
    Others all = Others.of(peers);
    Others unbroken = Others.of(peers.stream().filter(peer -> !peer.failsAll()).toList());
    long out = peers.stream().filter(peer -> peer.hopeless(unbroken) || peer.ejected()).count();
    List<Peer> worstFirst = new ArrayList<>(peers);
    worstFirst.sort(Comparator.comparingDouble(Peer::failures).reversed());
    for (Peer peer : worstFirst) {
      boolean acts = !peer.claims() || peer.hopeless(unbroken);
      long outWithIt = peer.ejected() ? out : out + 1;
      if (!acts && outWithIt <= cap && peer.isWorse(all)) {
        acts = true;
        out = outWithIt;
      }
      if (peer.claims()) {
        peer.entry().heed(acts ? Breakers.OBEYED : Breakers.OVERRULED);
      } else {
        calm(peer.entry());
      }
    }
  }

  /** What is known of some endpoints together: how many, their shares added up, their outcomes. */
  private record Others(int count, double failures, int bad, int known) {

    static Others of(List<Peer> peers) {
      return new Others(
          peers.size(),
          peers.stream().mapToDouble(Peer::failures).sum(),
          peers.stream().mapToInt(Peer::bad).sum(),
          peers.stream().mapToInt(Peer::known).sum());
    }
  }

  /**
   * An endpoint as its peers see it.
   *
   * @param open whether its breaker is
   * @param failures the share of its attempts that failed, lately
   * @param inARow how many attempts have failed since one succeeded
   * @param bad how many of the last attempts were not good
   * @param known how many attempts that is of
   * @param shown whether it is these that its breaker judges by
   */
  private record Peer(
      RosterEntry entry,
      boolean claims,
      boolean open,
      boolean ejected,
      double failures,
      int inARow,
      int bad,
      int known,
      boolean shown) {

    static Peer of(RosterEntry entry) {
      LiveEndpoint endpoint = entry.endpoint;
      GateChain gates = endpoint.gates();
      long outcomes = endpoint.outcomes();
      int bad = LastOutcomes.bad(outcomes);
      int known = LastOutcomes.known(outcomes);
      double seen = (double) bad / Math.max(1, known);
      double told = gates.failureShare();
      double share = told > 0 ? told : endpoint.failureRate(); // it may have too few to tell
      boolean claims = PeerReview.claims(entry);
      if (!claims) {
        entry.claim = RosterEntry.Claim.NONE;
      } else if (entry.claim == RosterEntry.Claim.NONE) {
        boolean shows = known > 0 && seen >= share / 2;
        entry.claim = shows ? RosterEntry.Claim.SHOWN : RosterEntry.Claim.HIDDEN;
      }
      boolean shown = known > 0 && entry.claim != RosterEntry.Claim.HIDDEN;
      return new Peer(
          entry,
          claims,
          gates.breakerOpen(),
          entry.ejection.running(),
          shown ? seen : share,
          endpoint.failedSinceSuccess(),
          bad,
          known,
          shown);
    }

    /** Whether nothing has succeeded here for long. */
    boolean failsAll() {
      return inARow >= LiveEndpoint.ALL_FAILED;
    }

    /**
     * Whether its breaker is open and nothing succeeds here, for all that is known.
     *
     * @param others those of which this is not true
     */
    boolean hopeless(Others others) {
      boolean nothingSucceeds = others.bad() == others.known();
      return open
          && failsAll()
          && (nothingSucceeds
              || !OutlierRule.mayBeChance(inARow, (double) others.bad() / others.known()));
    }

    /**
     * Whether it fails more often than its peers do.
     *
     * @param all of them, with this one
     */
    boolean isWorse(Others all) {
      double others = all.count() == 1 ? 0 : (all.failures() - failures) / (all.count() - 1);
      return failures - others >= CLEARLY_WORSE
          && !(shown && OutlierRule.mayBeChance(bad, known, all.bad() - bad, all.known() - known));
    }
  }
}
