package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.resilience4j.circuitbreaker.CircuitBreakerConfig;
import java.io.File;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class BreakerCheckTest {

  @Test
  void verify_thisResilience4j_passes() {
    assertThatNoException().isThrownBy(BreakerCheck::verify);
  }

  @Test
  void takesClock_builderWithoutOne_isFalse() {
    assertThat(BreakerCheck.takesClock(CircuitBreakerConfig.Builder.class))
        .isEqualTo(BreakerCheck.TAKES_CLOCK);
    assertThat(BreakerCheck.takesClock(Object.class)).isFalse();
  }

  @Test
  void builder_withoutResilience4j_namesTheJarAndTheCure() throws Exception {
    String own = System.getProperty("java.class.path");
    String all = System.getProperty("surefire.test.class.path", own); // where own is one jar
    List<URL> others = new ArrayList<>();
    for (String each : all.split(File.pathSeparator, -1)) {
      if (!each.contains("resilience4j")) {
        others.add(Path.of(each).toUri().toURL());
      }
    }
    try (URLClassLoader without =
        new URLClassLoader(others.toArray(new URL[0]), ClassLoader.getPlatformClassLoader())) {
      Method builder =
          without.loadClass(LoadBalancingInterceptor.class.getName()).getMethod("builder");
      for (int i = 0; i < 2; i++) { // the second time the class is known to be broken
        assertThatThrownBy(() -> builder.invoke(null))
            .cause()
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("io.github.resilience4j:resilience4j-circuitbreaker 2.2.0");
      }
    }
  }

  @Test
  void problem_missingMethod_namesTheJarAndTheCure() {
    NoSuchMethodError missing = new NoSuchMethodError("clock");
    assertThat(BreakerCheck.problem(missing))
        .hasMessageStartingWith("resilience4j does not fit: resilience4j-circuitbreaker-")
        .hasMessageContaining("io.github.resilience4j:resilience4j-bom")
        .hasCause(missing);
  }
}
