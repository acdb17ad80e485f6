package io.evenload.health;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.internal.threads.SharedThreads;
import java.net.IDN;
import java.net.InetAddress;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Turns host names into addresses on other threads, since the JDK's resolver blocks. */
final class NameResolver {

  /*
   * Of each name one lookup is on its way at most, and whoever asks meanwhile waits for that. A lookup that hangs cannot
   * be ended, but who gave up waiting costs nothing more. So there are at most as many threads as there are names that
   * hang, and 256; beyond that, names wait. The addresses found last are kept, for as many names as were asked for last.
   */

  static final int MOST_LOOKUPS = 256;
  static final int MOST_KEPT = 16_384;

  private static final Pattern IPV4 =
      Pattern.compile("((25[0-5]|2[0-4]\\d|1?\\d?\\d)\\.){3}(25[0-5]|2[0-4]\\d|1?\\d?\\d)");

  private final Lookup lookup;
  private final Executor threads;

  @GuardedBy("this")
  private final Map<String, Name> names = new LinkedHashMap<>(16, 0.75f, true);

  @GuardedBy("this")
  private final Queue<Name> waiting = new ArrayDeque<>();

  @GuardedBy("this")
  private int running;

  NameResolver(Lookup lookup) {
    this(lookup, SharedThreads.SHARED);
  }

  NameResolver(Lookup lookup, Executor threads) {
    this.lookup = lookup;
    this.threads = threads;
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
    try {
      if (isAddress(host)) {
        addresses.complete(InetAddress.getAllByName(host));
      } else if (enqueue(IDN.toASCII(host), addresses)) {
        start();
      }
    } catch (Exception e) {
      addresses.completeExceptionally(e);
    }
    return addresses;
  }

  /** Returns the addresses that the name had when they were found last; null if never. */
  synchronized InetAddress @Nullable [] lastFound(String host) {
    Name name = isAddress(host) ? null : names.get(IDN.toASCII(host));
    return name == null ? null : name.lastFound;
  }

  /** Returns whether a thread has to be started for this. */
  private synchronized boolean enqueue(String host, CompletableFuture<InetAddress[]> asking) {
    Name name = names.computeIfAbsent(host, Name::new);
    name.asking.removeIf(CompletableFuture::isDone); // who gave up
    name.asking.add(asking);
    if (name.wanted) {
      return false;
    }
    name.wanted = true;
    waiting.add(name);
    forgetEldest();
    boolean room = running < MOST_LOOKUPS;
    running += room ? 1 : 0;
    return room;
  }

  @GuardedBy("this")
  private void forgetEldest() {
    Iterator<Name> eldest = names.values().iterator();
    while (names.size() > MOST_KEPT && eldest.hasNext()) {
      if (!eldest.next().wanted) {
        eldest.remove();
      }
    }
  }

  private void start() {
    try {
      threads.execute(this::work);
    } catch (RejectedExecutionException e) {
      Name refused = next(); // or another one, which is as well as this
      if (refused != null) {
        answered(refused, null).forEach(asking -> asking.completeExceptionally(e));
        stopped();
      }
    }
  }

  private void work() {
    for (Name name = next(); name != null; name = next()) {
      try {
        InetAddress[] found = lookup.resolve(name.host);
        answered(name, found).forEach(asking -> asking.complete(found));
      } catch (Throwable e) {
        answered(name, null).forEach(asking -> asking.completeExceptionally(e));
      }
    }
  }

  /** Returns the next name that anybody waits for; null ends the work. */
  private synchronized @Nullable Name next() {
    Name name = waiting.poll();
    while (name != null && name.asking.stream().allMatch(CompletableFuture::isDone)) {
      name.wanted = false;
      name.asking.clear();
      name = waiting.poll();
    }
    running -= name == null ? 1 : 0;
    return name;
  }

  private synchronized void stopped() {
    running--;
  }

  /** Takes what was found, and returns who asked for it. */
  private synchronized List<CompletableFuture<InetAddress[]>> answered(
      Name name, InetAddress @Nullable [] found) {
    name.wanted = false;
    name.lastFound = found == null || found.length == 0 ? name.lastFound : found;
    List<CompletableFuture<InetAddress[]>> asking = List.copyOf(name.asking);
    name.asking.clear();
    return asking;
  }

  /** What is known of a name; all of it is guarded by the resolver. */
  private static final class Name {
    final String host;
    final List<CompletableFuture<InetAddress[]>> asking = new ArrayList<>();
    boolean wanted; // a lookup is on its way, or waits for room
    InetAddress @Nullable [] lastFound;

    Name(String host) {
      this.host = host;
    }
  }
}
