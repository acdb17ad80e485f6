package io.evenload;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The endpoints of one priority by zone, and by what they may be used for. Used once. */
final class PriorityLevel {

  /*
   * Health, panic and failover are those of a whole priority; its load then spreads over its zones. With a subset, the
   * members of a zone stand for all its servers: its capacity is the weight of all, times the part of the members'
   * weight that may be chosen. Without a locality all endpoints are in one zone.
   *
   * What never passed a probe while traffic waits for that is not known here: it is neither well nor sick.
   *
   * A breaker that tries whether its endpoint works again is open for a moment. For failover that counts, since it brings
   * the trials; for panic it does not, else a total outage would seem to be over every few seconds.
   */

  private final @Nullable Locality locality;
  private final List<Zone> zones = new ArrayList<>();
  private List<Zone> serving = List.of();
  private boolean panic;

  PriorityLevel(@Nullable Locality locality) {
    this.locality = locality;
  }

  void add(RosterEntry entry, PoolEntry pool, Standing standing) {
    zone(pool).add(entry, standing);
  }

  private Zone zone(PoolEntry pool) {
    for (Zone zone : zones) {
      if (zone.pool == pool) {
        return zone;
      }
    }
    Zone zone = new Zone(pool);
    zones.add(zone);
    return zone;
  }

  /** How many are eligible, and not only for trials. */
  int well() {
    return zones.stream().mapToInt(zone -> zone.well).sum();
  }

  int known() {
    return zones.stream().mapToInt(zone -> zone.eligibleAndUnwell.size() + zone.gated.size()).sum();
  }

  /** The weight of those that are eligible, with all that they have when they are warm. */
  double eligibleWeight() {
    return zones.stream().mapToDouble(zone -> zone.eligibleWeight).sum();
  }

  /** The same, of which those that are silent count as little as notices that it is over. */
  double answeringWeight() {
    return zones.stream().mapToDouble(zone -> zone.answeringWeight).sum();
  }

  double knownWeight() {
    return zones.stream().mapToDouble(zone -> zone.knownWeight).sum();
  }

  /** The part of the weight that is eligible, and not only for trials. */
  double health() {
    double known = knownWeight();
    return known == 0 ? 0 : zones.stream().mapToDouble(zone -> zone.wellWeight).sum() / known;
  }

  boolean panic() {
    return panic;
  }

  /** Decides which zones serve; returns how many endpoints they have to choose from. */
  int serve(boolean panic) {
    this.panic = panic;
    serving = zones.stream().filter(zone -> !zone.usable(panic).isEmpty()).toList();
    if (locality != null && locality.strict()) {
      List<Zone> own =
          serving.stream().filter(zone -> locality.zone().equals(zone.pool.pool.zone)).toList();
      serving = own.isEmpty() ? serving : own;
    }
    return usable().size();
  }

  List<Zone> zones() {
    return zones;
  }

  /** Returns the share of each zone in the level's load; one zone at least must serve. */
  double[] shares() {
    double[] capacities = new double[zones.size()];
    List<@Nullable String> names = new ArrayList<>();
    for (Zone zone : zones) {
      capacities[names.size()] = serving.contains(zone) ? zone.capacity(panic) : 0;
      names.add(zone.pool.pool.zone);
    }
    return locality == null ? new double[] {1} : ZoneShares.of(locality, names, capacities);
  }

  /** What may be chosen, in the zones that serve. */
  List<LiveEndpoint> usable() {
    return joined(serving, zone -> zone.usable(panic));
  }

  /** What only failing health keeps out. */
  List<LiveEndpoint> unwell() {
    return panic ? List.of() : joined(zones, zone -> zone.unwell);
  }

  /** What no probe has passed at yet. */
  List<LiveEndpoint> unproven() {
    return joined(zones, zone -> zone.unproven);
  }

  /** What a closed gate keeps out. */
  List<LiveEndpoint> gated() {
    return joined(zones, zone -> zone.gated);
  }

  private static List<LiveEndpoint> joined(
      List<Zone> zones, Function<Zone, List<LiveEndpoint>> part) {
    if (zones.size() == 1) {
      return part.apply(zones.get(0));
    }
    return zones.stream().flatMap(zone -> part.apply(zone).stream()).toList();
  }

  /** The endpoints of one pool that traffic is meant for. */
  static final class Zone {
    private final PoolEntry pool;
    private final List<LiveEndpoint> eligible = new ArrayList<>();
    private final List<LiveEndpoint> eligibleAndUnwell = new ArrayList<>();
    private final List<LiveEndpoint> unwell = new ArrayList<>();
    private final List<LiveEndpoint> unproven = new ArrayList<>();
    private final List<LiveEndpoint> gated = new ArrayList<>();
    private int well;
    private double wellWeight;
    private double eligibleWeight;
    private double answeringWeight;
    private double knownWeight;
    private double eligibleCapacity;
    private double unwellCapacity;

    private Zone(PoolEntry pool) {
      this.pool = pool;
    }

    private void add(RosterEntry entry, Standing standing) {
      LiveEndpoint endpoint = entry.endpoint;
      EndpointState state = standing.state();
      if (standing.unproven()) {
        unproven.add(endpoint);
        return;
      }
      knownWeight += state.inService() ? entry.warmWeight : 0;
      eligibleWeight += state == EndpointState.ELIGIBLE ? entry.warmWeight : 0;
      switch (state) {
        case DRAINING, WEIGHT_ZERO, OUTSIDE_SUBSET -> {}
        case BREAKER_OPEN -> gated.add(endpoint);
        case UNHEALTHY, EJECTED -> {
          unwell.add(endpoint);
          unwellCapacity += entry.capacity;
          eligibleAndUnwell.add(endpoint);
        }
        case ELIGIBLE -> {
          boolean trials = entry.failsAll();
          well += trials ? 0 : 1;
          wellWeight += trials ? 0 : entry.warmWeight;
          answeringWeight += entry.warmWeight * (entry.answers.silent() ? Answers.SILENT_PART : 1);
          eligible.add(endpoint);
          eligibleCapacity += entry.capacity;
          eligibleAndUnwell.add(endpoint);
        }
      }
    }

    private List<LiveEndpoint> usable(boolean panic) {
      return panic ? eligibleAndUnwell : eligible;
    }

    private double capacity(boolean panic) {
      double sum = eligibleCapacity + (panic ? unwellCapacity : 0);
      Aperture aperture = pool.aperture();
      return pool.countedPart() * (aperture == null ? sum : sum * aperture.scale());
    }

    Candidates candidates(boolean panic) {
      return pool.candidates(usable(panic), panic);
    }
  }
}
