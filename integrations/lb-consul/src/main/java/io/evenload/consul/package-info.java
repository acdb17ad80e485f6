/**
 * The instances of a Consul service as a server list. Start with {@link
 * io.evenload.consul.ConsulServerList}.
 *
 * <p>For maintainers: {@code ConsulSource} asks an agent by blocking queries, {@code HealthEntry}
 * reads what it answers and makes servers of it, and {@code Pace} keeps answers that bring nothing
 * new from making it spin. Waiting, backoff and telling are {@link
 * io.evenload.discovery.PollingServerList}'s.
 */
@NullMarked
package io.evenload.consul;

import org.jspecify.annotations.NullMarked;
