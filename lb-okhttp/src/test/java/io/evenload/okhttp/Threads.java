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
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (Exception e) {
                throw new AssertionError("on a thread of the test", e);
              }
            },
            "test caller");
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}
