package io.evenload.okhttp;

import java.io.IOException;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** Tells the listener what came of each call to one service; see {@link CallListener#ended}. */
final class CallEnds implements CallHandler {

  private final String host;
  private final CallListener listener;
  private final Timing timing;
  private final CallHandler handler;

  /**
   * Creates what tells.
   *
   * @param listener never throws
   * @param handler answers the calls
   */
  CallEnds(String host, CallListener listener, Timing timing, CallHandler handler) {
    this.host = host;
    this.listener = listener;
    this.timing = timing;
    this.handler = handler;
  }

  @Override
  public Response handle(Interceptor.Chain chain, Request request, BalancedCall balanced)
      throws IOException {
    long begin = timing.nanoTime().getAsLong();
    Response response;
    try {
      response = handler.handle(chain, request, balanced);
    } catch (ServiceRedirect e) {
      tell(balanced, balanced.deciding(), null, begin); // the answer of this service
      throw e;
    } catch (IOException e) {
      if (chain.call().isCanceled()) {
        tellWhenFailed(balanced, begin);
      } else {
        tell(balanced, balanced.deciding(), e, begin);
      }
      throw e;
    } catch (Throwable e) { // OkHttp also throws what it does not declare: InterruptedException
      tell(balanced, balanced.deciding(), e, begin);
      throw e;
    }
    tell(balanced, balanced.deciding(), null, begin);
    return response;
  }

  /** Only the end of a cancelled call tells whether it was cancelled by its timeout. */
  private void tellWhenFailed(BalancedCall balanced, long begin) {
    AttemptRecord decided = balanced.deciding();
    balanced
        .call()
        .addEventListener(
            new EventListener() {
              @Override
              public void callFailed(Call failed, IOException failure) {
                tell(balanced, decided, failure, begin);
              }
            });
  }

  private void tell(
      BalancedCall balanced,
      @Nullable AttemptRecord decided,
      @Nullable Throwable failure,
      long begin) {
    CallAttempt last = decided == null ? null : decided.described();
    long tookNanos = timing.nanoTime().getAsLong() - begin;
    listener.ended(new CallListener.CallEnded(host, balanced.call(), last, failure, tookNanos));
  }
}
