package io.evenload.okhttp;

/** Starts daemon threads for work that may throw. */
final class Threads {

  /** Work that may throw; what it throws ends its thread. */
  @FunctionalInterface
  interface Work {
    void run() throws Exception;
  }

  private Threads() {}

  static Thread start(Work work) {
    Thread thread = new Thread(() -> run(work), "test caller");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }

  /** Starts a virtual thread, or where there are none, another one. */
  static void startVirtual(Work work) throws ReflectiveOperationException {
    if (Runtime.version().feature() < 21) {
      start(work);
      return;
    }
    Runnable task = () -> run(work);
    Thread.class.getMethod("startVirtualThread", Runnable.class).invoke(null, task);
  }

  private static void run(Work work) {
    try {
      work.run();
    } catch (Exception e) {
      throw new AssertionError("on a thread of the test", e);
    }
  }
}
