package io.evenload;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How the requests of one priority spread over its zones: a pure function. */
final class ZoneShares {

  /*
   * After Envoy's zone-aware routing. Capacities and demands are parts of a whole. A zone whose demand exceeds its
   * capacity keeps capacity/demand of its requests; the rest, which is demand - capacity, goes to the zones with capacity
   * to spare, in proportion to capacity - demand. The excesses of all zones sum up to what is spare, so that with every
   * client following the rule each zone gets its capacity: min(demand, capacity) from its own clients and what it has to
   * spare from the others.
   *
   * Clients of a zone that is not counted among the demands spread by capacity: then they add to each zone in
   * proportion to what it gets anyway.
   */

  /** A demand below this is none: that much is lost in rounding. */
  private static final double NEGLIGIBLE = 1e-9;

  private ZoneShares() {}

  /**
   * Returns the share of this client's requests that each of the zones gets; the shares sum up to
   * 1.
   *
   * @param zones the names, null for the servers without one
   * @param capacities of each zone, in any unit, one of them at least above 0
   */
  static double[] of(Locality locality, List<@Nullable String> zones, double[] capacities) {
    int n = zones.size();
    double[] capacity = Arrays.copyOf(capacities, n + 1); // one more for all zones without servers
    double[] clients = new double[n + 1];
    double elsewhere = 0;
    for (double number : locality.clients().values()) {
      elsewhere += number;
    }
    for (int i = 0; i < n; i++) {
      String zone = zones.get(i);
      if (zone != null && locality.clients().isEmpty()) {
        clients[i] = 1;
      } else if (zone != null) {
        clients[i] = locality.clients().getOrDefault(zone, 0.0);
        elsewhere -= clients[i];
      }
    }
    clients[n] = Math.max(0, elsewhere);
    int listed = zones.indexOf(locality.zone());
    return Arrays.copyOf(of(capacity, clients, listed < 0 ? n : listed, locality.strict()), n);
  }

  /**
   * Returns each zone's share of this client's requests; the shares sum up to 1.
   *
   * @param capacities of each zone, in any unit, one of them at least above 0
   * @param clients how many there are in each zone, in any unit
   * @param own the index of the client's zone
   */
  static double[] of(double[] capacities, double[] clients, int own, boolean strict) {
    double[] capacity = parts(capacities);
    double[] demand = parts(clients);
    boolean uncounted = strict || demand[own] < NEGLIGIBLE;
    double kept = uncounted ? 1 : Math.min(1, capacity[own] / demand[own]);
    double stays = capacity[own] == 0 ? 0 : kept;
    double[] spare = new double[capacity.length];
    double sum = 0;
    for (int zone = 0; zone < spare.length; zone++) {
      if (zone != own) {
        spare[zone] = uncounted ? capacity[zone] : Math.max(0, capacity[zone] - demand[zone]);
        sum += spare[zone];
      }
    }
    double[] shares = new double[capacity.length];
    for (int zone = 0; zone < shares.length && sum > 0; zone++) {
      shares[zone] = (1 - stays) * spare[zone] / sum;
    }
    shares[own] = sum > 0 ? stays : 1; // with nothing to spare, less than 1 is a rounding error
    return shares;
  }

  private static double[] parts(double[] numbers) {
    double sum = 0;
    for (double number : numbers) {
      sum += number;
    }
    double[] parts = new double[numbers.length];
    for (int i = 0; i < parts.length && sum > 0; i++) {
      parts[i] = numbers[i] / sum;
    }
    return parts;
  }
}
