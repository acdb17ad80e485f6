package io.evenload.okhttp;

import java.io.IOException;
import java.net.URL;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.stream.Collectors;
import kotlin.jvm.functions.Function0;
import okhttp3.Call;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/** Tells whether the OkHttp at hand can do what is needed, once for the program. */
final class OkHttpCheck {

  private static final String CLASS = "okhttp3/OkHttpClient.class";

  private static final @Nullable String PROBLEM = problem(copies(), complete());

  private OkHttpCheck() {}

  /**
   * Returns if OkHttp can be used.
   *
   * @throws IOException if it is older than 5.4.0, or there are two of it
   */
  static void verify() throws IOException {
    if (PROBLEM != null) {
      throw new IOException(PROBLEM);
    }
  }

  /**
   * Returns if OkHttp can be used.
   *
   * @throws IllegalStateException if it is older than 5.4.0, or there are two of it
   */
  static void require() {
    if (PROBLEM != null) {
      throw new IllegalStateException(PROBLEM);
    }
  }

  static @Nullable String problem(Set<String> copies, boolean complete) {
    if (copies.size() > 1) {
      return "OkHttp is on the class path twice: "
          + String.join(" and ", copies)
          + " (expected: com.squareup.okhttp3:okhttp-jvm 5.4.0 or newer alone). The jar okhttp of"
          + " version 4 has the same classes as okhttp-jvm of version 5: import"
          + " com.squareup.okhttp3:okhttp-bom in dependencyManagement, so that both have one"
          + " version";
    }
    return complete
        ? null
        : "OkHttp is too old: "
            + String.join("", copies)
            + " (expected: com.squareup.okhttp3:okhttp-jvm 5.4.0 or newer). Import"
            + " com.squareup.okhttp3:okhttp-bom in dependencyManagement, so that nothing brings an"
            + " older one";
  }

  /** Whether what came with OkHttp 5.4.0 is there. */
  private static boolean complete() {
    try {
      Interceptor.Chain.class.getMethod("withDns", Dns.class);
      Call.class.getMethod("addEventListener", EventListener.class);
      Call.class.getMethod("tag", Class.class, Function0.class);
      return true;
    } catch (NoSuchMethodException e) {
      return false;
    }
  }

  /** Where OkHttp's classes come from. */
  private static Set<String> copies() {
    ClassLoader loader = OkHttpClient.class.getClassLoader();
    try {
      return Collections.list(loader.getResources(CLASS)).stream()
          .map(URL::toString)
          .map(OkHttpCheck::jar)
          .collect(Collectors.toCollection(LinkedHashSet::new));
    } catch (IOException | RuntimeException e) {
      return Set.of(); // then there is no telling
    }
  }

  private static String jar(String url) {
    String place =
        url.endsWith("!/" + CLASS) ? url.substring(0, url.length() - CLASS.length() - 2) : url;
    return place.substring(place.lastIndexOf('/') + 1);
  }
}
