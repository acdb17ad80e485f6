package io.evenload.health;

import io.evenload.HealthProbe;

/**
 * The built-in probes. They are immutable and thread-safe, and may be shared by any number of
 * balancers.
 *
 * <p>A probe makes a connection of its own and closes it: it shares no connection, cookie, cache or
 * credential with the application, follows no redirect and uses no proxy. All probes of the JVM run
 * on one daemon thread, {@code evenload-probes}, however many servers there are; it ends about a
 * second after the last probe, as do the threads that resolve names. Servers given by name take one
 * such thread more, and up to four while the resolver hangs; a name with several addresses is well
 * if one of them is, in the resolver's order.
 *
 * <p>A probe whose stage is cancelled or whose timeout has passed closes its connection.
 */
public final class HealthProbes {

  private HealthProbes() {}

  /** Returns the probe that connects to the server's port and closes the connection. */
  public static HealthProbe tcp() {
    return new TcpProbe(0);
  }

  /**
   * Returns the probe that connects to another port of the server's host.
   *
   * @throws IllegalArgumentException if the port is not 1 to 65535
   */
  public static HealthProbe tcp(int port) {
    return new TcpProbe(Checks.port(port));
  }

  /**
   * Returns the probe that sends {@code GET path} over HTTP/1.1 without TLS. For TLS, another port,
   * headers or draining see {@link HttpProbe#builder}.
   *
   * @param path begins with a slash, and may have a query
   * @param expectedStatuses the statuses of a healthy server; none stands for 200 to 299
   * @throws IllegalArgumentException if the path does not begin with a slash or has characters that
   *     a URL cannot have, or a status is not 200 to 599
   */
  public static HealthProbe http(String path, int... expectedStatuses) {
    return HttpProbe.builder(path).expectedStatuses(expectedStatuses).build();
  }
}
