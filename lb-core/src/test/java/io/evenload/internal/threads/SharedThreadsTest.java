package io.evenload.internal.threads;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

class SharedThreadsTest {

  private final List<Thread> made = Collections.synchronizedList(new ArrayList<>());
  private final AtomicBoolean exhausted = new AtomicBoolean();
  private final Workers threads = new Workers(System::nanoTime, this::make);
  private final CountDownLatch released = new CountDownLatch(1);

  @Test
  void execute_everythingElseBlocks_runsAllTheSame() throws Exception {
    CountDownLatch blocked = new CountDownLatch(300);
    for (int i = 0; i < 300; i++) {
      threads.execute(
          () -> {
            blocked.countDown();
            awaitRelease();
          });
    }
    assertThat(blocked.await(20, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<String> ran = new CompletableFuture<>();
    threads.execute(() -> ran.complete("ran"));

    assertThat(ran.get(20, TimeUnit.SECONDS)).isEqualTo("ran");
    released.countDown();
    joinAll();
  }

  @Test
  void execute_shortWork_takesTwoWorkersAndEndsThem() throws Exception {
    for (int i = 0; i < 50; i++) {
      CompletableFuture<Thread> ran = new CompletableFuture<>();
      threads.execute(() -> ran.complete(Thread.currentThread()));
      Thread worker = ran.get(20, TimeUnit.SECONDS);
      assertThat(worker.isDaemon()).isTrue();
      assertThat(worker.getContextClassLoader()).isNull();
    }

    assertThat(workers()).isLessThanOrEqualTo(Workers.FEW);
    joinAll();
  }

  @Test
  void execute_workThrowsOrChangesItsThread_harmsNoOther() throws Exception {
    CompletableFuture<Throwable> thrown = new CompletableFuture<>();
    for (int i = 0; i < Workers.FEW; i++) {
      threads.execute(
          () -> {
            Thread worker = Thread.currentThread();
            worker.setUncaughtExceptionHandler((thread, e) -> thrown.complete(e));
            worker.setContextClassLoader(SharedThreadsTest.class.getClassLoader());
            worker.interrupt();
            throw new AssertionError("from the work");
          });
    }
    assertThat(thrown.get(20, TimeUnit.SECONDS)).hasMessage("from the work");
    CompletableFuture<String> seen = new CompletableFuture<>();
    threads.execute(
        () ->
            seen.complete(
                Thread.currentThread().isInterrupted()
                    + " "
                    + Thread.currentThread().getContextClassLoader()));

    assertThat(seen.get(20, TimeUnit.SECONDS)).isEqualTo("false null");
  }

  @Test
  void execute_noThreadToBeHad_isRefusedAndWorksAgainLater() throws Exception {
    exhausted.set(true);
    assertThatExceptionOfType(RejectedExecutionException.class)
        .isThrownBy(() -> threads.execute(() -> {}));
    assertThatExceptionOfType(RejectedExecutionException.class)
        .isThrownBy(() -> threads.after(1, () -> {}));
    exhausted.set(false);
    CompletableFuture<String> ran = new CompletableFuture<>();
    Future<?> unused = threads.after(1, () -> ran.complete("ran"));

    assertThat(ran.get(20, TimeUnit.SECONDS)).isEqualTo("ran");
  }

  @Test
  void after_workerAsksAndNoThreadIsToBeHad_theWorkerWaitsForIt() throws Exception {
    CompletableFuture<String> ran = new CompletableFuture<>();
    threads.execute(
        () -> {
          exhausted.set(true);
          Future<?> unused = threads.after(1_000_000, () -> ran.complete("ran"));
        });

    assertThat(ran.get(20, TimeUnit.SECONDS)).isEqualTo("ran");
  }

  @Test
  void after_cancelled_doesNotRun() throws Exception {
    CompletableFuture<String> first = new CompletableFuture<>();
    CompletableFuture<String> second = new CompletableFuture<>();
    Future<?> cancelled = threads.after(20_000_000, () -> first.complete("ran"));
    cancelled.cancel(false);
    Future<?> unused = threads.after(40_000_000, () -> second.complete("ran"));

    assertThat(second.get(20, TimeUnit.SECONDS)).isEqualTo("ran");
    assertThat(first).isNotDone();
  }

  @Test
  void after_cancelledWhileItRuns_isInterrupted() throws Exception {
    CountDownLatch running = new CountDownLatch(1);
    CompletableFuture<String> ended = new CompletableFuture<>();
    Future<?> work =
        threads.after(
            0,
            () -> {
              running.countDown();
              ended.complete(awaitRelease() ? "released" : "interrupted");
            });
    assertThat(running.await(20, TimeUnit.SECONDS)).isTrue();
    work.cancel(true);

    assertThat(ended.get(20, TimeUnit.SECONDS)).isEqualTo("interrupted");
  }

  @Test
  void daemon_threadLocalsOfTheMaker_areNotInherited() throws Exception {
    InheritableThreadLocal<String> local = new InheritableThreadLocal<>();
    local.set("the maker's");
    CompletableFuture<String> seen = new CompletableFuture<>();
    SharedThreads.daemon("test", () -> seen.complete("" + local.get())).start();

    assertThat(seen.get(20, TimeUnit.SECONDS)).isEqualTo("null");
  }

  @Test
  void daemon_codeOfTheMaker_isNotKept() throws Exception {
    CountDownLatch end = new CountDownLatch(1);
    AtomicReference<Thread> thread = new AtomicReference<>();
    WeakReference<ClassLoader> loader = makeByOtherCode(thread, end);
    for (int i = 0; i < 200 && !loader.refersTo(null); i++) {
      System.gc();
    }

    assertThat(thread.get().isAlive()).isTrue();
    assertThat(loader.refersTo(null)).as("the loader is gone while its thread lives").isTrue();
    end.countDown();
  }

  private static WeakReference<ClassLoader> makeByOtherCode(
      AtomicReference<Thread> thread, CountDownLatch end) throws Exception {
    ClassLoader application = new OtherLoader();
    Thread caller = Thread.currentThread();
    ClassLoader before = caller.getContextClassLoader();
    caller.setContextClassLoader(application);
    try {
      Object maker =
          application.loadClass(OtherCode.class.getName()).getDeclaredConstructor().newInstance();
      Runnable make =
          () -> {
            thread.set(SharedThreads.daemon("test", () -> awaitQuietly(end)));
            thread.get().start();
          };
      ((Executor) maker).execute(make);
    } finally {
      caller.setContextClassLoader(before);
    }
    return new WeakReference<>(application);
  }

  private static void awaitQuietly(CountDownLatch end) {
    try {
      boolean unused = end.await(60, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stands for an application that makes threads. */
  public static final class OtherCode implements Executor {
    @Override
    public void execute(Runnable work) {
      work.run();
    }
  }

  /** Has a class {@link OtherCode} of its own, as an application that can be undeployed. */
  private static final class OtherLoader extends ClassLoader {
    OtherLoader() {
      super(SharedThreadsTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.equals(OtherCode.class.getName())) {
        return super.loadClass(name, resolve);
      }
      try (InputStream in =
          SharedThreadsTest.class.getResourceAsStream("SharedThreadsTest$OtherCode.class")) {
        byte[] code = in.readAllBytes();
        return defineClass(
            name, code, 0, code.length, new ProtectionDomain(null, null, this, null));
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }

  private Thread make(String name, Runnable work) {
    if (exhausted.get()) { // not when it starts: since JDK 21 a pool does not call start()
      throw new OutOfMemoryError("unable to create native thread");
    }
    Thread thread = SharedThreads.daemon(name, work);
    made.add(thread);
    return thread;
  }

  private long workers() {
    synchronized (made) {
      return made.stream().filter(thread -> thread.getName().equals("evenload-worker")).count();
    }
  }

  private void joinAll() throws InterruptedException {
    for (Thread thread : List.copyOf(made)) {
      thread.join(20_000);
      assertThat(thread.isAlive()).isFalse();
    }
  }

  private boolean awaitRelease() {
    try {
      return released.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      return false;
    }
  }
}
