package io.evenload.config;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.chooser.Choosers;
import io.evenload.limit.ConcurrencyLimits;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Changed properties at what runs. */
class ReconfigureConfigTest {

  private final List<LoadBalancer> balancers = new ArrayList<>();

  @AfterEach
  void close() {
    balancers.forEach(LoadBalancer::close);
  }

  @Test
  void balancer_someKeysChanged_leavesTheOthersAsTheyAre() {
    EvenloadConfig former =
        config(
            "default.chooser=peak-ewma;default.panic-threshold=0.3;"
                + "default.outlier-detection.interval=20s");
    LoadBalancer orders = balancer(former.balancer("orders"));
    Object chooser = inForce(orders, "chooser");

    config(
            "default.chooser=peak-ewma;default.panic-threshold=0.2;"
                + "default.health-check.probe=tcp;service.orders.health-check.interval=3s")
        .reconfigure(orders, former);

    assertThat(inForce(orders, "chooser")).isSameAs(chooser);
    assertThat(inForce(orders, "panicThreshold")).isEqualTo(0.2);
    assertThat(inForce(orders, "outlierDetection.interval")).hasToString("PT10S");
    assertThat(inForce(orders, "healthCheck.interval")).hasToString("PT3S");
  }

  @Test
  void balancer_allKeysGone_hasTheLibrarysDefaults() {
    EvenloadConfig former =
        config(
            "default.chooser=random;default.panic-threshold=0.3;default.empty-list-grace=1m;"
                + "default.leak-sampling=3;default.health-check.probe=tcp;"
                + "default.outlier-detection.enabled=false;default.locality.zone=a;"
                + "default.slow-start.window=5s;"
                + "default.subset.identity=me;default.concurrency-limit.algorithm=aimd");
    LoadBalancer orders = balancer(former.balancer("orders"));
    EvenloadConfig.of(Map.of()).reconfigure(orders, former);

    LoadBalancer usual = balancer(LoadBalancer.builder("usual"));
    for (String option :
        List.of(
            "panicThreshold",
            "emptyListGrace",
            "leakSampling",
            "gates",
            "healthCheck",
            "outlierDetection",
            "slowStart",
            "slowStartOfAll",
            "locality",
            "subset")) {
      assertThat(inForce(orders, option)).as(option).isEqualTo(inForce(usual, option));
    }
    assertThat(inForce(orders, "chooser")).hasToString("powerOfTwoChoices");
  }

  @Test
  void balancer_whatCodeHasSet_staysWithoutKeys() {
    EvenloadConfig former = config("default.panic-threshold=0.3");
    Gate.Factory gate = ConcurrencyLimits.fixed(7);
    LoadBalancer orders =
        balancer(former.balancer("orders").chooser(Choosers.roundRobin()).gate(gate));

    config("default.panic-threshold=0.2").reconfigure(orders, former);

    assertThat(inForce(orders, "chooser")).isSameAs(Choosers.roundRobin());
    assertThat(inForce(orders, "gates")).isEqualTo(List.of(gate));
  }

  @Test
  void balancer_anotherLimit_isTheOnlyOne() {
    EvenloadConfig former = config("default.concurrency-limit.algorithm=aimd");
    LoadBalancer orders = balancer(former.balancer("orders"));
    Object gates = inForce(orders, "gates");
    EvenloadConfig next =
        config("default.concurrency-limit.algorithm=fixed;default.concurrency-limit.limit=3");

    next.reconfigure(orders, former);

    assertThat((List<?>) inForce(orders, "gates")).hasSize(1).isNotEqualTo(gates);
    config("default.concurrency-limit.enabled=false").reconfigure(orders, next);
    assertThat((List<?>) inForce(orders, "gates")).isEmpty();
  }

  @Test
  void balancer_switches_turnOffAndOnAgain() {
    EvenloadConfig on = config("default.health-check.probe=tcp;default.slow-start.window=5s");
    LoadBalancer orders = balancer(on.balancer("orders"));
    EvenloadConfig off =
        config(
            "default.health-check.probe=tcp;default.health-check.enabled=false;"
                + "default.slow-start.window=5s;default.slow-start.enabled=false;"
                + "default.outlier-detection.enabled=false");

    off.reconfigure(orders, on);
    assertThat(inForce(orders, "healthCheck")).isNull();
    assertThat(inForce(orders, "slowStart")).isNull();
    assertThat(inForce(orders, "outlierDetection")).isNull();

    on.reconfigure(orders, off);
    assertThat(inForce(orders, "healthCheck")).isNotNull();
    assertThat(inForce(orders, "slowStart.window")).hasToString("PT5S");
    assertThat(inForce(orders, "outlierDetection")).isNotNull();
  }

  @Test
  void interceptor_someKeysChanged_leavesTheOthersAsTheyAre() {
    EvenloadConfig former =
        config(
            "default.retry.max-attempts=2;default.circuit-breaker.window=30;"
                + "default.wait-for-room=1s;default.timeout-header=X-T;default.hints.retry-after=true;"
                + "default.failure-statuses=500;default.affinity.by=server-cookie");
    LoadBalancingInterceptor calls = interceptor(former);
    Object breaker = inForce(calls, "circuitBreaker");

    config(
            "service.orders.retry.max-attempts=5;default.circuit-breaker.window=30;"
                + "default.timeout-header=X-U;default.failure-statuses=500")
        .reconfigure(calls, former);

    assertThat(inForce(calls, "circuitBreaker")).isSameAs(breaker);
    assertThat(inForce(calls, "retry.maxAttempts")).isEqualTo(5);
    assertThat(inForce(calls, "waitForRoom")).hasToString("PT0S");
    assertThat(inForce(calls, "timeoutHeader")).isEqualTo("X-U");
    assertThat(inForce(calls, "hints.retryAfter")).isEqualTo(false);
    assertThat(inForce(calls, "affinity.remembersServers")).isEqualTo(false);
  }

  @Test
  void interceptor_nameSpeltAnotherWay_isTheSameService() {
    String spelt = "B\u00fccher.example";
    EvenloadConfig former = config("service." + spelt + ".retry.max-attempts=4");
    LoadBalancingInterceptor calls = former.interceptor(balancer(former.balancer(spelt))).build();
    assertThat(calls.hosts()).containsExactly("xn--bcher-kva.example");
    assertThat(inForce(calls, "retry.maxAttempts")).isEqualTo(4);

    EvenloadConfig next = config("service." + spelt + ".retry.max-attempts=5");
    next.reconfigure(calls, former);
    assertThat(inForce(calls, "retry.maxAttempts")).isEqualTo(5);

    config("service.xn--bcher-kva.example.retry.max-attempts=6").reconfigure(calls, next);
    assertThat(inForce(calls, "retry.maxAttempts")).isEqualTo(6);
  }

  @Test
  void interceptor_allKeysGone_hasTheLibrarysDefaults() {
    EvenloadConfig former =
        config(
            "default.retry.max-attempts=2;default.circuit-breaker.enabled=false;"
                + "default.wait-for-servers=1s;default.wait-for-room=1s;default.timeout-header=X-T;"
                + "default.failure-statuses=500;default.hints.retry-after=true");
    LoadBalancingInterceptor calls = interceptor(former);

    EvenloadConfig.of(Map.of()).reconfigure(calls, former);

    LoadBalancingInterceptor usual = interceptor(EvenloadConfig.of(Map.of()));
    for (String option :
        List.of(
            "retry.maxAttempts",
            "circuitBreaker.config.slidingWindowSize",
            "waitForServers",
            "waitForRoom",
            "failureStatuses",
            "timeoutHeader",
            "hints.retryAfter")) {
      assertThat(inForce(calls, option)).as(option).isEqualTo(inForce(usual, option));
    }
  }

  @Test
  void interceptor_switches_turnOffAndOnAgain() {
    EvenloadConfig on = config("default.retry.hedge.delay=20ms");
    LoadBalancingInterceptor calls = interceptor(on);
    EvenloadConfig off =
        config(
            "default.retry.hedge.delay=20ms;service.orders.retry.enabled=false;"
                + "service.orders.retry.hedge.enabled=false;"
                + "service.orders.circuit-breaker.enabled=false");

    off.reconfigure(calls, on);
    assertThat(inForce(calls, "retry.maxAttempts")).isEqualTo(1);
    assertThat(inForce(calls, "retry.hedge")).isNull();
    assertThat(inForce(calls, "circuitBreaker")).isNull();

    on.reconfigure(calls, off);
    assertThat(inForce(calls, "retry.maxAttempts")).isEqualTo(3);
    assertThat(inForce(calls, "retry.hedge")).isNotNull();
    assertThat(inForce(calls, "circuitBreaker.config.slidingWindowSize")).isEqualTo(50);
    assertThat(inForce(calls, "circuitBreaker.config.minimumNumberOfCalls")).isEqualTo(20);
  }

  @Test
  void reconfigure_nothingChanged_doesNothing() {
    EvenloadConfig former = config("default.retry.max-attempts=2;default.chooser=random");
    LoadBalancer orders = balancer(former.balancer("orders"));
    LoadBalancingInterceptor calls = former.interceptor(orders).build();
    Object retry = inForce(calls, "retry");
    EvenloadConfig same = config("service.orders.retry.max-attempts=2;default.chooser=random");
    same.reconfigure(orders, former);
    same.reconfigure(calls, former);
    assertThat(inForce(calls, "retry")).isSameAs(retry);
  }

  private LoadBalancer balancer(LoadBalancer.Builder builder) {
    LoadBalancer balancer = builder.servers(ServerList.of(Server.of("a", 1))).build();
    balancers.add(balancer);
    return balancer;
  }

  private LoadBalancingInterceptor interceptor(EvenloadConfig config) {
    return config.interceptor(balancer(config.balancer("orders"))).build();
  }

  private static Object inForce(LoadBalancer balancer, String path) {
    List<Object> found = new ArrayList<>();
    balancer.reconfigure(builder -> found.add(Fields.of(builder, path)));
    return found.get(0);
  }

  private static Object inForce(LoadBalancingInterceptor interceptor, String path) {
    List<Object> found = new ArrayList<>();
    interceptor.reconfigure(builder -> found.add(Fields.of(builder, path)));
    return found.get(0);
  }

  private static EvenloadConfig config(String lines) {
    return EvenloadConfig.of(EvenloadConfigTest.lines(lines));
  }
}
