package io.evenload.config;

import io.evenload.Chooser;
import io.evenload.Gate;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.ServiceOptions;
import io.github.resilience4j.core.IntervalFunction;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import okhttp3.CookieJar;
import okhttp3.Request;

/** What two builders were set to, as text. */
record Effects(LoadBalancer.Builder balancer, ServiceOptions<?> interceptor) {

  private static final Request REQUEST =
      new Request.Builder()
          .url("http://orders/")
          .header("X-User", "ann")
          .header("Cookie", "session=s1")
          .build();

  /** Returns what is at the end of a path such as {@code retry.maxAttempts}. */
  String at(String path) {
    return switch (path) {
      case "key" -> key();
      case "failures" -> failures();
      case "wait of the breaker" -> breakerWait();
      default -> text(field(path));
    };
  }

  private Object field(String path) {
    String first = path.replaceAll("\\..*", "");
    Object value = Fields.has(balancer, first) ? balancer : interceptor;
    for (String name : path.split("\\.", -1)) {
      if (value instanceof Map<?, ?> map) {
        value = map.get(name);
      } else {
        value = value != null && Fields.has(value, name) ? made(Fields.of(value, name)) : null;
      }
    }
    return value;
  }

  /** Makes of a recipe what it is for. */
  private static Object made(Object value) {
    if (value instanceof Chooser chooser) {
      return chooser.bind(new FixedEnvironment());
    }
    if (value instanceof List<?> list && (list.isEmpty() || list.get(0) instanceof Gate.Factory)) {
      return list.isEmpty()
          ? null
          : ((Gate.Factory) list.get(0)).create(Server.of("a", 1), () -> 0, () -> {});
    }
    return value;
  }

  /** Objects without a text of their own have that of their class. */
  private static String text(Object value) {
    if (value instanceof Set<?> set) {
      return new TreeSet<>(set).toString();
    }
    String text = String.valueOf(value).strip().replace("\n", "; ");
    return text.contains("@") ? value.getClass().getSimpleName() : text;
  }

  private String key() {
    Object affinity = Fields.of(interceptor, "affinity");
    return String.valueOf(Fields.call(affinity, "key", REQUEST, CookieJar.NO_COOKIES));
  }

  private String failures() {
    IntPredicate statuses = (IntPredicate) Fields.of(interceptor, "failureStatuses");
    return statuses == null
        ? "none"
        : "429: %s, 400: %s, 501: %s"
            .formatted(statuses.test(429), statuses.test(400), statuses.test(501));
  }

  private String breakerWait() {
    IntervalFunction wait =
        (IntervalFunction)
            Fields.of(interceptor, "circuitBreaker.config.waitIntervalFunctionInOpenState");
    return String.valueOf(wait.apply(1));
  }

  private static final class FixedEnvironment implements Chooser.Environment {
    @Override
    public LongSupplier nanoTime() {
      return () -> 0;
    }

    @Override
    public RandomGenerator random() {
      return new SplittableRandom(1);
    }
  }
}
