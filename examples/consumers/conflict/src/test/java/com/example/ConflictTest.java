package com.example;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.File;
import java.lang.reflect.Array;
import java.lang.reflect.Method;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Retrofit without the BOM brings OkHttp 4.12.0, whose jar has the same classes as that of version
 * 5: what is built first, when an application starts, says so.
 */
class ConflictTest {

  @Test
  void of_bothVersions_namesThemAndTheCure() {
    try (LoadBalancer orders = LoadBalancer.of("orders")) {
      assertThatThrownBy(() -> LoadBalancingInterceptor.of("orders", orders))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("OkHttp is on the class path twice")
          .hasMessageContaining("okhttp-4.12.0.jar")
          .hasMessageContaining("okhttp-jvm-5.5.1.jar")
          .hasMessageContaining("import com.squareup.okhttp3:okhttp-bom in dependencyManagement");
    }
  }

  @Test
  void of_oldVersionAlone_namesItAndTheCure() throws Exception {
    try (URLClassLoader old = without("okhttp-jvm")) {
      Class<?> balancer = old.loadClass(LoadBalancer.class.getName());
      Class<?> interceptor = old.loadClass(LoadBalancingInterceptor.class.getName());
      Class<?> server = old.loadClass(Server.class.getName());
      Object orders =
          balancer
              .getMethod("of", String.class, server.arrayType())
              .invoke(null, "orders", Array.newInstance(server, 0));
      Method of = interceptor.getMethod("of", String.class, balancer);
      try (AutoCloseable closing = (AutoCloseable) orders) {
        assertThatThrownBy(() -> of.invoke(null, "orders", closing))
            .cause()
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("OkHttp is too old: okhttp-4.12.0.jar")
            .hasMessageContaining("com.squareup.okhttp3:okhttp-bom in dependencyManagement");
      }
    }
  }

  private static URLClassLoader without(String jar) throws Exception {
    String own = System.getProperty("java.class.path");
    String all = System.getProperty("surefire.test.class.path", own); // where own is one jar
    List<URL> others = new ArrayList<>();
    for (String each : all.split(File.pathSeparator, -1)) {
      if (!each.contains(jar)) {
        others.add(Path.of(each).toUri().toURL());
      }
    }
    return new URLClassLoader(others.toArray(URL[]::new), ClassLoader.getPlatformClassLoader());
  }
}
