/**
 * Trials with real calls: servers that are slow at times, called over loopback sockets by real
 * clients at the times that a seed says.
 *
 * <p>{@link io.evenload.benchmarks.live.LiveTrials} runs them all and writes the table. Each client
 * lives in a process of its own, a {@link io.evenload.benchmarks.live.Contestant}, together with
 * its servers; {@link io.evenload.benchmarks.live.TimedQueue} is what a server does, {@link
 * io.evenload.benchmarks.live.Script} what happens. All but {@code OkHttpContestant} needs the JDK
 * alone, so that it runs on the class path of any peer.
 */
@NullMarked
package io.evenload.benchmarks.live;

import org.jspecify.annotations.NullMarked;
