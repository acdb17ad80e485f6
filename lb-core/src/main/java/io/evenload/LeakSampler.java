package io.evenload;

import java.lang.ref.PhantomReference;
import java.lang.ref.ReferenceQueue;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Watches a random sample of the attempts, and reports those that become garbage without having
 * been ended.
 */
final class LeakSampler {

  /*
   * A phantom reference must itself stay reachable. The thread that starts a sampled attempt pushes its sample onto a
   * stack by compare-and-set; the tick of the control path takes the whole stack over into a set of its own, drops the
   * samples that ended, and polls the queue. So no request meets a lock, and an attempt that ends costs one write.
   * While the tick does not come, no more than MOST_UNPOLLED samples wait for it.
   * A sample whose attempt is garbage can end in no other way, so giving its slot back here happens once.
   */

  static final int MOST_UNPOLLED = 100_000;

  private final BalancerContext balancer;
  private final ReferenceQueue<Attempt> queue = new ReferenceQueue<>();
  private final AtomicReference<@Nullable Sample> fresh = new AtomicReference<>();
  private final Set<Sample> watched = new HashSet<>(); // control path only
  private final AtomicLong leaked = new AtomicLong();
  private final AtomicInteger unpolled = new AtomicInteger();
  private volatile int oneIn;

  LeakSampler(BalancerContext balancer, int oneIn) {
    this.balancer = balancer;
    this.oneIn = oneIn;
  }

  /** Watches one attempt in so many from now on; with 0, none that is yet to begin. */
  void use(int oneIn) {
    this.oneIn = oneIn;
  }

  boolean draws() {
    int oneIn = this.oneIn;
    return (oneIn == 1 || (oneIn != 0 && drawsOne(oneIn))) && unpolled.get() < MOST_UNPOLLED;
  }

  private boolean drawsOne(int oneIn) {
    return ((balancer.random().nextLong() >>> 32) * oneIn) >>> 32 == 0;
  }

  long leaked() {
    return leaked.get();
  }

  Sample sample(Attempt attempt) {
    Sample sample =
        new Sample(
            attempt, queue, oneIn == 1 ? new Throwable("the leaked attempt began here") : null);
    unpolled.incrementAndGet();
    do {
      sample.next = fresh.get();
    } while (!fresh.compareAndSet(sample.next, sample));
    return sample;
  }

  /** Called on the control path about once a second. */
  void poll() {
    for (Sample sample = fresh.getAndSet(null); sample != null; ) {
      Sample next = sample.next;
      sample.next = null;
      unpolled.decrementAndGet();
      watched.add(sample);
      sample = next;
    }
    watched.removeIf(sample -> sample.ended);
    for (Object garbage = queue.poll(); garbage != null; garbage = queue.poll()) {
      Sample sample = (Sample) garbage;
      if (!sample.ended) { // not yet among the watched ones, perhaps: then the next poll drops it
        sample.ended = true;
        leaked.incrementAndGet();
        sample.giveBack();
        balancer
            .log()
            .warn(
                "an attempt at "
                    + sample.endpoint.server().id()
                    + " was never ended: call succeed(), fail(), cancel() or close() on each ("
                    + leaked
                    + " found; 1 attempt in "
                    + oneIn
                    + " is watched)",
                sample.site);
      }
    }
  }

  /** What outlives a sampled attempt. */
  static final class Sample extends PhantomReference<Attempt> {
    private final LiveEndpoint endpoint;
    private final GateChain gates;
    private final Chooser.@Nullable Tracker tracker;
    private final long startNanos;
    private final @Nullable Throwable site;
    private @Nullable Sample next;
    private volatile boolean ended;

    private Sample(Attempt attempt, ReferenceQueue<Attempt> queue, @Nullable Throwable site) {
      super(attempt, queue);
      this.endpoint = attempt.endpoint;
      this.gates = attempt.gates;
      this.tracker = attempt.tracker;
      this.startNanos = attempt.startNanos;
      this.site = site;
    }

    void ended() {
      ended = true;
      clear();
    }

    private void giveBack() {
      long now = startNanos;
      try {
        now = endpoint.balancer.nanoTime().getAsLong();
      } catch (Throwable e) {
        endpoint.balancer.log().warn("the clock threw", e);
      }
      endpoint.end(gates, tracker, Outcome.CANCELLED, Math.max(0, now - startNanos), now, null);
    }
  }
}
