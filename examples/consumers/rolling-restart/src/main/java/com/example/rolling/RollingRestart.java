package com.example.rolling;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;

/**
 * Three instances of a service, which are restarted one by one, each on another port as in a
 * cluster, while a client calls the service.
 */
public final class RollingRestart implements AutoCloseable {

  private static final int CALLERS = 4;
  private static final long PATIENCE_NANOS = TimeUnit.MINUTES.toNanos(1);

  private final Registry registry;
  private final Function<String, Backend> starting;
  private final Map<String, Backend> running = new LinkedHashMap<>();
  private final Set<String> answered = ConcurrentHashMap.newKeySet();
  private final Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
  private final AtomicInteger calls = new AtomicInteger();
  private volatile boolean over;

  /**
   * Starts three instances and registers them.
   *
   * @param starting starts an instance of a name, which it answers with
   */
  public RollingRestart(Registry registry, Function<String, Backend> starting) throws Exception {
    this.registry = registry;
    this.starting = starting;
    for (String name : List.of("a1", "b1", "c1")) {
      start(name);
    }
  }

  private void start(String name) throws Exception {
    Backend backend = starting.apply(name);
    running.put(name, backend);
    registry.register(name, backend.port());
  }

  /**
   * Restarts each of the three once it has answered, and the next when the new one has, while the
   * client calls on four threads.
   *
   * @param call calls the service and returns the answer
   * @return how many calls there were, none of which failed
   */
  public int under(Callable<String> call) throws Exception {
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      Thread caller = new Thread(() -> callOnAndOn(call));
      caller.start();
      callers.add(caller);
    }
    try {
      for (String name : List.of("a", "b", "c")) {
        await(name + 1);
        registry.deregister(name + 1);
        running.remove(name + 1).stop();
        start(name + 2);
        await(name + 2);
      }
    } finally {
      over = true;
      for (Thread caller : callers) {
        caller.join();
      }
    }
    if (!failures.isEmpty()) {
      throw new AssertionError(failures.size() + " calls of " + calls + " failed", failures.peek());
    }
    return calls.get();
  }

  private void callOnAndOn(Callable<String> call) {
    while (!over) {
      calls.incrementAndGet();
      try {
        answered.add(call.call());
      } catch (Throwable e) {
        failures.add(e);
      }
    }
  }

  private void await(String name) {
    long start = System.nanoTime();
    while (!answered.contains(name)) {
      if (System.nanoTime() - start > PATIENCE_NANOS) {
        throw new AssertionError(name + " never answered, but " + answered, failures.peek());
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  /** Stops what runs. */
  @Override
  public void close() {
    running.values().forEach(Backend::stop);
  }
}
