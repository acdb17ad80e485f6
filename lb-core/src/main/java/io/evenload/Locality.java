package io.evenload;

import static java.util.Objects.requireNonNull;

import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The zone that this client runs in, so that its requests stay there as far as that overloads
 * nobody. Immutable.
 *
 * <p>Off unless given to {@link LoadBalancer.Builder#locality}. Within each priority, a zone's
 * capacity is its part of the effective weights that may be chosen, and its demand is the part of
 * all clients that run there. If the capacity of this client's zone is enough for its clients, all
 * their requests stay; otherwise as many as it can take, and the rest spreads over the zones that
 * have more capacity than clients, in proportion to the difference. So if all clients do this, each
 * zone gets what its weights are worth, as without zones. A server without a zone belongs to none:
 * it takes only what others leave. (Envoy, "Zone aware routing".)
 *
 * <p>A zone whose servers keep silent, or fail more often than those of the other zones, counts for
 * less, down to a 33rd of its capacity if nothing succeeds there. So requests leave a zone that is
 * in trouble within seconds, and come back when that is over; where all zones are in the same
 * trouble they stay.
 *
 * <p>Where the clients are is taken to be even over the zones that the servers of the priority are
 * listed in; {@link Builder#clients} tells better. A client whose zone has no server spreads its
 * requests by weight.
 *
 * <p>The first retry of a request stays where the first attempt was; the one after that goes to a
 * random server of a zone where the request has not been, if one serves. So a request survives the
 * loss of its zone before probes or ejections have told.
 *
 * <p>Each zone has a chooser of its own. One that hashes sees the servers of one zone: the zone is
 * drawn by the request's key, so that a key keeps its server while the shares do not change, and
 * clients of different zones send it to different ones.
 */
public final class Locality {

  private final String zone;
  private final Map<String, Double> clients;
  private final boolean strict;

  private Locality(Builder builder) {
    zone = builder.zone;
    clients = builder.clients;
    strict = builder.strict;
  }

  /**
   * Returns the locality of a client in this zone, with all defaults.
   *
   * @throws IllegalArgumentException if the zone is blank
   */
  public static Locality of(String zone) {
    return builder(zone).build();
  }

  /**
   * Returns a builder.
   *
   * @param zone this client's zone, as {@link Server#zone()} names it
   * @throws IllegalArgumentException if the zone is blank
   */
  public static Builder builder(String zone) {
    return new Builder(zone);
  }

  /** This client's zone. */
  public String zone() {
    return zone;
  }

  /** How many clients run in each zone, in any unit; empty if that is not known. */
  public Map<String, Double> clients() {
    return clients;
  }

  /** Whether the own zone serves every request as long as a server in it may be chosen. */
  public boolean strict() {
    return strict;
  }

  @Override
  public String toString() {
    return zone + (strict ? ", strict" : "") + (clients.isEmpty() ? "" : ", clients " + clients);
  }

  /** Collects the options of a {@link Locality}; not thread-safe. */
  public static final class Builder {

    private static final double MAX_CLIENTS = 1e9;

    private final String zone;
    private Map<String, Double> clients = Map.of();
    private boolean strict;

    private Builder(String zone) {
      if (requireNonNull(zone, "zone").isBlank()) {
        throw new IllegalArgumentException("zone: '" + zone + "' (expected: not blank)");
      }
      this.zone = zone;
    }

    /**
     * Sets how many clients run in each zone, in any unit: counts, or shares. By default, and if
     * the map is empty, as many in each zone that the servers are in. A zone that is not named has
     * none.
     *
     * @throws IllegalArgumentException if a number is negative or not finite, or all are 0
     */
    public Builder clients(Map<String, ? extends Number> clients) {
      Map<String, Double> copy = new LinkedHashMap<>();
      double sum = 0;
      for (Map.Entry<String, ? extends Number> entry : clients.entrySet()) {
        double number = entry.getValue().doubleValue();
        if (!(number >= 0 && number <= MAX_CLIENTS)) {
          throw new IllegalArgumentException(
              "clients: "
                  + entry.getKey()
                  + "="
                  + number
                  + " (expected: 0 to "
                  + MAX_CLIENTS
                  + ")");
        }
        copy.put(requireNonNull(entry.getKey(), "zone"), number);
        sum += number;
      }
      if (!copy.isEmpty() && sum == 0) {
        throw new IllegalArgumentException("clients: " + copy + " (expected: one above 0)");
      }
      this.clients = Map.copyOf(copy);
      return this;
    }

    /**
     * Sets whether the own zone serves every request, whatever its capacity, as long as one of its
     * servers in a priority may be chosen; false by default. For when traffic between zones costs
     * more than an uneven load. If there is none, the other zones serve by weight.
     */
    public Builder strict(boolean strict) {
      this.strict = strict;
      return this;
    }

    /** Returns the locality. */
    public Locality build() {
      return new Locality(this);
    }
  }
}
