package io.evenload.testing;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Runs the same or several tasks on threads that start together. */
public final class Race {

  private static final int TIMEOUT_SECONDS = 60;

  private Race() {}

  /** Runs the task on so many threads, and returns their results. */
  public static <T> List<T> run(int threads, Callable<T> task) throws Exception {
    List<Callable<T>> tasks = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      tasks.add(task);
    }
    return run(tasks);
  }

  /** Runs each task on a thread of its own, and returns their results in the same order. */
  public static <T> List<T> run(List<Callable<T>> tasks) throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(tasks.size());
    ExecutorService executor = Executors.newFixedThreadPool(tasks.size());
    try {
      List<Future<T>> futures = new ArrayList<>();
      for (Callable<T> task : tasks) {
        futures.add(
            executor.submit(
                () -> {
                  barrier.await(TIMEOUT_SECONDS, TimeUnit.SECONDS);
                  return task.call();
                }));
      }
      List<T> results = new ArrayList<>();
      for (Future<T> future : futures) {
        results.add(get(future));
      }
      return results;
    } finally {
      executor.shutdownNow();
    }
  }

  private static <T> T get(Future<T> future) throws Exception {
    try {
      return future.get(TIMEOUT_SECONDS, TimeUnit.SECONDS);
    } catch (ExecutionException e) {
      throw new AssertionError("a racing thread failed", e.getCause());
    } catch (TimeoutException e) {
      throw new AssertionError("a racing thread did not end", e);
    }
  }
}
