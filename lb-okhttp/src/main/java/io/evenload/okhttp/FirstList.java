package io.evenload.okhttp;

import io.evenload.LoadBalancer;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;

/** Whether the first list of a balancer has come, and the calls that wait for it. Thread-safe. */
final class FirstList {

  /*
   * What depends on a future stays with it until it completes, and a list may never come. So this depends on the
   * balancer's once, and calls come and go here.
   */

  private final CompletableFuture<Void> ready;
  private final Set<CountDownLatch> waiting = ConcurrentHashMap.newKeySet();

  FirstList(LoadBalancer balancer) {
    ready = balancer.ready().toCompletableFuture();
    var unused = ready.whenComplete((done, failure) -> waiting.forEach(CountDownLatch::countDown));
  }

  /** Whether it has come, or the balancer was closed before. */
  boolean isHere() {
    return ready.isDone();
  }

  /** Returns a latch that opens when it comes; to be given to {@link #leave} after the wait. */
  CountDownLatch join() {
    CountDownLatch latch = new CountDownLatch(1);
    waiting.add(latch);
    if (isHere()) { // perhaps since just before the latch was there to be opened
      latch.countDown();
    }
    return latch;
  }

  void leave(CountDownLatch latch) {
    waiting.remove(latch);
  }

  /** Whether no call waits. */
  boolean isIdle() {
    return waiting.isEmpty();
  }
}
