package io.evenload.health;

import io.evenload.HealthProbe;
import io.evenload.discovery.Networks;

/**
 * The built-in probes. They are immutable and thread-safe, and may be shared by any number of
 * balancers.
 *
 * <p>They connect and ask nothing. For a probe over HTTP or HTTPS see {@code OkHttpProbes} in
 * lb-okhttp; without OkHttp, a {@link HealthProbe} by the JDK's client is ten lines, which {@code
 * docs/health.md} shows.
 *
 * <p>A probe has one connection at a time, and its stage completes when that is closed. All
 * connections of the JVM's probes are made by one daemon thread, {@code evenload-probes}, however
 * many servers there are; it ends about a second after the last probe. No code of users runs on it:
 * stages complete on one of the library's workers.
 *
 * <p>A server that is given by name is well if any of the name's addresses takes the connection;
 * each is given its part of the timeout. Names are looked up on workers, one lookup for each name
 * at a time. When that fails, or takes longer than half of the timeout, the addresses found last
 * are used. Those outside the balancer's {@link io.evenload.LoadBalancer#networks()} are left out.
 */
public final class HealthProbes {

  private HealthProbes() {}

  /** Returns the probe that connects to the server's port and closes the connection. */
  public static HealthProbe tcp() {
    return new TcpProbe(0, Networks.defaults());
  }

  /**
   * Returns the probe that connects to another port of the server's host.
   *
   * @throws IllegalArgumentException if the port is not 1 to 65535
   */
  public static HealthProbe tcp(int port) {
    if (port < 1 || port > 65_535) {
      throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
    }
    return new TcpProbe(port, Networks.defaults());
  }
}
