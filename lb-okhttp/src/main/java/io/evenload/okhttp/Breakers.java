package io.evenload.okhttp;

import io.evenload.Gate;
import io.evenload.LoadBalancer;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** The circuit breakers that an interceptor gave to balancers; calls must not overlap. */
final class Breakers {

  private final Map<LoadBalancer, Map<CircuitBreaker, Gate.Factory>> given = new HashMap<>();

  /**
   * Gives the balancer these breakers. Those that it has keep their state; others go after the new
   * ones came, so that no server is without any meanwhile.
   */
  void use(LoadBalancer balancer, Set<CircuitBreaker> wanted) {
    Map<CircuitBreaker, Gate.Factory> last = given.getOrDefault(balancer, Map.of());
    Map<CircuitBreaker, Gate.Factory> next = new LinkedHashMap<>();
    for (CircuitBreaker breaker : wanted) {
      Gate.Factory known = last.get(breaker);
      if (known == null) {
        known = BreakerGate.factory(breaker.config());
        balancer.addGate(known);
      }
      next.put(breaker, known);
    }
    last.forEach(
        (breaker, factory) -> {
          if (!next.containsKey(breaker)) {
            balancer.removeGate(factory);
          }
        });
    given.put(balancer, next);
  }
}
