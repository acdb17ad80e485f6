package io.evenload.micrometer;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.WeakHashMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;

/**
 * Who uses which meter of one registry, so that the last one removes it: two balancers of one name
 * have the same meters, as when one takes the other's place. Thread-safe.
 */
final class NamedMeters {

  @GuardedBy("REGISTRIES")
  private static final Map<MeterRegistry, NamedMeters> REGISTRIES = new WeakHashMap<>();

  /** By its id; the value knows nothing of the registry. */
  @GuardedBy("this")
  private final Map<Meter.Id, Integer> users = new HashMap<>();

  /** The metrics of each name, the latest last; weakly, as they know the registry. */
  @GuardedBy("this")
  private final Map<String, List<WeakReference<LoadBalancerMetrics>>> metrics = new HashMap<>();

  private NamedMeters() {}

  /** Those of a registry. */
  static NamedMeters of(MeterRegistry registry) {
    synchronized (REGISTRIES) {
      return REGISTRIES.computeIfAbsent(registry, absent -> new NamedMeters());
    }
  }

  /** Has the meter registered, or finds it, and uses it from now on. */
  synchronized <M extends Meter> M use(
      MeterRegistry registry, Function<MeterRegistry, M> register) {
    M meter = register.apply(registry);
    users.merge(meter.getId(), 1, Integer::sum);
    return meter;
  }

  /** Uses it no more, and removes it if nobody else does. */
  synchronized void release(MeterRegistry registry, Meter meter) {
    Meter.Id id = meter.getId();
    Integer left = users.computeIfPresent(id, (known, count) -> count == 1 ? null : count - 1);
    if (left == null) {
      Meter unused = registry.remove(id);
    }
  }

  /** Makes these the ones that gauges of this name show. */
  synchronized void begin(String name, LoadBalancerMetrics begun) {
    metrics.computeIfAbsent(name, absent -> new ArrayList<>()).add(new WeakReference<>(begun));
  }

  /** Forgets them; tells whether no others of this name are left. */
  @SuppressWarnings("ReferenceEquality") // these very ones
  synchronized boolean end(String name, LoadBalancerMetrics ended) {
    List<WeakReference<LoadBalancerMetrics>> known = metrics.getOrDefault(name, List.of());
    if (!known.isEmpty()) {
      known.removeIf(each -> each.get() == null || each.get() == ended);
    }
    if (known.isEmpty()) {
      metrics.remove(name);
    }
    return known.isEmpty();
  }

  /** What a gauge of this name shows: the latest balancer's; NaN if there is none. */
  synchronized double latest(String name, ToDoubleFunction<LoadBalancerMetrics> value) {
    List<WeakReference<LoadBalancerMetrics>> known = metrics.getOrDefault(name, List.of());
    for (int i = known.size() - 1; i >= 0; i--) {
      LoadBalancerMetrics shown = known.get(i).get();
      if (shown != null) {
        return value.applyAsDouble(shown);
      }
    }
    return Double.NaN;
  }
}
