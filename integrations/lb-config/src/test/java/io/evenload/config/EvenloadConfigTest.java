package io.evenload.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchIllegalArgumentException;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.okhttp.ServiceOptions;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import org.assertj.core.util.Throwables;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EvenloadConfigTest {

  @Test
  void of_defaultsAndServices_mergesThemKeyByKey() {
    EvenloadConfig config =
        EvenloadConfig.of(
            Map.of(
                "evenload.default.retry.max-attempts", "2",
                "evenload.default.retry.max-backoff", "2s",
                "evenload.default.panic-threshold", "0.4",
                "evenload.service.orders.retry.max-attempts", "5",
                "evenload.service.eu.orders.retry.budget.enabled", "false",
                "other.key", "x"));

    assertThat(config.services()).containsExactly("eu.orders", "orders");
    assertThat(retry(config, "orders")).contains("maxAttempts=5").contains("maxBackoff=PT2S");
    assertThat(retry(config, "eu.orders")).contains("maxAttempts=2").contains("no budget");
    assertThat(retry(config, "users")).contains("maxAttempts=2").contains("budgetRatio=0.2");
    assertThat(Fields.of(config.balancer("orders"), "panicThreshold")).isEqualTo(0.4);
    assertThat(Fields.of(config.balancer("users"), "panicThreshold")).isEqualTo(0.4);
  }

  @Test
  void of_nothing_isTheLibrarysDefaults() {
    EvenloadConfig config = EvenloadConfig.of(Map.of());
    assertThat(config.services()).isEmpty();
    assertThat(Fields.all(options(config, "orders")))
        .isEqualTo(Fields.all(LoadBalancingInterceptor.builder()));
    assertThat(Fields.all(config.balancer("orders")))
        .isEqualTo(Fields.all(LoadBalancer.builder("orders")));
  }

  @Test
  void of_properties_readsTheirDefaultsToo() {
    Properties defaults = new Properties();
    defaults.setProperty("evenload.default.retry.max-attempts", "7");
    Properties properties = new Properties(defaults);
    properties.setProperty("evenload.default.retry.max-backoff", " PT3S ");
    properties.put("evenload.default.not.text", 5);

    assertThat(retry(EvenloadConfig.of(properties), "orders"))
        .contains("maxAttempts=7")
        .contains("maxBackoff=PT3S");
  }

  @Test
  void balancer_builtWithServers_hasTheServicesName() {
    EvenloadConfig config = EvenloadConfig.of(Map.of("evenload.default.chooser", "random"));
    try (LoadBalancer orders =
        config.balancer("orders").servers(ServerList.of(Server.of("a", 1))).build()) {
      assertThat(orders.name()).isEqualTo("orders");
      assertThat(config.interceptor(orders).build()).isNotNull();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "default.panic-threshold=1.4 | default.panic-threshold: 1.4 (expected: 0 to 1)",
        "default.panic-threshold=NaN | default.panic-threshold: NaN (expected: number)",
        "default.panic-threshold=0x1p3 | default.panic-threshold: 0x1p3 (expected: number)",
        "default.leak-sampling=many | default.leak-sampling: many (expected: integer)",
        "default.leak-sampling= | default.leak-sampling:  (expected: integer)",
        "service.orders.empty-list-grace=5 | service.orders.empty-list-grace: 5"
            + " (expected: duration, such as 250ms, 2s or PT1M)",
        "default.circuit-breaker.open-time=PT2562047788015215H |"
            + " default.circuit-breaker.open-time: PT2562047788015215H"
            + " (expected: duration, such as 250ms, 2s or PT1M)",
        "default.empty-list-grace=-PT1S | default.empty-list-grace: -PT1S"
            + " (expected: PT0S to PT2400H)",
        "default.retry.enabled=yes | default.retry.enabled: yes (expected: true or false)",
        "default.retry.statuses=503,42 | default.retry.statuses: 503,42"
            + " (expected: statuses, such as 429,500-599)",
        "default.retry.statuses=503-502 | default.retry.statuses: 503-502"
            + " (expected: statuses, such as 429,500-599)",
        "default.retry.statuses=200 | default.retry.statuses: 200 (expected: 400 to 599)",
        "default.locality.zone=a;default.locality.clients=a=1,b | default.locality.clients: a=1,b"
            + " (expected: pairs, such as a=1,b=2)",
        "default.chooser=best | default.chooser: best (expected: power-of-two-choices, peak-ewma,"
            + " shortest-expected-delay, least-loaded, round-robin, random, maglev, rendezvous,"
            + " bounded-load or first-available)",
        "default.circuit-breaker.window=0 |"
            + " default.circuit-breaker.window: 0 (expected: 1 to 100000)",
        "default.retry.max-attempt=3 | default.retry.max-attempt: unknown key"
            + " (expected: perhaps evenload.default.retry.max-attempts)",
        "service.orders.slowstart.window=3s | service.orders.slowstart.window: unknown key"
            + " (expected: perhaps evenload.service.<name>.slow-start.window)",
        "service.panic-threshold=0.3 | service.panic-threshold: unknown key"
            + " (expected: perhaps evenload.service.<name>.panic-threshold)",
        "retry.max-attempts=3 | retry.max-attempts: unknown key"
            + " (expected: evenload.default.<key> or evenload.service.<name>.<key>)",
      })
  void of_aBadKeyOrValue_isRefusedByName(String line, String message) {
    assertRefused("evenload." + message, line);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "default.retry.base-backoff=2s | default.retry.base-backoff: PT2S"
            + " (expected: <= maxBackoff, PT1S)",
        "default.retry.max-backoff=5ms | default.retry.base-backoff: PT0.025S"
            + " (expected: <= maxBackoff, PT0.005S)",
        "service.orders.health-check.interval=5s | service.orders.health-check.probe: none"
            + " (expected: tcp or http)",
        "default.health-check.enabled=true | default.health-check.probe: none"
            + " (expected: tcp or http)",
        "default.health-check.probe=http | default.health-check.path: none (expected: text)",
        "default.health-check.probe=tcp;default.health-check.path=/x |"
            + " default.health-check.path: /x (expected: only with health-check.probe=http)",
        "default.health-check.probe=tcp;default.health-check.tls=true |"
            + " default.health-check.tls: true (expected: only with health-check.probe=http)",
        "default.health-check.probe=tcp;default.health-check.port=0 |"
            + " default.health-check.port: 0 (expected: 1 to 65535)",
        "default.health-check.probe=http;default.health-check.path=/;default.health-check.port=0 |"
            + " default.health-check.port: 0 (expected: 1 to 65535)",
        "default.health-check.probe=http;default.health-check.path=x |"
            + " default.health-check.path: 'x' (expected: a slash, and then what a URL may have)",
        "default.health-check.probe=http;default.health-check.path=/;default.health-check.host=a/b |"
            + " default.health-check.host: 'a/b' (expected: a host name, with a port if need be)",
        "default.health-check.probe=http;default.health-check.path=/;"
            + "default.health-check.draining-status=99 |"
            + " default.health-check.draining-status: 99 (expected: 200 to 599)",
        "default.chooser.decay-time=1s | default.chooser.decay-time: 1s"
            + " (expected: only with chooser=peak-ewma)",
        "default.chooser=bounded-load;default.chooser.factor=0.5 | default.chooser.factor: 0.5"
            + " (expected: 1 to 100)",
        "default.chooser=maglev;default.chooser.table-size=100 | default.chooser.table-size: 100"
            + " (expected: a prime of 11 to 5000011)",
        "default.chooser.table-size=101 | default.chooser.table-size: 101"
            + " (expected: only with chooser=maglev)",
        "default.locality.strict=true | default.locality.zone: none (expected: text)",
        "default.subset.size=5 | default.subset.client: none (expected: integer)",
        "default.subset.client=5 | default.subset.clients: none (expected: integer)",
        "default.subset.client=5;default.subset.clients=5 | default.subset.client: 5"
            + " (expected: 0 to 4)",
        "default.subset.client=1;default.subset.identity=a | default.subset.identity: a"
            + " (expected: not together with subset.client)",
        "default.concurrency-limit.limit=5 | default.concurrency-limit.algorithm: none"
            + " (expected: fixed, aimd or gradient2)",
        "default.concurrency-limit.algorithm=fixed | default.concurrency-limit.limit: none"
            + " (expected: integer)",
        "default.concurrency-limit.algorithm=gradient2;default.concurrency-limit.timeout=1s |"
            + " default.concurrency-limit.timeout: 1s (expected: only with"
            + " concurrency-limit.algorithm=aimd)",
        "default.concurrency-limit.algorithm=aimd;default.concurrency-limit.min=30 |"
            + " default.concurrency-limit.initial: 20 (expected: 30 to 200)",
        "default.retry.hedge.delay=1s;default.retry.hedge.quantile=0.9 |"
            + " default.retry.hedge.delay: 1s (expected: not together with retry.hedge.quantile)",
        "default.retry.hedge.quantile=1 | default.retry.hedge.quantile: 1.0"
            + " (expected: 0.5 to 0.999)",
        "default.retry.hedge.enabled=true | default.retry.hedge.quantile: none (expected: number)",
        "default.retry.enabled=false;default.retry.hedge.enabled=false;default.retry.hedge.delay=0s |"
            + " default.retry.hedge.delay: PT0S (expected: PT0.001S to PT1H)",
        "default.affinity.name=X | default.affinity.by: none"
            + " (expected: header, cookie or server-cookie)",
        "default.affinity.by=server-cookie;default.affinity.name=X | default.affinity.name: X"
            + " (expected: only with affinity.by=header or cookie)",
        "default.outlier-detection.enabled=false;default.outlier-detection.failure-percent=101 |"
            + " default.outlier-detection.failure-percent: 101 (expected: 0 to 99)",
      })
  void of_whatDoesNotGoTogether_isRefusedByName(String lines, String message) {
    assertRefused("evenload." + message, lines);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "default.health-check.probe=http;default.health-check.path=x?token=s3cret",
        "default.health-check.path=/x?token=s3cret",
        "default.health-check.probe=http;default.health-check.path=/h;"
            + "default.health-check.host=ann:s3cret@orders",
        "default.health-check.probe=http;default.health-check.path=/h;"
            + "default.health-check.header=Authorization: s3cret",
        "default.health-check.probe=http;default.health-check.path=/h;"
            + "default.health-check.header=X-Key=s3cret\u0001",
        "default.health-check.header=Authorization=s3cret",
        "default.networks=http://ann:s3cret@10.0.0.1",
        "service.orders.subset.client=http://ann:s3cret@orders?token=s3cret"
      })
  void of_aBadValueWithASecret_isRefusedWithoutIt(String line) {
    IllegalArgumentException refused =
        catchIllegalArgumentException(() -> EvenloadConfig.of(lines(line)));
    assertThat(refused).hasMessageContaining("expected: ");
    assertThat(Throwables.getStackTrace(refused)).doesNotContain("s3cret");
  }

  @Test
  void of_severalProblems_namesThemAll() {
    assertRefused(
        """
        evenload.default.panic-treshold: unknown key (expected: perhaps evenload.default.panic-threshold)
        evenload.default.panic-threshold: 2 (expected: 0 to 1)
        evenload.default.retry.statuses: x (expected: statuses, such as 429,500-599)
        evenload.service.orders.leak-sampling: -1 (expected: 0 or more)"""
            .stripIndent(),
        "default.panic-threshold=2;default.retry.statuses=x;default.panic-treshold=1;"
            + "service.orders.leak-sampling=-1");
  }

  @Test
  void of_aServiceThatChoosesOtherwise_leavesOutWhatGoesWithTheDefault() {
    EvenloadConfig config =
        EvenloadConfig.of(
            lines(
                "default.chooser=peak-ewma;default.chooser.decay-time=5s;"
                    + "default.health-check.probe=http;default.health-check.path=/health;"
                    + "default.retry.hedge.quantile=0.9;"
                    + "service.orders.chooser=random;service.orders.health-check.probe=tcp;"
                    + "service.orders.retry.hedge.delay=20ms"));
    assertThat(Fields.of(config.balancer("users"), "healthCheck.probe"))
        .hasToString("GET http://users/health");
    assertThat(Fields.of(config.balancer("orders"), "healthCheck.probe")).hasToString("TCP");
    assertThat(Fields.of(config.balancer("orders"), "chooser")).hasToString("random");
    assertThat(retry(config, "orders")).contains("after PT0.02S");
    assertThat(retry(config, "users")).contains("after quantile 0.9");
  }

  @Test
  void of_switches_turnOffWhatIsConfigured() {
    EvenloadConfig config =
        EvenloadConfig.of(
            lines(
                "default.health-check.probe=tcp;default.locality.zone=a;default.subset.identity=me;"
                    + "default.concurrency-limit.algorithm=aimd;default.slow-start.window=1m;"
                    + "default.retry.max-attempts=4;default.retry.hedge.delay=1s;"
                    + "default.retry.attempt-timeout=3s;default.affinity.by=server-cookie;"
                    + "default.hints.load-reports=true;"
                    + "service.orders.health-check.enabled=false;"
                    + "service.orders.locality.enabled=false;service.orders.subset.enabled=false;"
                    + "service.orders.concurrency-limit.enabled=false;"
                    + "service.orders.slow-start.enabled=false;"
                    + "service.orders.outlier-detection.enabled=false;"
                    + "service.orders.circuit-breaker.enabled=false;"
                    + "service.orders.retry.enabled=false;service.orders.hints.enabled=false;"
                    + "service.orders.affinity.enabled=false;"
                    + "service.search.retry.hedge.enabled=false"));
    LoadBalancer.Builder off = config.balancer("orders");
    for (String option :
        new String[] {"healthCheck", "locality", "subset", "slowStart", "outlierDetection"}) {
      assertThat(Fields.of(config.balancer("users"), option)).as(option).isNotNull();
      assertThat(Fields.of(off, option)).as(option).isNull();
    }
    assertThat((List<?>) Fields.of(config.balancer("users"), "gates")).hasSize(1);
    assertThat((List<?>) Fields.of(off, "gates")).isEmpty();
    ServiceOptions<?> calls = options(config, "orders");
    assertThat(Fields.of(calls, "circuitBreaker")).isNull();
    assertThat(Fields.of(calls, "hints.loadReports")).isEqualTo(false);
    assertThat(Fields.of(calls, "affinity.remembersServers")).isEqualTo(false);
    assertThat(Fields.of(options(config, "users"), "affinity.remembersServers")).isEqualTo(true);
    assertThat(retry(config, "orders")).contains("maxAttempts=1,").contains("attemptTimeout=PT3S");
    assertThat(retry(config, "search")).contains("maxAttempts=4").doesNotContain("hedge");
    assertThat(retry(config, "users")).contains("hedge=HedgePolicy{after PT1S}");
  }

  @Test
  void of_switchesOfWhatIsOffAnyway_areFine() {
    EvenloadConfig config =
        EvenloadConfig.of(
            lines(
                "default.health-check.enabled=false;default.locality.enabled=false;"
                    + "default.subset.enabled=false;default.concurrency-limit.enabled=false;"
                    + "default.affinity.enabled=false;default.retry.hedge.enabled=false;"
                    + "default.chooser.sticky=false"));
    assertThat(Fields.of(config.balancer("a"), "healthCheck")).isNull();
    assertThat(retry(config, "a")).doesNotContain("hedge");
  }

  private static void assertRefused(String message, String lines) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> EvenloadConfig.of(lines(lines)))
        .withMessage(message);
  }

  /** Reads {@code key=value} pairs between semicolons. */
  static Map<String, String> lines(String lines) {
    Map<String, String> texts = new TreeMap<>();
    for (String line : lines.split(";", -1)) {
      int equals = line.indexOf('=');
      texts.put("evenload." + line.substring(0, equals).strip(), line.substring(equals + 1));
    }
    return texts;
  }

  private static ServiceOptions<?> options(EvenloadConfig config, String service) {
    LoadBalancingInterceptor.Builder options = LoadBalancingInterceptor.builder();
    config.options(service).accept(options);
    return options;
  }

  private static String retry(EvenloadConfig config, String service) {
    return String.valueOf(Fields.of(options(config, service), "retry"));
  }
}
