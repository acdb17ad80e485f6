package io.evenload.opentelemetry;

import io.opentelemetry.context.Context;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.Call;
import okhttp3.EventListener;
import org.jspecify.annotations.Nullable;

/** What the spans of one call share; a tag of the caller's call. */
final class TracedCall {

  /*
   * An enqueued call runs on a thread of OkHttp's, which knows nothing of the caller's context; but the event of the
   * call's start comes on the caller's thread. A hedge runs on a third thread. But the first attempt always comes first,
   * on the thread of the call, so what it finds is the parent of all. There may be something better current than at the
   * call's start: an interceptor before ours can have a span of its own.
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
  private final AtomicInteger sent = new AtomicInteger();
  private volatile @Nullable Context parent;

  private TracedCall() {}

  static TracedCall of(Call call) {
    return call.tag(TracedCall.class, TracedCall::new);
  }

  /** The parent of the call's spans. */
  @SuppressWarnings("ReferenceEquality") // the root is one object
  Context parent() {
    Context known = parent;
    if (known == null) {
      Context current = Context.current();
      known = current == Context.root() ? caller : current;
      parent = known;
    }
    return known;
  }

  /** Counts what is sent now, and returns what was sent, or failed to be, before. */
  int resend() {
    return sent.getAndIncrement();
  }
}
