package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The calls that wait for room, since all servers of a balancer are at their limit. */
final class RoomQueue implements LoadBalancerListener {

  /*
   * Calls wait in the order of their coming; only the first one looks for room, and one that comes while others wait does
   * not try before its turn. Whoever ends an attempt wakes the first. So does whoever leaves the queue, whether it got
   * room, gave up, or was canceled, and who comes first looks at once. A first one whose request has conditions of its
   * own, and finds no room that meets them, wakes the one behind it; without such conditions, there is none for anyone.
   *
   * No wake-up is lost: a latch is replaced before its owner looks for room. So one that is opened after that makes the
   * owner look again; and whoever still saw the old latch had made room before the look.
   *
   * It listens to the balancer as long as calls may come, or one waits. Calls that began when they still might come later
   * than that is over. So whoever enters or leaves looks, after that, whether more may come, and if not, sees to it that
   * the queue listens if it has to. It says that no more may come, and then looks whether anyone waits: one of the two
   * sees the other.
   */

  private final LoadBalancer balancer;
  private final Queue<Waiter> waiting = new ConcurrentLinkedQueue<>();
  private final ReentrantLock listening = new ReentrantLock();
  private boolean listens; // guarded by the lock
  private volatile boolean open;

  RoomQueue(LoadBalancer balancer) {
    this.balancer = balancer;
  }

  /** How a call waits. */
  @FunctionalInterface
  interface Pause {

    /**
     * Waits for the latch.
     *
     * @return whether there is time left
     * @throws IOException if the call was canceled
     */
    boolean await(CountDownLatch latch) throws IOException;
  }

  /** Says whether calls may come; those that wait or are on their way are served in any case. */
  void open(boolean open) {
    this.open = open;
    listenIfNeeded();
  }

  private void listenIfNeeded() {
    listening.lock();
    try {
      boolean needed = open || !waiting.isEmpty();
      if (needed && !listens) {
        balancer.wiring().addListener(this);
      } else if (listens && !needed) {
        balancer.wiring().removeListener(this);
      }
      listens = needed;
    } finally {
      listening.unlock();
    }
  }

  /** Whether nobody waits, so that a call may try at once. */
  boolean isEmpty() {
    return waiting.isEmpty();
  }

  /**
   * Waits for room and starts the attempt.
   *
   * @param picky whether the request has conditions of its own, which others need not have
   * @throws NoServerAvailableException if the time is over, or room is not what is missing
   * @throws IOException if the call was canceled
   */
  Attempt await(RequestContext context, boolean picky, Pause pause)
      throws NoServerAvailableException, IOException {
    Waiter waiter = new Waiter();
    waiting.add(waiter);
    try {
      if (!open) {
        listenIfNeeded();
      }
      if (waiting.peek() == waiter) {
        waiter.latch.countDown();
      }
      while (true) {
        boolean inTime = pause.await(waiter.latch);
        waiter.latch = new CountDownLatch(1);
        try {
          return balancer.start(context);
        } catch (NoServerAvailableException e) {
          if (!inTime || !e.atLimit()) {
            throw e;
          }
          if (picky) {
            wake(waiter);
          }
        }
      }
    } finally {
      waiting.remove(waiter);
      wake(null);
      if (!open) {
        listenIfNeeded();
      }
    }
  }

  /** Wakes the first one, or the first behind this one. */
  @SuppressWarnings("ReferenceEquality") // this very one
  private void wake(@Nullable Waiter after) {
    boolean behind = after == null;
    for (Waiter waiter : waiting) {
      if (behind) {
        waiter.latch.countDown();
        return;
      }
      behind = waiter == after;
    }
  }

  @Override
  public void attemptEnded(Attempt attempt) {
    wake(null);
  }

  @Override
  public void stateChanged(StateChanged event) {
    wake(null);
  }

  @Override
  public void serversChanged(ServersChanged event) {
    wake(null);
  }

  private static final class Waiter {
    volatile CountDownLatch latch = new CountDownLatch(1);
  }
}
