package io.evenload.okhttp.internal.route;

import okhttp3.Call;
import okio.AsyncTimeout;
import okio.Timeout;

/** Ends a call that runs already at a deadline, as its own timeout would. */
public final class CallDeadline {

  /*
   * OkHttp starts the timer of a call before the first interceptor, and reads what is set later no more. So the timer is
   * stopped and started anew, with the deadline. It counts the call's timeout from then, so this is only done if the deadline
   * comes sooner than that would.
   */

  private CallDeadline() {}

  /**
   * Lets the call end by then. Where OkHttp's timer is none that can be started anew, the deadline
   * is only noted, so that what reads it, such as waits between attempts, keeps to it.
   *
   * @param nanoTime by {@link System#nanoTime}, sooner than the call's own timeout
   */
  public static void set(Call call, long nanoTime) {
    Timeout timeout = call.timeout();
    if (!(timeout instanceof AsyncTimeout timer)) {
      timeout.deadlineNanoTime(nanoTime);
      return;
    }
    if (!timer.exit()) { // else the call is over by its own timeout
      timer.deadlineNanoTime(nanoTime);
      timer.enter();
    }
  }
}
