package io.evenload;

import io.evenload.discovery.Networks;
import java.time.Duration;
import java.util.concurrent.CompletionStage;

/**
 * A question to one server whether it is well, such as a TCP connect or an HTTP request.
 *
 * <p>A probe never blocks its caller: it starts the exchange and returns. Exceptional completion,
 * an exception thrown and no answer within the timeout all mean unhealthy. It must be thread-safe.
 */
@FunctionalInterface
public interface HealthProbe {

  /**
   * Starts one probe. If what it returns is a {@link java.util.concurrent.Future} too, as a {@link
   * java.util.concurrent.CompletableFuture} is, it is cancelled as soon as nobody waits for it:
   * after the timeout, when the server leaves, and when the balancer closes.
   *
   * @param server the server to ask
   * @param timeout how long the caller waits for the answer; a probe should give up its resources
   *     by then
   */
  CompletionStage<HealthReport> probe(Server server, Duration timeout);

  /**
   * Returns this probe, which connects to no address outside these networks that it finds for the
   * name of a server. A balancer asks for that by its {@link LoadBalancer#networks()}; what is not
   * a name its list has passed already. The probes of this library do so; by default this is the
   * probe itself, which has to see to it where names may lead anywhere.
   */
  default HealthProbe within(Networks networks) {
    return this;
  }
}
