package io.evenload.okhttp;

import java.io.IOException;
import java.net.ProtocolException;
import okhttp3.Connection;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * What can be done only next to the network: stops a request on its way to the wrong server, keeps
 * OkHttp from resending on its own, and keeps from it what it cannot read.
 */
final class NetworkHalf implements Interceptor {

  /*
   * OkHttp answers a 503 with "Retry-After: 0" by sending the request again, a POST too, to the same server and without
   * telling anyone. It does not if it does not see the header, so the header is taken away here and put back by
   * BalancedService. So is a number too large for an int, at which OkHttp throws a NumberFormatException.
   *
   * A negative status is an IllegalStateException to OkHttp, and a negative Content-Length an IllegalArgumentException to
   * whoever reads the body. A server that says such a thing must not get past the caller's "catch (IOException e)".
   *
   * An HTTP/2 call that is canceled while its headers are written may get the response all the same, if that was faster.
   * OkHttp then never tells the end of the call, and keeps its connection. So a response to a canceled call is an error.
   */

  private static final int UNAVAILABLE = 503;
  private static final long UNKNOWN_LENGTH = -1;
  private static final String NEGATIVE_STATUS = "code < 0";

  @Override
  public Response intercept(Chain chain) throws IOException {
    BalancedCall state = chain.call().tag(Tags.STATE);
    if (state == null || state.foreign()) {
      return chain.proceed(chain.request());
    }
    Connection connection = chain.connection();
    ServerDns actual = connection == null ? null : state.misroute(connection);
    if (actual != null) {
      throw new MisroutedException(actual.authority());
    }
    Response response = readable(chain, state);
    if (chain.call().isCanceled()) {
      response.close();
      throw new IOException("Canceled");
    }
    if (response.code() == UNAVAILABLE) {
      String value = response.header(RetryAfter.NAME);
      if (value != null && RetryAfter.misleadsOkHttp(value)) {
        state.hideRetryAfter(value);
        return response.newBuilder().removeHeader(RetryAfter.NAME).build();
      }
    }
    return response;
  }

  private static Response readable(Chain chain, BalancedCall state) throws IOException {
    Response response;
    try {
      response = chain.proceed(chain.request());
    } catch (IllegalStateException e) {
      if (!String.valueOf(e.getMessage()).startsWith(NEGATIVE_STATUS)) {
        throw e;
      }
      state.responseUnreadable();
      ProtocolException failure = new ProtocolException("Unexpected status: " + e.getMessage());
      failure.initCause(e);
      throw failure;
    }
    long length = response.body().contentLength();
    if (length < UNKNOWN_LENGTH) {
      // Not closed: that would throw as reading does. OkHttp ends the exchange for the exception.
      state.responseUnreadable();
      throw new ProtocolException("Unexpected Content-Length: " + length);
    }
    return response;
  }
}
