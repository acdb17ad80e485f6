/**
 * A simulation of clients, balancers and servers on virtual time: it drives the real balancer, and
 * models of others, through troubles that last for hours elsewhere.
 *
 * <p>Begin with {@link io.evenload.benchmarks.sim.Simulation}; {@link
 * io.evenload.benchmarks.sim.Scenarios} has what is simulated, {@link
 * io.evenload.benchmarks.sim.Strategies} by whom, and {@link
 * io.evenload.benchmarks.sim.TailLatency} writes the tables, and the page with the replays.
 */
@NullMarked
package io.evenload.benchmarks.sim;

import org.jspecify.annotations.NullMarked;
