package io.evenload;

import static java.util.Objects.requireNonNull;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One instance of a service as discovery reports it: immutable, with value equality over all
 * fields.
 *
 * <p>The {@linkplain #id() id} is the identity across updates: a server whose weight, zone,
 * priority or metadata changes keeps its {@link Endpoint} and all its state as long as its id stays
 * the same.
 */
public final class Server {

  /** The largest weight, chosen so that the sum over many servers stays far from overflow. */
  public static final int MAX_WEIGHT = 1_000_000;

  /** The weight of a server that sets none. */
  public static final int DEFAULT_WEIGHT = 1;

  private final String id;
  private final String host;
  private final int port;
  private final int weight;
  private final @Nullable String zone;
  private final int priority;
  private final Map<String, String> metadata;

  private Server(Builder builder) {
    host = builder.host;
    port = builder.port;
    id = builder.id != null ? builder.id : authority(host, port);
    weight = builder.weight;
    zone = builder.zone;
    priority = builder.priority;
    metadata =
        builder.metadata.isEmpty()
            ? Collections.emptyMap()
            : Collections.unmodifiableMap(new LinkedHashMap<>(builder.metadata));
  }

  /**
   * Returns a server with the default id, weight 1, no zone and priority 0.
   *
   * @throws IllegalArgumentException if the host is not a plain host name or address, or the port
   *     is not 1 to 65535
   */
  public static Server of(String host, int port) {
    return builder(host, port).build();
  }

  /**
   * Returns the server that an authority names: {@code 10.0.0.1:8080}, {@code [::1]:8080} or {@code
   * db.local:80}. The port is required, and so are the brackets around an IPv6 address.
   *
   * @throws IllegalArgumentException if the text is not of that form
   */
  public static Server parse(String authority) {
    requireNonNull(authority, "authority");
    int colon = authority.lastIndexOf(':');
    String host = colon < 0 ? "" : authority.substring(0, colon);
    boolean bracketed = host.startsWith("[") && host.endsWith("]");
    String digits = authority.substring(colon + 1);
    boolean number =
        !digits.isEmpty()
            && digits.length() <= 5
            && digits.chars().allMatch(c -> c >= '0' && c <= '9');
    if (host.isEmpty() || !number || (host.indexOf(':') >= 0 && !bracketed)) {
      throw new IllegalArgumentException(
          "authority: " + shown(authority) + " (expected: host:port or [IPv6 address]:port)");
    }
    return of(host, Integer.parseInt(digits));
  }

  /**
   * Returns a builder for a server at this host (a name, an IPv4 address, or an IPv6 address with
   * or without brackets) and port.
   *
   * @throws IllegalArgumentException if the host is not a plain host name or address, or the port
   *     is not 1 to 65535
   */
  public static Builder builder(String host, int port) {
    return new Builder(host, port);
  }

  /** The identity across updates; by default {@code host:port}, with an IPv6 host in brackets. */
  public String id() {
    return id;
  }

  /** The host name or address; an IPv6 address stands without brackets. */
  public String host() {
    return host;
  }

  /** The port, 1 to 65535. */
  public int port() {
    return port;
  }

  /**
   * The share of traffic relative to the other servers' weights, 0 to {@value #MAX_WEIGHT}; 1 by
   * default. A server of weight 0 is used only if all have weight 0.
   */
  public int weight() {
    return weight;
  }

  /** The locality of the server, such as an availability zone; null if not known. */
  public @Nullable String zone() {
    return zone;
  }

  /**
   * The failover level: 0, the default, is the most preferred; higher ones take what lower ones
   * cannot.
   */
  public int priority() {
    return priority;
  }

  /**
   * What else discovery tells of the server; unmodifiable, in insertion order, empty by default.
   */
  public Map<String, String> metadata() {
    return metadata;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    if (this == other) {
      return true; // as most are, where a long list changes
    }
    return other instanceof Server that
        && port == that.port
        && weight == that.weight
        && priority == that.priority
        && id.equals(that.id)
        && host.equals(that.host)
        && Objects.equals(zone, that.zone)
        && metadata.equals(that.metadata);
  }

  @Override
  public int hashCode() {
    return Objects.hash(id, host, port, weight, zone, priority, metadata);
  }

  /**
   * The id, then each field that differs from its default; of the metadata the keys alone, since
   * values may be what no log should have.
   */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(id);
    if (!id.equals(authority(host, port))) {
      text.append(" at ").append(authority(host, port));
    }
    if (weight != DEFAULT_WEIGHT) {
      text.append(" weight=").append(weight);
    }
    if (zone != null) {
      text.append(" zone=").append(zone);
    }
    if (priority != 0) {
      text.append(" priority=").append(priority);
    }
    if (!metadata.isEmpty()) {
      text.append(" metadata=").append(metadata.keySet());
    }
    return text.toString();
  }

  private static String authority(String host, int port) {
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + port;
  }

  /** Returns a text that is no host, without what may be a password or a token of a URL. */
  private static String shown(String text) {
    return text.replaceFirst("(?s)\\?[^=]*=.*", "?…").replaceFirst("(?s)^[^@]*:.*@", "…@");
  }

  /** Collects the fields of a {@link Server}; not thread-safe. */
  public static final class Builder {
    private final String host;
    private final int port;
    private @Nullable String id;
    private int weight = DEFAULT_WEIGHT;
    private @Nullable String zone;
    private int priority;
    private final Map<String, String> metadata = new LinkedHashMap<>();

    private Builder(String host, int port) {
      this.host = plainHost(host);
      if (port < 1 || port > 65_535) {
        throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
      }
      this.port = port;
    }

    /**
     * Sets the identity across updates.
     *
     * @throws IllegalArgumentException if the id is blank
     */
    public Builder id(String id) {
      if (requireNonNull(id, "id").isBlank()) {
        throw new IllegalArgumentException("id: '" + id + "' (expected: not blank)");
      }
      this.id = id;
      return this;
    }

    /**
     * Sets the weight.
     *
     * @throws IllegalArgumentException if the weight is not 0 to {@value Server#MAX_WEIGHT}
     */
    public Builder weight(int weight) {
      if (weight < 0 || weight > MAX_WEIGHT) {
        throw new IllegalArgumentException(
            "weight: " + weight + " (expected: 0 to " + MAX_WEIGHT + ")");
      }
      this.weight = weight;
      return this;
    }

    /** Sets the zone; null means that it is not known. */
    public Builder zone(@Nullable String zone) {
      this.zone = zone;
      return this;
    }

    /**
     * Sets the priority; 0 is the most preferred.
     *
     * @throws IllegalArgumentException if the priority is negative
     */
    public Builder priority(int priority) {
      if (priority < 0) {
        throw new IllegalArgumentException("priority: " + priority + " (expected: 0 or more)");
      }
      this.priority = priority;
      return this;
    }

    /** Adds one entry of metadata, replacing an earlier one of the same key. */
    public Builder metadata(String key, String value) {
      metadata.put(requireNonNull(key, "key"), requireNonNull(value, "value"));
      return this;
    }

    /** Adds all of these entries to the metadata. */
    public Builder metadata(Map<String, String> entries) {
      requireNonNull(entries, "entries").forEach(this::metadata);
      return this;
    }

    /** Returns the server. */
    public Server build() {
      return new Server(this);
    }

    private static String plainHost(String host) {
      requireNonNull(host, "host");
      boolean bracketed = host.length() > 2 && host.startsWith("[") && host.endsWith("]");
      String plain = bracketed ? host.substring(1, host.length() - 1) : host;
      boolean valid = !plain.isEmpty() && fitsInHost(plain);
      int colon = plain.indexOf(':');
      boolean address = colon >= 0 && plain.indexOf(':', colon + 1) >= 0;
      if (!valid || (colon >= 0 && !address) || (bracketed && !address)) {
        throw new IllegalArgumentException(
            "host: '"
                + shown(host)
                + "' (expected: a host name, an IPv4 address or an IPv6 address)");
      }
      return plain;
    }

    /** A loop, as lists of thousands are made all the time. */
    private static boolean fitsInHost(String text) {
      for (int i = 0; i < text.length(); i++) {
        char c = text.charAt(i);
        if (c <= ' ' || c == 0x7f || "/\\?#@[]\"<>^`{|}".indexOf(c) >= 0) {
          return false;
        }
      }
      return true;
    }
  }
}
