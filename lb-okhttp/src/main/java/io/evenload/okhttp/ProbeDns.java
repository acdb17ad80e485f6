package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.net.IDN;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import okhttp3.Dns;

/** Looks up the names of servers for probes, for which a lookup that hangs is no reason to hang. */
final class ProbeDns {

  /*
   * Of each name one lookup is on its way at most, on a thread of its own, and probes wait for it only so long. Then, and
   * when it fails, the addresses that were found last are used. So as many threads hang as there are names that hang,
   * however often they are probed. Both maps hold the names of servers, of which a probe knows as many as its balancers
   * have; they are emptied when they have grown beyond that, which costs a lookup each.
   */

  private static final int MOST_NAMES = 16_384;

  private final Dns dns;
  private final Executor threads;
  private final Map<String, CompletableFuture<List<InetAddress>>> running =
      new ConcurrentHashMap<>();
  private final Map<String, List<InetAddress>> lastFound = new ConcurrentHashMap<>();

  ProbeDns(Dns dns, Executor threads) {
    this.dns = dns;
    this.threads = threads;
  }

  /** Returns what looks up names, and waits for so long at most. */
  Dns within(long nanos) {
    return name -> lookup(name, nanos);
  }

  private List<InetAddress> lookup(String name, long nanos) throws UnknownHostException {
    String host = ascii(name);
    try {
      return lookup(host).get(nanos, TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new UnknownHostException(host + ": interrupted");
    } catch (ExecutionException e) {
      return lastFound(host, e.getCause() instanceof UnknownHostException unknown ? unknown : e);
    } catch (TimeoutException e) {
      return lastFound(host, new UnknownHostException(host + ": no answer in time"));
    }
  }

  /** Returns what was found last; if nothing was, there is no way round the failure. */
  private List<InetAddress> lastFound(String host, Exception failure) throws UnknownHostException {
    List<InetAddress> known = lastFound.get(host);
    if (known != null) {
      return known;
    }
    UnknownHostException unknown = new UnknownHostException(failure.getMessage());
    var unused = unknown.initCause(failure);
    throw unknown;
  }

  private static String ascii(String name) throws UnknownHostException {
    try {
      return IDN.toASCII(name);
    } catch (IllegalArgumentException e) {
      throw new UnknownHostException(name + ": " + e.getMessage());
    }
  }

  private CompletableFuture<List<InetAddress>> lookup(String host) {
    CompletableFuture<List<InetAddress>> mine = new CompletableFuture<>();
    CompletableFuture<List<InetAddress>> other = running.putIfAbsent(host, mine);
    if (other != null) {
      return other;
    }
    try {
      threads.execute(() -> run(host, mine));
    } catch (Throwable e) { // no thread is to be had
      ended(host, mine, e);
    }
    return mine;
  }

  private void run(String host, CompletableFuture<List<InetAddress>> result) {
    try {
      List<InetAddress> found = requireNonNull(dns.lookup(host), "addresses");
      if (lastFound.size() >= MOST_NAMES) {
        lastFound.clear();
      }
      if (!found.isEmpty()) {
        lastFound.put(host, found);
      }
      boolean unused = running.remove(host, result);
      result.complete(found);
    } catch (Throwable e) {
      ended(host, result, e);
    }
  }

  private void ended(String host, CompletableFuture<List<InetAddress>> result, Throwable failure) {
    boolean unused = running.remove(host, result);
    result.completeExceptionally(failure);
  }
}
