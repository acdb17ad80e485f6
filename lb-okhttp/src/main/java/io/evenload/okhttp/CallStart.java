package io.evenload.okhttp;

import java.io.IOException;
import java.util.function.LongSupplier;
import kotlin.jvm.functions.Function0;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * When a call began, which its timeout counts from; a tag of the call.
 *
 * @param nanos by the clock of the interceptor that balances it
 */
record CallStart(long nanos) implements Function0<CallStart> {

  /** What the tag is made by: it is made already. */
  @Override
  public CallStart invoke() {
    return this;
  }

  /**
   * Takes note of it, in front of all other interceptors, so that the time that they take counts.
   */
  record Note(LongSupplier nanoTime) implements Interceptor {

    @Override
    public Response intercept(Chain chain) throws IOException {
      chain.call().tag(Tags.START, new CallStart(nanoTime.getAsLong())); // the first one stays
      return chain.proceed(chain.request());
    }
  }
}
