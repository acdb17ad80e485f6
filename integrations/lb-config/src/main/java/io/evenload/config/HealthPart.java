package io.evenload.config;

import io.evenload.HealthProbe;
import io.evenload.LoadBalancer;
import io.evenload.health.HealthCheck;
import io.evenload.health.HealthProbes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/** The health check: what is asked, and how often. */
final class HealthPart {

  private static final String NAME = "health-check";
  private static final Key<Boolean> ENABLED =
      Key.enabled(
          NAME, "true if there is a probe", "LoadBalancer.Builder.healthCheck, withoutHealthCheck");
  private static final Key<String> PROBE =
      new Key<>(NAME + ".probe", Form.oneOf("tcp", "http"), "none", "HealthProbes.tcp");
  private static final String HTTP_PROBE = "OkHttpProbes.http";
  private static final Key<Integer> PORT =
      new Key<>(NAME + ".port", Form.INTEGER, "the server's", "HealthProbes.tcp");
  private static final Key<String> PATH = new Key<>(NAME + ".path", Form.TEXT, "none", HTTP_PROBE);

  private static final List<Setting<HttpCheck, ?>> HTTP =
      List.of(
          http("expected-statuses", Form.STATUS_SET, "200-299", HttpCheck::expectedStatuses),
          http("draining-status", Form.INTEGER, "none", HttpCheck::drainingStatus),
          http("draining-header", Form.TEXT, "none", HttpCheck::drainingHeader),
          http("tls", Form.FLAG, "false", HttpCheck::tls),
          http("host", Form.TEXT, "the service's name", HttpCheck::host),
          http("header", Form.TEXTS, "none", HttpCheck::headers));

  private static final Settings<HealthCheck.Builder> CHECK =
      new Settings<HealthCheck.Builder>(NAME, "HealthCheck.Builder")
          .duration("interval", HealthCheck.Builder.DEFAULT_INTERVAL, HealthCheck.Builder::interval)
          .duration(
              "fastInterval",
              HealthCheck.Builder.DEFAULT_FAST_INTERVAL,
              HealthCheck.Builder::fastInterval)
          .duration("timeout", HealthCheck.Builder.DEFAULT_TIMEOUT, HealthCheck.Builder::timeout)
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

  private static <V> Setting<HttpCheck, V> http(
      String name, Form<V> form, String usual, BiConsumer<HttpCheck, V> setter) {
    return new Setting<>(new Key<>(NAME + "." + name, form, usual, HTTP_PROBE), setter);
  }

  private static List<Key<?>> keys() {
    List<Key<?>> keys = new ArrayList<>(List.of(ENABLED, PROBE, PORT, PATH));
    HTTP.forEach(setting -> keys.add(setting.key()));
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
      HttpCheck check = new HttpCheck(values.service());
      HTTP.forEach(setting -> values.set(setting, check));
      return check.probe(values.probing(), values.need(PATH), port);
    }
    values.get(PATH, PROBE, List.of("http"));
    HTTP.forEach(setting -> values.get(setting.key(), PROBE, List.of("http")));
    return port == null ? HealthProbes.tcp() : HealthProbes.tcp(port);
  }
}
