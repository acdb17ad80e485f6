package io.evenload.testing;

import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.Server;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/** Calls servers of a balancer without a pause: one a millisecond, each a mere choice. */
public final class Caller implements AutoCloseable {

  private final LoadBalancer balancer;
  private final Set<String> called = ConcurrentHashMap.newKeySet();
  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicReference<String> failure = new AtomicReference<>("");
  private final Thread thread = new Thread(this::run, "caller");
  private volatile boolean stopped;

  /** Begins to call. */
  public Caller(LoadBalancer balancer) {
    this.balancer = balancer;
    thread.setDaemon(true);
    thread.start();
  }

  private void run() {
    while (!stopped) {
      try {
        called.add(balancer.call(Server::id));
      } catch (NoServerAvailableException e) {
        failure.set(e.getMessage());
      } catch (Exception e) {
        failure.set(e.toString());
      }
      calls.incrementAndGet();
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
  }

  /** Waits until a server of this id is called; returns how long that took since then, in ms. */
  public long awaitCall(String id, long sinceNanos) {
    Wait.until(() -> called.contains(id));
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - sinceNanos);
  }

  /** Why the last call failed that did; empty if none failed. */
  public String failure() {
    return failure.get();
  }

  /** Lets calls go on for so long. */
  public void callFor(Duration duration) {
    long end = System.nanoTime() + duration.toNanos();
    int before = calls.get();
    Wait.until(() -> System.nanoTime() - end > 0 && calls.get() > before);
  }

  @Override
  public void close() {
    stopped = true;
    Wait.until(() -> !thread.isAlive());
  }
}
