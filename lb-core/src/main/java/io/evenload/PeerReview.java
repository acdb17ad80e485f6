package io.evenload;

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
   *    succeeded, and failing fast is right. One success there, as of a trial, ends that (see LiveEndpoint.end).
   *  - Else its breaker acts if its share of failures is above the mean of the others by CLEARLY_WORSE, the worst first,
   *    until as many are out, by breakers and ejections together, as panic lets be out.
   *  - Else its breaker is overruled: see GateChain. That of a server without any peer is too, though the endpoint keeps the
   *    state BREAKER_OPEN, which is true and changes nothing: it is the last resort of every attempt.
   *
   * Of 50 attempts at 60 % the share has a standard deviation of 7 points; of 20, the fewest that open a breaker by default,
   * 11. So two that are alike differ by CLEARLY_WORSE about once in 20 windows of 20, and then the cap holds.
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
    if (panicThreshold == 0 || entries.stream().noneMatch(PeerReview::claims)) {
      entries.forEach(entry -> entry.overrule(false));
      return;
    }
    List<Peer> peers = new ArrayList<>();
    for (RosterEntry entry : entries) {
      if (eligibility.takesTraffic(entry)) {
        peers.add(Peer.of(entry));
      } else {
        entry.overrule(false);
      }
    }
    decide(peers, (int) (peers.size() * (1 - panicThreshold)));
  }

  /** Whether the endpoint's breaker is not simply closed to failures: open, or not long ago. */
  private static boolean claims(RosterEntry entry) {
    GateChain gates = entry.endpoint.gates();
    return gates.breakerOpen() || (gates.overruled() && gates.failureShare() > 0);
  }

  private static void decide(List<Peer> peers, int cap) {
    double sum = peers.stream().mapToDouble(Peer::failures).sum();
    long out = peers.stream().filter(peer -> peer.hopeless() || peer.ejected()).count();
    List<Peer> worstFirst = new ArrayList<>(peers);
    worstFirst.sort(Comparator.comparingDouble(Peer::failures).reversed());
    for (Peer peer : worstFirst) {
      double others = peers.size() == 1 ? 0 : (sum - peer.failures()) / (peers.size() - 1);
      boolean acts = peer.hopeless() || !peer.claims();
      long outWithIt = peer.ejected() ? out : out + 1;
      if (!acts && peer.failures() - others >= CLEARLY_WORSE && outWithIt <= cap) {
        acts = true;
        out = outWithIt;
      }
      peer.entry().overrule(!acts);
    }
  }

  /**
   * An endpoint as its peers see it.
   *
   * @param failures the share of its attempts that failed, lately
   * @param hopeless whether its breaker is open and nothing has succeeded there for long
   */
  private record Peer(
      RosterEntry entry, boolean claims, double failures, boolean hopeless, boolean ejected) {

    static Peer of(RosterEntry entry) {
      LiveEndpoint endpoint = entry.endpoint;
      GateChain gates = endpoint.gates();
      double share = gates.failureShare();
      return new Peer(
          entry,
          PeerReview.claims(entry),
          share > 0 ? share : endpoint.failureRate(), // it may have too few attempts to tell
          gates.breakerOpen() && endpoint.failedSinceSuccess() >= LiveEndpoint.ALL_FAILED,
          entry.ejection.running());
    }
  }
}
