/**
 * A kit for tests of services that call others through Evenload and OkHttp: {@link
 * io.evenload.testing.okhttp.Backends} starts scripted servers, {@link
 * io.evenload.testing.okhttp.AttemptsAssert} tells what a call tried, and {@link
 * io.evenload.testing.okhttp.PassThrough} leads a service's calls to one server and stays out of
 * the way.
 *
 * <p>What needs no OkHttp is in {@code io.evenload.testing}, which comes along: {@code
 * VirtualTime}, on which a balancer lives when a test gives it that, and {@code ChooserContract}.
 */
@NullMarked
package io.evenload.testing.okhttp;

import org.jspecify.annotations.NullMarked;
