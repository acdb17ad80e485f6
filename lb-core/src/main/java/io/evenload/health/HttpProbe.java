package io.evenload.health;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletionStage;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * A probe that sends a GET over HTTP/1.1 and judges by the status. Immutable; see {@link
 * HealthProbes} for what all probes have in common.
 *
 * <p>The status decides: the body is not looked at. At most 16 kB of headers are read; an answer
 * with more, or one that is not HTTP/1, is a failure.
 */
public final class HttpProbe implements HealthProbe {

  private final String path;
  private final Set<Integer> expectedStatuses;
  private final int drainingStatus; // 0: none
  private final @Nullable String drainingHeader;
  private final int port; // 0: the server's own
  private final @Nullable SSLContext tls;
  private final @Nullable String host;
  private final String moreHeaders;

  private HttpProbe(Builder builder) {
    path = builder.path;
    expectedStatuses = builder.expectedStatuses;
    drainingStatus = builder.drainingStatus;
    drainingHeader = builder.drainingHeader;
    port = builder.port;
    tls = builder.tls;
    host = builder.host;
    moreHeaders =
        builder.headers.entrySet().stream()
            .map(header -> header.getKey() + ": " + header.getValue() + "\r\n")
            .collect(Collectors.joining());
  }

  /**
   * Returns a builder of probes that ask for this path.
   *
   * @param path begins with a slash, and may have a query
   * @throws IllegalArgumentException if the path does not begin with a slash, or has characters
   *     that a URL cannot have
   */
  public static Builder builder(String path) {
    return new Builder(Checks.path(path));
  }

  @Override
  public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
    int target = port == 0 ? server.port() : port;
    String authority = host != null ? host : authority(server.host(), target);
    byte[] request =
        ("GET "
                + path
                + " HTTP/1.1\r\nHost: "
                + authority
                + "\r\nConnection: close\r\n"
                + moreHeaders
                + "\r\n")
            .getBytes(US_ASCII);
    return ProbeLoop.SHARED.start(
        server.host(), target, timeout, new Question(request, tls, name(authority), this::judge));
  }

  private String authority(String serverHost, int target) {
    String literal = serverHost.indexOf(':') >= 0 ? "[" + serverHost + "]" : serverHost;
    return target == (tls == null ? 80 : 443) ? literal : literal + ":" + target;
  }

  /** The host of an authority, as TLS verifies it. */
  private static String name(String authority) {
    int end = authority.startsWith("[") ? authority.indexOf(']') + 1 : authority.indexOf(':');
    String name = end < 0 ? authority : authority.substring(0, end);
    return name.startsWith("[") ? name.substring(1, name.length() - 1) : name;
  }

  private HealthReport judge(HttpAnswer answer) {
    int status = answer.status();
    String announced = drainingHeader == null ? null : answer.header(drainingHeader);
    if (announced != null && !announced.equalsIgnoreCase("false")) {
      return HealthReport.draining("it says " + drainingHeader);
    }
    if (status == drainingStatus) {
      return HealthReport.draining("it answers status " + status);
    }
    boolean expected =
        expectedStatuses.isEmpty() ? status / 100 == 2 : expectedStatuses.contains(status);
    return expected ? HealthReport.healthy() : HealthReport.unhealthy("status " + status);
  }

  /** What is asked for, such as {@code HTTPS /health}. */
  @Override
  public String toString() {
    return (tls == null ? "HTTP " : "HTTPS ") + path;
  }

  /** Collects the options of an {@link HttpProbe}; not thread-safe. */
  public static final class Builder {

    /** Those that the probe sets itself, or that would announce a body. */
    private static final Set<String> OWN_HEADERS =
        Set.of("host", "connection", "content-length", "transfer-encoding", "expect", "upgrade");

    private final String path;
    private Set<Integer> expectedStatuses = Set.of();
    private int drainingStatus;
    private @Nullable String drainingHeader;
    private int port;
    private @Nullable SSLContext tls;
    private @Nullable String host;
    private final Map<String, String> headers = new LinkedHashMap<>();

    private Builder(String path) {
      this.path = path;
      headers.put("User-Agent", "Evenload");
      headers.put("Accept", "*/*");
    }

    /**
     * Sets the statuses of a healthy server; 200 to 299 by default, for which none stands.
     *
     * @throws IllegalArgumentException if a status is not 200 to 599
     */
    public Builder expectedStatuses(int... statuses) {
      this.expectedStatuses =
          Arrays.stream(statuses)
              .mapToObj(status -> Checks.status("expectedStatuses", status))
              .collect(Collectors.toUnmodifiableSet());
      return this;
    }

    /**
     * Sets a status that says that the server drains: it finishes what it has and wants nothing
     * new. By default no status says so.
     *
     * @throws IllegalArgumentException if the status is not 200 to 599
     */
    public Builder drainingStatus(int status) {
      this.drainingStatus = Checks.status("drainingStatus", status);
      return this;
    }

    /**
     * Sets a response header that says that the server drains, with any value but {@code false}. By
     * default no header says so.
     *
     * @throws IllegalArgumentException if this cannot be the name of a header
     */
    public Builder drainingHeader(String name) {
      this.drainingHeader = Checks.headerName(name);
      return this;
    }

    /**
     * Sets the port to ask at; by default the server's own.
     *
     * @throws IllegalArgumentException if the port is not 1 to 65535
     */
    public Builder port(int port) {
      this.port = Checks.port(port);
      return this;
    }

    /**
     * Asks over TLS with the JVM's default trust; by default without TLS. The certificate must be
     * valid for {@link #host}.
     *
     * @throws IllegalStateException if the JVM has no default context
     */
    public Builder tls() {
      try {
        return tls(SSLContext.getDefault());
      } catch (NoSuchAlgorithmException e) {
        throw new IllegalStateException("tls: no default SSLContext", e);
      }
    }

    /** Asks over TLS with this trust, and the client certificate that it may hold. */
    public Builder tls(SSLContext context) {
      this.tls = requireNonNull(context, "context");
      return this;
    }

    /**
     * Sets the logical name: what the {@code Host} header says and what a certificate must be valid
     * for; by default the server's host, and its port if that is not the scheme's.
     *
     * @param host a host name, with a port if need be
     * @throws IllegalArgumentException if this cannot be a host
     */
    public Builder host(String host) {
      this.host = Checks.host(host);
      return this;
    }

    /**
     * Adds a header to the request, or replaces it.
     *
     * @throws IllegalArgumentException if the name or value cannot be those of a header, or the
     *     header is the probe's to set, as {@code Host}
     */
    public Builder header(String name, String value) {
      Checks.headerName(name);
      if (OWN_HEADERS.contains(name.toLowerCase(Locale.ROOT))) {
        throw new IllegalArgumentException(
            "name: '" + name + "' (expected: a header that the probe does not set itself)");
      }
      headers.keySet().removeIf(name::equalsIgnoreCase);
      headers.put(name, Checks.headerValue(value));
      return this;
    }

    /** Returns the probe. */
    public HttpProbe build() {
      return new HttpProbe(this);
    }
  }
}
