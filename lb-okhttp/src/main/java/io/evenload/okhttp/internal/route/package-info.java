/*
 * WHAT OKHTTP DOES WITHOUT SAYING SO
 *
 * This package knows how OkHttp picks, keeps and gives back connections, and what it tells by names, words and the order of
 * its events. It does not know what retries, hedging or choosing are. docs/okhttp-internals.md has a line for each assumption, and
 * OkHttpCanaryTest a test.
 *
 * The door:
 *   ServerRoutes   the way to a server; watches what drains
 *   ServerDns      such a way: puts a chain on it, and names its server
 *   AttemptTrace   what OkHttp did in an attempt; takes the call off its last connection
 *   NetworkHalf    the interceptor next to the network: the last place to stop a request
 *   ClientView     the client of a call
 *   Opening        a call that opens a connection and sends nothing
 *   AgeLimits      when connections are to end
 *
 * Behind it: Destination, Detachment, ChainCopy, ServerSocketFactory and MappedSocket, DnsCalls and CallingServerDns, Connections,
 * OpenConnection, PooledConnection, BrokenAddresses, FailureSigns, OtherSpecs; Disguise and UnrepeatableException, which keep OkHttp from
 * sending twice.
 */

/** Leads a call to one server, by what OkHttp does but does not promise. */
package io.evenload.okhttp.internal.route;
