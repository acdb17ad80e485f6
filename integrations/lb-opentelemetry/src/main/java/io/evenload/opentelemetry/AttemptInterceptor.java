package io.evenload.opentelemetry;

import io.evenload.okhttp.CallAttempt;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapPropagator;
import java.io.IOException;
import java.io.InterruptedIOException;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Interceptor;
import okhttp3.Response;

/** Runs each attempt within a span; behind the balancing interceptor. */
final class AttemptInterceptor implements Interceptor {

  private final Tracer tracer;
  private final TextMapPropagator propagator;

  AttemptInterceptor(Tracer tracer, TextMapPropagator propagator) {
    this.tracer = tracer;
    this.propagator = propagator;
  }

  @Override
  @SuppressWarnings("try") // the scope is only to be closed
  public Response intercept(Chain chain) throws IOException {
    CallAttempt attempt = LoadBalancingInterceptor.attemptOf(chain);
    if (attempt == null) {
      return chain.proceed(chain.request());
    }
    AttemptSpan span = new AttemptSpan(tracer, propagator, attempt, chain);
    try (Scope scope = span.context().makeCurrent()) {
      Response response = chain.proceed(span.injected(chain.request()));
      span.answered(response);
      return response;
    } catch (IOException e) {
      if (chain.call().isCanceled()) {
        cancelled(chain, span);
      } else {
        span.failed(e);
      }
      throw e;
    } catch (Throwable e) { // OkHttp also throws what it does not declare: InterruptedException
      span.failed(e);
      throw e;
    }
  }

  /**
   * Ends the span of a call that was cancelled: by the caller, or since another attempt was faster,
   * or for a timeout. That of an attempt the balancing interceptor knows. That of a call OkHttp
   * tells only when the call has failed, which it is about to.
   */
  private static void cancelled(Chain chain, AttemptSpan span) {
    CallAttempt attempt = LoadBalancingInterceptor.attemptOf(chain);
    if (attempt != null && attempt.failure() != null) {
      span.timedOut(attempt.failure());
      return;
    }
    chain
        .call()
        .addEventListener(
            new EventListener() {
              @Override
              public void callFailed(Call call, IOException failure) {
                if (timedOut(failure)) {
                  span.timedOut(failure);
                } else {
                  span.cancelled();
                }
              }
            });
  }

  /** Whether a call was canceled by its own timeout, which OkHttp tells in these words. */
  private static boolean timedOut(IOException failure) {
    return failure.getClass() == InterruptedIOException.class
        && "timeout".equals(failure.getMessage());
  }
}
