package io.evenload.testing;

import static org.assertj.core.api.Assertions.fail;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.Server;
import io.evenload.ServerList;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** A listener that keeps what a server list told, to be waited for. Thread-safe. */
public final class Heard implements ServerList.Listener {

  private static final long LONG_NANOS = TimeUnit.SECONDS.toNanos(30);

  @GuardedBy("this")
  private final List<List<Server>> lists = new ArrayList<>();

  @GuardedBy("this")
  private final List<Throwable> failures = new ArrayList<>();

  @GuardedBy("this")
  private int confirmations;

  /** Returns the same list, of whose first and only subscription this hears all, too. */
  public ServerList overhearing(ServerList list) {
    return listener -> list.subscribe(new Both(listener, this));
  }

  private record Both(ServerList.Listener first, ServerList.Listener second)
      implements ServerList.Listener {

    @Override
    public void updated(List<Server> servers) {
      first.updated(servers);
      second.updated(servers);
    }

    @Override
    public void confirmed() {
      first.confirmed();
      second.confirmed();
    }

    @Override
    public void failed(Throwable cause) {
      first.failed(cause);
      second.failed(cause);
    }
  }

  @Override
  public synchronized void updated(List<Server> servers) {
    lists.add(servers);
    notifyAll();
  }

  @Override
  public synchronized void confirmed() {
    confirmations++;
    notifyAll();
  }

  @Override
  public synchronized void failed(Throwable cause) {
    failures.add(cause);
    notifyAll();
  }

  public synchronized List<List<Server>> lists() {
    return List.copyOf(lists);
  }

  public synchronized int events() {
    return lists.size() + failures.size() + confirmations;
  }

  public synchronized int confirmations() {
    return confirmations;
  }

  public synchronized List<String> failures() {
    return failures.stream().map(Heard::words).toList();
  }

  private static String words(Throwable failure) {
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }

  /** The ids of the list that was told last. */
  public synchronized List<String> ids() {
    return lists.isEmpty()
        ? List.of("none yet")
        : lists.get(lists.size() - 1).stream().map(Server::id).toList();
  }

  /** Waits until the last list has these ids. */
  public void awaitIds(String... ids) {
    await(heard -> heard.ids().equals(List.of(ids)));
  }

  public void awaitFailure(String part) {
    await(heard -> heard.failures().stream().anyMatch(text -> text.contains(part)));
  }

  /** Waits until something was told after which this holds. */
  public synchronized void await(Predicate<Heard> condition) {
    long end = System.nanoTime() + LONG_NANOS;
    while (!condition.test(this)) {
      long rest = TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime());
      if (rest <= 0) {
        fail("waited in vain; lists %s, failures %s", lists, failures);
      }
      try {
        wait(rest);
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
