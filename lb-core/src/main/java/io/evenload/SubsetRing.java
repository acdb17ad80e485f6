package io.evenload;

import java.util.Arrays;
import java.util.List;

/** The servers of one pool on a ring, in an order that all clients share; immutable. */
final class SubsetRing {

  /*
   * Servers stand in the order of a hash of their ids, each as wide as its configured weight, so that one that comes or
   * goes shifts the others by at most its own width, and its neighbours are others than those that came or went with
   * it. Places are whole numbers: with a total weight of W and C clients the ring is W * C long, a server of weight w
   * spans w * C of it, and client i's arc spans N * W from i * W. So the arcs of all clients cover each place exactly N
   * times, without rounding.
   */

  private final RosterEntry[] order;
  private final long[] begins; // in weight, by the order; the last is the total weight

  SubsetRing(List<RosterEntry> servers) {
    order = inOrder(servers);
    begins = new long[order.length + 1];
    for (int i = 0; i < order.length; i++) {
      begins[i + 1] = begins[i] + Math.max(1, order[i].server().weight());
    }
  }

  /**
   * Sorts by hash. The lowest bits of the hash make room for the index, so that plain numbers are
   * sorted: of 10,000 servers the rest of two hashes is the same once in a hundred million lists.
   */
  private static RosterEntry[] inOrder(List<RosterEntry> servers) {
    int bits = Integer.SIZE - Integer.numberOfLeadingZeros(servers.size());
    long[] keys = new long[servers.size()];
    for (int i = 0; i < keys.length; i++) {
      keys[i] = (servers.get(i).idHash >>> bits << bits) | i;
    }
    Arrays.sort(keys);
    RosterEntry[] order = new RosterEntry[keys.length];
    for (int i = 0; i < order.length; i++) {
      order[i] = servers.get((int) (keys[i] & ((1L << bits) - 1)));
    }
    return order;
  }

  int size() {
    return order.length;
  }

  /** The configured weight of all servers. */
  long weight() {
    return begins[order.length];
  }

  /** Returns the server at a place in the order, which goes round. */
  RosterEntry at(int place) {
    return order[place % order.length];
  }

  /** Returns the arc of this client; the ring must not be empty. */
  Arc arc(Subset subset) {
    int n = order.length;
    long clients = subset.clients();
    long laps = (subset.size() * clients + n - 1) / n; // by how many clients each place is covered
    if (laps >= clients) {
      double[] whole = new double[n];
      Arrays.fill(whole, 1);
      return new Arc(0, whole);
    }
    long total = begins[n];
    long from = subset.client() * total;
    int first = Arrays.binarySearch(begins, from / clients);
    first = first >= 0 ? first : -first - 2;
    long left = laps * total;
    double[] shares = new double[n];
    int count = 0;
    for (long begin = from; left > 0; count++) {
      int place = (first + count) % n;
      long end = (begins[place + 1] + (first + count) / n * total) * clients;
      long covered = Math.min(left, end - begin);
      shares[count % n] += (double) covered / ((begins[place + 1] - begins[place]) * clients);
      begin += covered;
      left -= covered;
    }
    return new Arc(first, Arrays.copyOf(shares, Math.min(count, n)));
  }

  /**
   * A client's part of the ring.
   *
   * @param first the place of the first server
   * @param shares which part of each server from there on is covered, above 0
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Arc(int first, double[] shares) {}
}
