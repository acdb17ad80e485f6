package io.evenload.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns host names into addresses on threads of its own, since the JDK's resolver blocks. */
final class NameResolver {

  /*
   * One thread does it all as long as names resolve at once, as they do from the JDK's cache. A name whose servers do not
   * answer holds its thread for seconds, in which other names would wait. So when work comes and nothing was finished for
   * a while, one more thread begins, up to four. Threads end when there is nothing left to do.
   */

  static final int MAX_THREADS = 4;
  static final long PATIENCE_NANOS = 200_000_000;

  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1?\\d?\\d)");

  private final Lookup lookup;
  private final LongSupplier nanoTime;

  @GuardedBy("this")
  private final Queue<Query> queue = new ArrayDeque<>();

  @GuardedBy("this")
  private int threads;

  @GuardedBy("this")
  private long progressNanos;

  NameResolver(Lookup lookup, LongSupplier nanoTime) {
    this.lookup = lookup;
    this.nanoTime = nanoTime;
  }

  /** Resolves a name, as {@link InetAddress#getAllByName} does. */
  @FunctionalInterface
  interface Lookup {
    InetAddress[] resolve(String host) throws Exception;
  }

  /** Whether the host is an address, which needs no resolving. */
  static boolean isAddress(String host) {
    return host.indexOf(':') >= 0 || IPV4.matcher(host).matches();
  }

  /** Completes with the addresses, or exceptionally; at once for an address. */
  CompletableFuture<InetAddress[]> resolve(String host) {
    CompletableFuture<InetAddress[]> addresses = new CompletableFuture<>();
    Query query = new Query(host, addresses);
    if (isAddress(host)) {
      answer(query, InetAddress::getAllByName);
    } else {
      submit(query);
    }
    return addresses;
  }

  private synchronized void submit(Query query) {
    queue.add(query);
    long now = nanoTime.getAsLong();
    if (threads == 0 || (threads < MAX_THREADS && now - progressNanos > PATIENCE_NANOS)) {
      threads++;
      progressNanos = now;
      ProbeLoop.daemon("evenload-probes-dns", this::work).start();
    }
  }

  private void work() {
    for (Query query = next(); query != null; query = next()) {
      answer(query, lookup);
    }
  }

  private synchronized @Nullable Query next() {
    progressNanos = nanoTime.getAsLong();
    Query query = queue.poll();
    if (query == null) {
      threads--;
    }
    return query;
  }

  private static void answer(Query query, Lookup lookup) {
    if (query.addresses.isDone()) {
      return; // given up meanwhile
    }
    try {
      query.addresses.complete(lookup.resolve(query.host));
    } catch (Throwable e) {
      query.addresses.completeExceptionally(e);
    }
  }

  private record Query(String host, CompletableFuture<InetAddress[]> addresses) {}
}
