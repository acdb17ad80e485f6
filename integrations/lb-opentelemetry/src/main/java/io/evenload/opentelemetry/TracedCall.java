package io.evenload.opentelemetry;

import io.opentelemetry.context.Context;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Response;

/** What the spans of one call share; a tag of the caller's call. */
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
          of(call);
        }
      };

  private final Context caller = Context.current();
  private final AtomicInteger followUps = new AtomicInteger();
  private volatile Context parent = caller;

  private TracedCall() {}

  static TracedCall of(Call call) {
    return call.tag(TracedCall.class, TracedCall::new);
  }

  /** Takes the current context for the parent, if there is one; an interceptor. */
  @SuppressWarnings("ReferenceEquality") // the root is one object
  static Response settleParent(Interceptor.Chain chain) throws IOException {
    Context current = Context.current();
    if (current != Context.root()) {
      of(chain.call()).parent = current;
    }
    return chain.proceed(chain.request());
  }

  /** The parent of the call's spans. */
  Context parent() {
    return parent;
  }

  /** What OkHttp sent by itself within the attempts so far. */
  int followUps() {
    return followUps.get();
  }

  void followedUp() {
    followUps.incrementAndGet();
  }
}
