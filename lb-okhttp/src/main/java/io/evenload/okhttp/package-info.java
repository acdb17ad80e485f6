/*
 * THE WAY OF A CALL
 *
 * Begin with LoadBalancingInterceptor.intercept: it finds the service of a call, and begins anew when a server redirects to another.
 *
 *   BalancedService    one service; its handler() lists in order all that is around the attempts of a call (CallHandler)
 *   AttemptLoop        attempt after attempt, until one is given out
 *   AttemptPlanner     the strategy in words: which attempts are made, where and when
 *   PolicyPlanner      ... by FirstAttempt (waits for servers and for room), Retries (wait and budget) and Hedging (delay)
 *   AttemptMaker       one attempt, or in a Race one that can be left, or two; lists in order all that is around each
 *   Throttle           which calls, and which repeats, are not sent since the service refuses so many
 *   Router             sends it by the call itself, or by a NestedCall
 *   internal.route     all that knows more of OkHttp than it promises
 *
 * What is kept, and by whom it is written:
 *
 *   BalancedCall       of the caller's call: context, deadline, attempts; written on its thread, and in a Race under its lock
 *   Passage            of one passage of it through one service; the same
 *   AttemptRecord      of one attempt: written by the thread that makes it, or by the one that leaves it
 *   Carrier            of a call on the network: what OkHttp's events tell of the attempt, that it is in flight, how it ends
 *   InFlight           what gives an attempt back that nobody ends
 *   StreamDrain        the web sockets and event streams that end when their server drains
 *   WarmUp             to which servers connections are kept open, and which of them wait for one
 *   BodyWait           how long the server keeps the caller waiting for the body of the response given out
 *
 * What an attempt means is decided in two places, which are functions of what was Observed: Judge says whose fault it is and
 * whether another may go better (a Verdict, by the FailureKind of an exception), Repeatability whether the request may be sent again.
 */

/**
 * Balances the calls of an OkHttp client over the servers of a {@link io.evenload.LoadBalancer};
 * start with {@link io.evenload.okhttp.LoadBalancingInterceptor}.
 */
package io.evenload.okhttp;
