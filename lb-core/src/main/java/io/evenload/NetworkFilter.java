package io.evenload;

import static java.util.stream.Collectors.joining;

import io.evenload.discovery.Networks;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Leaves out of a list what is not in the networks that servers may be in, and warns of it. Control
 * path only.
 */
final class NetworkFilter {

  /** So many are named: enough to see what they have in common, in a line that can be read. */
  static final int MOST_NAMED = 10;

  private final BalancerContext balancer;
  private final boolean fixed;
  private List<Server> refused = List.of();

  /**
   * Creates a filter that has refused nothing yet.
   *
   * @param fixed whether the program wrote the list down itself, so that its addresses are trusted
   *     unless networks are given
   */
  NetworkFilter(BalancerContext balancer, boolean fixed) {
    this.balancer = balancer;
    this.fixed = fixed;
  }

  /** Returns those servers that may be called, as far as their hosts say. */
  List<Server> admitted(List<Server> list, @Nullable Networks given) {
    if (given == null && fixed) {
      return list;
    }
    Networks networks = given == null ? Networks.defaults() : given;
    List<Server> admitted =
        list.stream().filter(server -> networks.permits(server.host())).toList();
    List<Server> others =
        admitted.size() == list.size()
            ? List.of()
            : list.stream().filter(server -> !networks.permits(server.host())).toList();
    if (!others.isEmpty() && !admitted.isEmpty() && !others.equals(refused)) {
      balancer.log().warn(words(list, others, networks), null);
    }
    refused = others;
    return admitted;
  }

  /** Says what the last list had that was refused. */
  String words(List<Server> list, @Nullable Networks given) {
    return words(list, refused, given == null ? Networks.defaults() : given);
  }

  private static String words(List<Server> list, List<Server> refused, Networks networks) {
    String named = refused.stream().limit(MOST_NAMED).map(StateLog::words).collect(joining(", "));
    int more = refused.size() - MOST_NAMED;
    return refused.size()
        + " of the "
        + list.size()
        + " servers of the list refused, as their addresses are not in its networks: "
        + named
        + (more > 0 ? " and " + more + " more" : "")
        + " (expected: "
        + (networks.equals(Networks.defaults())
            ? "no link-local and no metadata address"
            : networks)
        + ")";
  }
}
