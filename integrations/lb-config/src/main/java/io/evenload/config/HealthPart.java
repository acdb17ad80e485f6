package io.evenload.config;

import io.evenload.HealthProbe;
import io.evenload.LoadBalancer;
import io.evenload.health.HealthCheck;
import io.evenload.health.HealthProbes;
import io.evenload.health.HttpProbe;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The health check: what is asked, and how often. */
final class HealthPart {

  private static final String NAME = "health-check";
  private static final Key<Boolean> ENABLED =
      Key.enabled(
          NAME, "true if there is a probe", "LoadBalancer.Builder.healthCheck, withoutHealthCheck");
  private static final Key<String> PROBE =
      new Key<>(NAME + ".probe", Form.oneOf("tcp", "http"), "none", "HealthProbes.tcp, http");
  private static final Key<Integer> PORT =
      new Key<>(NAME + ".port", Form.INTEGER, "the server's", "HttpProbe.Builder.port");
  private static final Key<String> PATH =
      new Key<>(NAME + ".path", Form.TEXT, "none", "HttpProbe.builder");

  private static final Settings<HttpProbe.Builder> HTTP =
      new Settings<HttpProbe.Builder>(NAME, "HttpProbe.Builder")
          .with(
              "expectedStatuses",
              Form.STATUS_SET,
              "200-299",
              (probe, set) ->
                  probe.expectedStatuses(set.stream().mapToInt(Integer::intValue).toArray()))
          .with("drainingStatus", Form.INTEGER, "none", HttpProbe.Builder::drainingStatus)
          .text("drainingHeader", "none", HttpProbe.Builder::drainingHeader)
          .flag("tls", false, HealthPart::tls)
          .text("host", "the server's", HttpProbe.Builder::host)
          .with("header", Form.TEXTS, "none", (probe, headers) -> headers.forEach(probe::header));

  private static final Settings<HealthCheck.Builder> CHECK =
      new Settings<HealthCheck.Builder>(NAME, "HealthCheck.Builder")
          .duration("interval", HealthCheck.Builder.DEFAULT_INTERVAL, HealthCheck.Builder::interval)
          .duration(
              "fastInterval",
              HealthCheck.Builder.DEFAULT_FAST_INTERVAL,
              HealthCheck.Builder::fastInterval)
          .duration("timeout", HealthCheck.Builder.DEFAULT_TIMEOUT, HealthCheck.Builder::timeout)
          .number("jitter", HealthCheck.Builder.DEFAULT_JITTER, HealthCheck.Builder::jitter)
          .integer(
              "healthyThreshold",
              HealthCheck.Builder.DEFAULT_HEALTHY_THRESHOLD,
              HealthCheck.Builder::healthyThreshold)
          .integer(
              "unhealthyThreshold",
              HealthCheck.Builder.DEFAULT_UNHEALTHY_THRESHOLD,
              HealthCheck.Builder::unhealthyThreshold)
          .integer(
              "maxConcurrentProbes",
              HealthCheck.Builder.DEFAULT_MAX_CONCURRENT_PROBES,
              HealthCheck.Builder::maxConcurrentProbes)
          .flag("initiallyHealthy", true, HealthCheck.Builder::initiallyHealthy);

  static final Part<LoadBalancer.Builder> PART =
      Part.of(
          keys(),
          HealthPart::read,
          LoadBalancer.Builder::healthCheck,
          LoadBalancer.Builder::withoutHealthCheck,
          LoadBalancer.Builder::withoutHealthCheck);

  private HealthPart() {}

  private static void tls(HttpProbe.Builder probe, boolean tls) {
    if (tls) {
      probe.tls();
    }
  }

  private static List<Key<?>> keys() {
    List<Key<?>> keys = HTTP.keysAfter(ENABLED, PROBE, PORT, PATH);
    keys.addAll(CHECK.keys());
    return keys;
  }

  private static @Nullable HealthCheck read(Values values) {
    boolean enabled = values.get(ENABLED, true);
    if (!enabled && !values.has(PROBE)) {
      return null;
    }
    HealthCheck check = CHECK.on(HealthCheck.builder(probe(values)), values).build();
    return enabled ? check : null;
  }

  private static HealthProbe probe(Values values) {
    Integer port = values.get(PORT);
    if (values.need(PROBE).equals("http")) {
      HttpProbe.Builder probe = HTTP.on(HttpProbe.builder(values.need(PATH)), values);
      return (port == null ? probe : probe.port(port)).build();
    }
    values.get(PATH, PROBE, List.of("http"));
    HTTP.keys().forEach(key -> values.get(key, PROBE, List.of("http")));
    return port == null ? HealthProbes.tcp() : HealthProbes.tcp(port);
  }
}
