package io.evenload.opentelemetry;

import io.opentelemetry.context.Context;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * What the spans of one call share; a tag of the caller's call, once there is something to share.
 */
final class TracedCall {

  /*
   * An enqueued call runs on a thread of OkHttp's, which knows nothing of the caller's context; but the event of the
   * call's start comes on the caller's thread. A hedge runs on a third thread, perhaps before the first attempt got far.
   * So the parent of all is settled just before the balancing interceptor, on the thread of the call. There may be
   * something better current than at the call's start: another interceptor can have a span of its own.
   */

  /** Notes the context of whoever executes or enqueues the call. */
  static final EventListener CALLER =
      new EventListener() {
        @Override
        public void callStart(Call call) {
          settleParent(call);
        }
      };

  private static final AtomicIntegerFieldUpdater<TracedCall> FOLLOW_UPS =
      AtomicIntegerFieldUpdater.newUpdater(TracedCall.class, "followUps");

  private volatile Context parent = Context.root();
  private volatile int followUps;

  private TracedCall() {}

  private static TracedCall of(Call call) {
    return call.tag(TracedCall.class, TracedCall::new);
  }

  /** Takes the current context for the parent, if there is one; an interceptor. */
  static Response settleParent(Interceptor.Chain chain) throws IOException {
    settleParent(chain.call());
    return chain.proceed(chain.request());
  }

  @SuppressWarnings("ReferenceEquality") // the root is one object
  private static void settleParent(Call call) {
    Context current = Context.current();
    if (current != Context.root()) {
      of(call).parent = current;
    }
  }

  /** The parent of a call's spans. */
  static Context parent(Call call) {
    TracedCall traced = call.tag(TracedCall.class);
    return traced == null ? Context.root() : traced.parent;
  }

  /** What OkHttp sent by itself within the attempts of a call so far. */
  static int followUps(Call call) {
    TracedCall traced = call.tag(TracedCall.class);
    return traced == null ? 0 : traced.followUps;
  }

  static void followedUp(Call call) {
    FOLLOW_UPS.incrementAndGet(of(call));
  }
}
