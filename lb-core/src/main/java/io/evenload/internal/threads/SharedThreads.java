package io.evenload.internal.threads;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;

/**
 * The daemon threads that all balancers, lists and probes of the JVM share, for work that may
 * block, now or later. They end about a second after the last work. Thread-safe.
 */
public final class SharedThreads implements Executor {

  /** What the whole JVM shares. */
  public static final SharedThreads SHARED = new SharedThreads();

  private final Workers workers = new Workers(System::nanoTime, SharedThreads::daemon);

  private SharedThreads() {}

  /**
   * Returns a daemon thread, not started yet, that takes nothing over from whoever makes it: not
   * its thread-locals, not its context class loader, and not the classes on its stack, all of which
   * could keep an application in memory that has been undeployed.
   */
  @SuppressWarnings("removal") // on JDK 17 a thread keeps the classes that are on its maker's stack
  public static Thread daemon(String name, Runnable work) {
    return AccessController.doPrivileged(
        (PrivilegedAction<Thread>)
            () -> {
              Thread thread = new Thread(null, work, name, 0, false);
              thread.setDaemon(true);
              thread.setContextClassLoader(null);
              return thread;
            });
  }

  /**
   * Runs the work on a worker, soon even if all other work blocks.
   *
   * @throws RejectedExecutionException if there is no worker and none can be started
   */
  @Override
  public void execute(Runnable work) {
    workers.execute(work);
  }

  /**
   * Runs the work on a worker after a time. Cancelling it with an interrupt reaches the work, but
   * nothing else that the worker does.
   *
   * @throws RejectedExecutionException if there is no thread and none can be started
   */
  public Future<?> after(long nanos, Runnable work) {
    return workers.after(nanos, work);
  }
}
