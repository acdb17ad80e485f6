package io.evenload.internal.threads;

import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Runs tasks one after another, on the threads that submit them, without a lock. */
public final class SerialExecutor implements Executor {

  /*
   * The queue-drain loop known from reactive libraries. `pending` counts the tasks that were added and have not
   * finished. Who raises it from 0 to 1 becomes the drainer and runs tasks until it is 0 again; everyone else has added
   * a task that the drainer is bound to see, since the task is in the queue before the count is raised, and the drainer
   * stops only when its decrement yields 0. So no task is lost, no two run at once, and the decrement-increment pair
   * makes each task's writes visible to the next. A task submitted from within a task runs after it. Nobody waits: if
   * another thread is draining, execute() returns before the task ran.
   */

  private final Queue<Runnable> tasks = new ConcurrentLinkedQueue<>();
  private final AtomicInteger pending = new AtomicInteger();
  private final Consumer<Throwable> onError;

  /** Who runs a task now. A thread asks for itself alone, so it finds what it wrote itself. */
  private @Nullable Thread runner;

  /** What a task throws goes to this consumer. */
  public SerialExecutor(Consumer<Throwable> onError) {
    this.onError = onError;
  }

  @Override
  public void execute(Runnable task) {
    tasks.add(task);
    if (pending.getAndIncrement() == 0) {
      do {
        runNext();
      } while (pending.decrementAndGet() != 0);
    }
  }

  /** Whether this thread is running one of the tasks. */
  public boolean runsHere() {
    return runner == Thread.currentThread();
  }

  @SuppressWarnings(
      "EmptyCatch") // a log that fails must not stop the tasks, and there is nobody left to tell
  private void report(Throwable e) {
    try {
      onError.accept(e);
    } catch (Throwable alsoFailed) {
    }
  }

  private void runNext() {
    runner = Thread.currentThread();
    try {
      tasks.remove().run();
    } catch (Throwable e) {
      report(e);
    } finally {
      runner = null;
    }
  }
}
