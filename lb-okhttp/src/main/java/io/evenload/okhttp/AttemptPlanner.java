package io.evenload.okhttp;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Decides which attempts a call makes, where and when, by this strategy:
 *
 * <ol>
 *   <li>The first attempt goes to the server that the balancer chooses. If no list has come yet, or
 *       all servers are at their limit, the call waits for that as long as it was told to.
 *   <li>An answer is given out unless it is among what the policy retries, and so is a failure that
 *       is not the server's; see {@link Judge}.
 *   <li>If the request may have been processed and is not idempotent, or its body was begun and
 *       cannot be sent twice, what came of the attempt is given out; see {@link Repeatability}.
 *   <li>It is also given out if all attempts of the policy were made, or if the next one would come
 *       later than the policy allows or the call lives.
 *   <li>If an idle connection turned out to be closed, the next attempt is made at once, on a fresh
 *       connection, and is free of the budget.
 *   <li>All others are made if the budget allows it, after a random wait, and what the server asked
 *       for by a 429, or by a 503 if all servers that may be chosen have sent one.
 *   <li>The next server is chosen after the wait, so that a call that waits is in flight nowhere,
 *       and before the last response is closed: if there is no server, that response is given out.
 *   <li>If an attempt has no answer after the policy's delay, one more is made beside it at another
 *       server, if the request may be sent twice and the budget allows it; see {@link Race}.
 * </ol>
 *
 * <p>A plan is an attempt that has begun: its server is chosen, it is in flight, and nothing was
 * sent. Whoever is given it makes it, or ends it.
 */
interface AttemptPlanner {

  /**
   * Begins the first attempt, perhaps after a wait.
   *
   * @throws IOException if there is no server, or the call was canceled
   */
  AttemptRecord first(Passage passage) throws IOException;

  /**
   * Begins the attempt that follows one that was made, perhaps after a wait, and ends and closes
   * that one; returns null if that one decides what the caller gets, and leaves its response open.
   *
   * @throws IOException if the call was canceled or its thread interrupted
   */
  @Nullable AttemptRecord next(Passage passage, AttemptRecord tried) throws IOException;

  /**
   * Returns after how many nanoseconds an attempt beside the one just begun is due, or {@link
   * Hedging#NO}.
   */
  long besideAfterNanos(Passage passage);

  /** Begins an attempt beside one without an answer; null if there is to be none. */
  @Nullable AttemptRecord beside(Passage passage, AttemptRecord slow);

  /** Ends the attempt that {@link #beside} began, as if it had not: it could not be sent. */
  void takeBack(Passage passage, AttemptRecord second);
}
