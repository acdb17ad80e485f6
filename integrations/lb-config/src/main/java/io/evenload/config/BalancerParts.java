package io.evenload.config;

import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.Locality;
import io.evenload.ServerList;
import io.evenload.Subset;
import io.evenload.health.OutlierDetection;
import io.evenload.health.SlowStart;
import io.evenload.limit.ConcurrencyLimits;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The parts of a {@link LoadBalancer}'s options. */
final class BalancerParts {

  private static final String IF_SET = "true if another is set";

  private BalancerParts() {}

  /** Returns them in the order of the documentation. */
  static List<Part<LoadBalancer.Builder>> all() {
    List<Part<LoadBalancer.Builder>> parts = new ArrayList<>();
    parts.add(ChooserPart.PART);
    parts.add(
        Part.of(
            new Key<>("servers", Form.SOURCE, "set in code", "LoadBalancer.Builder.servers"),
            (balancer, source) -> balancer.servers(Schemes.list(source)),
            balancer -> balancer.servers(ServerList.of()))); // refused, as it runs
    Settings<LoadBalancer.Builder> single = new Settings<>("", "LoadBalancer.Builder");
    single
        .number(
            "panicThreshold",
            LoadBalancer.Builder.DEFAULT_PANIC_THRESHOLD,
            LoadBalancer.Builder::panicThreshold)
        .duration(
            "emptyListGrace",
            LoadBalancer.Builder.DEFAULT_EMPTY_LIST_GRACE,
            LoadBalancer.Builder::emptyListGrace)
        .integer(
            "leakSampling",
            LoadBalancer.Builder.DEFAULT_LEAK_SAMPLING,
            LoadBalancer.Builder::leakSampling);
    parts.addAll(single.parts());
    parts.add(
        Part.of(
            new Key<>(
                "networks",
                Form.NETWORKS,
                "all but link-local and metadata addresses",
                "LoadBalancer.Builder.networks, withoutNetworks"),
            LoadBalancer.Builder::networks,
            LoadBalancer.Builder::withoutNetworks));
    parts.add(HealthPart.PART);
    parts.add(outlierDetection());
    parts.add(slowStart());
    parts.add(LocalityPart.PART);
    parts.add(SubsetPart.PART);
    parts.add(LimitPart.PART);
    return List.copyOf(parts);
  }

  private static Part<LoadBalancer.Builder> outlierDetection() {
    Key<Boolean> enabled =
        Key.enabled(
            "outlier-detection",
            "true",
            "LoadBalancer.Builder.outlierDetection, withoutOutlierDetection");
    Settings<OutlierDetection.Builder> settings =
        new Settings<OutlierDetection.Builder>("outlier-detection", "OutlierDetection.Builder")
            .integer(
                "consecutiveFailures",
                OutlierDetection.DEFAULT_CONSECUTIVE_FAILURES,
                OutlierDetection.Builder::consecutiveFailures)
            .number(
                "successRateDeviations",
                OutlierDetection.DEFAULT_SUCCESS_RATE_DEVIATIONS,
                OutlierDetection.Builder::successRateDeviations)
            .number(
                "successRateFloor",
                OutlierDetection.DEFAULT_SUCCESS_RATE_FLOOR,
                OutlierDetection.Builder::successRateFloor)
            .integer(
                "failurePercent",
                OutlierDetection.DEFAULT_FAILURE_PERCENT,
                OutlierDetection.Builder::failurePercent)
            .duration(
                "interval", OutlierDetection.DEFAULT_INTERVAL, OutlierDetection.Builder::interval)
            .duration(
                "baseEjectionTime",
                OutlierDetection.DEFAULT_BASE_EJECTION_TIME,
                OutlierDetection.Builder::baseEjectionTime)
            .duration(
                "maxEjectionTime",
                OutlierDetection.DEFAULT_MAX_EJECTION_TIME,
                OutlierDetection.Builder::maxEjectionTime)
            .integer(
                "maxEjectionPercent",
                OutlierDetection.DEFAULT_MAX_EJECTION_PERCENT,
                OutlierDetection.Builder::maxEjectionPercent);
    return Part.of(
        settings.keysAfter(enabled),
        values -> {
          OutlierDetection detection = settings.on(OutlierDetection.builder(), values).build();
          return values.get(enabled, true) ? detection : null;
        },
        LoadBalancer.Builder::outlierDetection,
        LoadBalancer.Builder::withoutOutlierDetection,
        balancer -> balancer.outlierDetection(OutlierDetection.defaults()));
  }

  private static Part<LoadBalancer.Builder> slowStart() {
    Key<Boolean> enabled =
        Key.enabled(
            "slow-start",
            "true after an ejection only",
            "LoadBalancer.Builder.slowStart, slowStartAfterEjections, withoutSlowStart");
    Settings<SlowStart.Builder> settings =
        new Settings<SlowStart.Builder>("slow-start", "SlowStart.Builder")
            .duration("window", SlowStart.DEFAULT_WINDOW, SlowStart.Builder::window)
            .number("aggression", SlowStart.DEFAULT_AGGRESSION, SlowStart.Builder::aggression);
    return Part.of(
        settings.keysAfter(enabled),
        values -> {
          SlowStart slowStart = settings.on(SlowStart.builder(), values).build();
          return values.get(enabled, true) ? slowStart : null;
        },
        LoadBalancer.Builder::slowStart,
        LoadBalancer.Builder::withoutSlowStart,
        LoadBalancer.Builder::slowStartAfterEjections);
  }

  /** Where this client runs. */
  private static final class LocalityPart {
    private static final Key<Boolean> ENABLED =
        Key.enabled("locality", IF_SET, "LoadBalancer.Builder.locality, withoutLocality");
    private static final Key<String> ZONE =
        new Key<>("locality.zone", Form.TEXT, "none", "Locality.builder");
    private static final Settings<Locality.Builder> SETTINGS =
        new Settings<Locality.Builder>("locality", "Locality.Builder")
            .with("clients", Form.NUMBERS, "as many in each zone", Locality.Builder::clients)
            .flag("strict", false, Locality.Builder::strict);

    static final Part<LoadBalancer.Builder> PART =
        Part.of(
            SETTINGS.keysAfter(ENABLED, ZONE),
            LocalityPart::read,
            LoadBalancer.Builder::locality,
            LoadBalancer.Builder::withoutLocality,
            LoadBalancer.Builder::withoutLocality);

    private static @Nullable Locality read(Values values) {
      boolean enabled = values.get(ENABLED, true);
      if (!enabled && !values.has(ZONE)) {
        return null;
      }
      Locality locality = SETTINGS.on(Locality.builder(values.need(ZONE)), values).build();
      return enabled ? locality : null;
    }
  }

  /** Which part of the list this client uses. */
  private static final class SubsetPart {
    private static final Key<Boolean> ENABLED =
        Key.enabled("subset", IF_SET, "LoadBalancer.Builder.subset, withoutSubset");
    private static final Key<String> IDENTITY =
        new Key<>("subset.identity", Form.TEXT, "none", "Subset.builder");
    private static final Key<Integer> CLIENT =
        new Key<>("subset.client", Form.INTEGER, "none", "Subset.builder");
    private static final Key<Integer> CLIENTS =
        new Key<>("subset.clients", Form.INTEGER, "none", "Subset.builder");
    private static final Settings<Subset.Builder> SETTINGS =
        new Settings<Subset.Builder>("subset", "Subset.Builder")
            .integer("size", Subset.DEFAULT_SIZE, Subset.Builder::size);

    static final Part<LoadBalancer.Builder> PART =
        Part.of(
            SETTINGS.keysAfter(ENABLED, IDENTITY, CLIENT, CLIENTS),
            SubsetPart::read,
            LoadBalancer.Builder::subset,
            LoadBalancer.Builder::withoutSubset,
            LoadBalancer.Builder::withoutSubset);

    private static @Nullable Subset read(Values values) {
      boolean enabled = values.get(ENABLED, true);
      if (!enabled && !values.has(IDENTITY) && !values.has(CLIENT)) {
        return null;
      }
      Subset.Builder subset =
          values.prefers(IDENTITY, CLIENT)
              ? Subset.builder(values.need(IDENTITY))
              : Subset.builder(values.need(CLIENT), values.need(CLIENTS));
      Subset built = SETTINGS.on(subset, values).build();
      return enabled ? built : null;
    }
  }

  /** What may be in flight at each server. */
  private static final class LimitPart {
    private static final List<String> ADAPTING = List.of("aimd", "gradient2");
    private static final Key<Boolean> ENABLED =
        Key.enabled("concurrency-limit", IF_SET, "LoadBalancer.Builder.gate, withoutGates");
    private static final Key<String> ALGORITHM =
        new Key<>(
            "concurrency-limit.algorithm",
            Form.oneOf("fixed", "aimd", "gradient2"),
            "none",
            "ConcurrencyLimits.Builder.aimd, gradient2");
    private static final Key<Integer> LIMIT =
        new Key<>("concurrency-limit.limit", Form.INTEGER, "none", "ConcurrencyLimits.fixed");
    private static final Settings<ConcurrencyLimits.Builder> SETTINGS =
        new Settings<ConcurrencyLimits.Builder>("concurrency-limit", "ConcurrencyLimits.Builder")
            .integer(
                "initial",
                ConcurrencyLimits.Builder.DEFAULT_INITIAL,
                ConcurrencyLimits.Builder::initial)
            .integer("min", ConcurrencyLimits.Builder.DEFAULT_MIN, ConcurrencyLimits.Builder::min)
            .integer("max", ConcurrencyLimits.Builder.DEFAULT_MAX, ConcurrencyLimits.Builder::max)
            .duration(
                "timeout",
                ConcurrencyLimits.Builder.DEFAULT_TIMEOUT,
                ConcurrencyLimits.Builder::timeout);

    static final Part<LoadBalancer.Builder> PART =
        Part.of(
            SETTINGS.keysAfter(ENABLED, ALGORITHM, LIMIT),
            LimitPart::read,
            LoadBalancer.Builder::gate,
            LoadBalancer.Builder::withoutGates,
            LoadBalancer.Builder::withoutGates);

    private static Gate.@Nullable Factory read(Values values) {
      boolean enabled = values.get(ENABLED, true);
      if (!enabled && !values.has(ALGORITHM)) {
        return null;
      }
      Gate.Factory limit = limit(values.need(ALGORITHM), values);
      return enabled ? limit : null;
    }

    private static Gate.Factory limit(String algorithm, Values values) {
      values.get(LIMIT, ALGORITHM, List.of("fixed"));
      for (Key<?> key : SETTINGS.keys()) {
        boolean ofAimd = key.name().endsWith(".timeout");
        values.get(key, ALGORITHM, ofAimd ? List.of("aimd") : ADAPTING);
      }
      if (algorithm.equals("fixed")) {
        return ConcurrencyLimits.fixed(values.need(LIMIT));
      }
      ConcurrencyLimits.Builder limits = SETTINGS.on(ConcurrencyLimits.builder(), values);
      return algorithm.equals("aimd") ? limits.aimd() : limits.gradient2();
    }
  }
}
