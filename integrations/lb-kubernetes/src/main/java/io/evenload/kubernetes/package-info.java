/**
 * The pods of a Kubernetes service as a server list. Start with {@link
 * io.evenload.kubernetes.KubernetesServerList}.
 *
 * <p>For maintainers: {@code KubernetesCluster} sends requests, {@code ApiObject} reads what comes
 * back, {@code Slices} knows what of it is a server, and {@code SliceWatch} is the loop of one
 * subscription that asks, watches and tells; {@code Backoff} says how long it waits after a fault.
 */
@NullMarked
package io.evenload.kubernetes;

import org.jspecify.annotations.NullMarked;
