package io.evenload.okhttp;

import java.io.IOException;
import okhttp3.Connection;
import okhttp3.Interceptor;
import okhttp3.Response;

/**
 * What can be done only next to the network: stops a request on its way to the wrong server, and
 * keeps OkHttp from resending on its own.
 */
final class NetworkHalf implements Interceptor {

  /*
   * OkHttp answers a 503 with "Retry-After: 0" by sending the request again, a POST too, to the same server and without
   * telling anyone. It does not if it does not see the header, so the header is taken away here and put back by
   * BalancedService.
   */

  private static final int UNAVAILABLE = 503;

  @Override
  public Response intercept(Chain chain) throws IOException {
    BalancedCall state = chain.call().tag(BalancedCall.class);
    if (state == null || state.foreign()) {
      return chain.proceed(chain.request());
    }
    Connection connection = chain.connection();
    ServerDns actual = connection == null ? null : state.misroute(connection);
    if (actual != null) {
      throw new MisroutedException(actual.authority());
    }
    Response response = chain.proceed(chain.request());
    if (response.code() == UNAVAILABLE) {
      String value = response.header(RetryAfter.NAME);
      if (value != null && RetryAfter.isZero(value)) {
        state.hideRetryAfter(value);
        return response.newBuilder().removeHeader(RetryAfter.NAME).build();
      }
    }
    return response;
  }
}
