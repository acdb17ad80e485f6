package io.evenload.discovery;

import java.security.Security;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** What the JDK says of its cache of names. */
final class JdkNameCache {

  /** 30 seconds, of a JDK without a security manager. */
  private static final int DEFAULT_SECONDS = 30;

  private JdkNameCache() {}

  /** Returns for how long an address is cached; null for ever. */
  static @Nullable Duration life() {
    return life(
        Security.getProperty("networkaddress.cache.ttl"),
        System.getProperty("sun.net.inetaddr.ttl"));
  }

  /** The first that is a number counts, as in the JDK. */
  static @Nullable Duration life(
      @Nullable String securityProperty, @Nullable String systemProperty) {
    Integer first = seconds(securityProperty);
    Integer second = seconds(systemProperty);
    int seconds = first != null ? first : second != null ? second : DEFAULT_SECONDS;
    return seconds < 0 ? null : Duration.ofSeconds(seconds);
  }

  private static @Nullable Integer seconds(@Nullable String property) {
    try {
      return property == null ? null : Integer.valueOf(property.strip());
    } catch (NumberFormatException e) {
      return null;
    }
  }
}
