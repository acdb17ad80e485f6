package io.evenload.spring;

import io.evenload.ServerList;
import org.jspecify.annotations.Nullable;

/**
 * Where the servers of services come from that have no {@code servers} in the configuration. An
 * application may have any number of beans of this type: the first in Spring's order that knows a
 * service is asked for it.
 *
 * <pre>{@code
 * @Bean
 * ServerSource registry(Registry registry) {
 *   return service -> registry.has(service) ? registry.list(service) : null;
 * }
 * }</pre>
 *
 * <p>Called once for each service, on the thread that starts the application.
 */
@FunctionalInterface
public interface ServerSource {

  /** Returns the list of a service's servers; null if this source does not know the service. */
  @Nullable ServerList servers(String service);
}
