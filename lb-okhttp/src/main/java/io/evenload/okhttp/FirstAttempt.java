package io.evenload.okhttp;

import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** How a call gets its first attempt: it may wait for the first list of servers, and for room. */
final class FirstAttempt {

  private final LoadBalancer balancer;
  private final Duration waitForServers;
  private final Duration waitForRoom;
  private final LongSupplier nanoTime;
  private final FirstList firstList;
  private final @Nullable RoomQueue known; // once a service has it, it stays
  private final @Nullable RoomQueue queue; // the same, unless calls do not wait for room

  FirstAttempt(
      LoadBalancer balancer, Duration waitForServers, Duration waitForRoom, LongSupplier nanoTime) {
    this(balancer, waitForServers, waitForRoom, nanoTime, new FirstList(balancer), null);
  }

  private FirstAttempt(
      LoadBalancer balancer,
      Duration waitForServers,
      Duration waitForRoom,
      LongSupplier nanoTime,
      FirstList firstList,
      @Nullable RoomQueue last) {
    this.balancer = balancer;
    this.waitForServers = waitForServers;
    this.waitForRoom = waitForRoom;
    this.nanoTime = nanoTime;
    this.firstList = firstList;
    boolean waits = !waitForRoom.isZero();
    known = last == null && waits ? new RoomQueue(balancer) : last;
    queue = waits ? known : null;
    if (known != null) {
      known.open(waits);
    }
  }

  /** Returns the same with other waits; calls that wait go on, in the same queue. */
  FirstAttempt with(Duration waitForServers, Duration waitForRoom) {
    return new FirstAttempt(balancer, waitForServers, waitForRoom, nanoTime, firstList, known);
  }

  /**
   * Starts the first attempt of a call.
   *
   * @param picky whether the request has conditions of its own
   * @throws IOException if there is no server, or the call was canceled
   */
  Attempt start(BalancedCall balanced, RequestContext context, boolean picky) throws IOException {
    try {
      return tried(balanced, context, picky);
    } catch (NoServerAvailableException e) {
      if (waitForServers.isZero()) {
        throw unavailable(e);
      }
    }
    awaitServers(balanced);
    try {
      return tried(balanced, context, picky); // also if the list came just after the first one
    } catch (NoServerAvailableException e) {
      throw unavailable(e);
    }
  }

  private Attempt tried(BalancedCall balanced, RequestContext context, boolean picky)
      throws NoServerAvailableException, IOException {
    if (queue == null || queue.isEmpty()) {
      try {
        return balancer.start(context);
      } catch (NoServerAvailableException e) {
        if (queue == null || !e.atLimit()) {
          throw e;
        }
      }
    }
    long wait = waitForRoom.toNanos(); // the call's own time ends it by canceling
    long begin = nanoTime.getAsLong();
    return queue.await(
        context,
        picky,
        latch -> {
          balanced.pause(wait - (nanoTime.getAsLong() - begin), latch);
          balanced.throwIfCanceled();
          return nanoTime.getAsLong() - begin < wait;
        });
  }

  /** Waits for the first list, if none has arrived. */
  private void awaitServers(BalancedCall balanced) throws IOException {
    if (!firstList.isHere()) {
      CountDownLatch latch = firstList.join();
      try {
        balanced.pause(waitForServers.toNanos(), latch); // or until the call's own time cancels it
      } finally {
        firstList.leave(latch);
      }
      balanced.throwIfCanceled();
    }
  }

  private IOException unavailable(NoServerAvailableException cause) {
    String message = cause.getMessage();
    if (!firstList.isHere()) {
      message += "; no list of servers has arrived yet (see waitForServers)";
    } else if (cause.atLimit()) {
      message += queue == null ? " (see waitForRoom)" : "; no room in " + waitForRoom;
    }
    return new IOException(message, cause);
  }
}
