package io.evenload.opentelemetry;

import io.opentelemetry.context.Context;
import java.util.concurrent.atomic.AtomicIntegerFieldUpdater;
import kotlin.jvm.JvmClassMappingKt;
import kotlin.reflect.KClass;
import okhttp3.Call;
import okhttp3.EventListener;

/**
 * What the spans of one call share; a tag of the caller's call, once there is something to share.
 */
final class TracedCall {

  /*
   * The parent of an attempt is what is current where it begins: the context of whoever executes the call, or of another
   * interceptor with a span of its own. But an enqueued call runs on a thread of OkHttp's, which knows nothing of the
   * caller's context; so that is noted at the event of the call's start, which comes on the caller's thread. And a hedge
   * runs on a third thread, perhaps before the first attempt got far. But it comes only to an attempt with a call of its
   * own, and that call was made on the thread of the caller's call; so what is current there is noted too.
   */

  private static final KClass<TracedCall> TAG = JvmClassMappingKt.getKotlinClass(TracedCall.class);

  /** Notes the context of whoever executes or enqueues the call. */
  private static final EventListener CALLER =
      new EventListener() {
        @Override
        public void callStart(Call call) {
          noteContext(call);
        }
      };

  private static final AtomicIntegerFieldUpdater<TracedCall> FOLLOW_UPS =
      AtomicIntegerFieldUpdater.newUpdater(TracedCall.class, "followUps");

  private volatile Context context = Context.root();
  private volatile int followUps;

  private TracedCall() {}

  private static TracedCall of(Call call) {
    return call.tag(TAG, TracedCall::new);
  }

  /** Lets contexts be noted, besides what other listeners do. */
  static EventListener.Factory noting(EventListener.Factory listeners) {
    return call -> {
      Call callers = call.request().tag(Call.class);
      if (callers != null) {
        noteContext(callers);
      }
      return listeners.create(call).plus(CALLER);
    };
  }

  @SuppressWarnings("ReferenceEquality") // the root is one object
  private static void noteContext(Call call) {
    Context current = Context.current();
    if (current != Context.root()) {
      of(call).context = current;
    }
  }

  /** The parent of the span of an attempt that begins here, and is made for this call. */
  @SuppressWarnings("ReferenceEquality") // the root is one object
  static Context parent(Call call) {
    Context current = Context.current();
    if (current != Context.root()) {
      return current;
    }
    TracedCall traced = call.tag(TAG);
    return traced == null ? current : traced.context;
  }

  /** What OkHttp sent by itself within the attempts of a call so far. */
  static int followUps(Call call) {
    TracedCall traced = call.tag(TAG);
    return traced == null ? 0 : traced.followUps;
  }

  static void followedUp(Call call) {
    FOLLOW_UPS.incrementAndGet(of(call));
  }
}
