package io.evenload.okhttp;

import java.io.IOException;
import okhttp3.Interceptor;
import okhttp3.Request;
import okhttp3.Response;

/** Answers the calls of one service, or does something around what answers them. Thread-safe. */
@FunctionalInterface
interface CallHandler {

  /**
   * Answers a call that has just come by.
   *
   * @param request the chain's, or what it was redirected to
   * @throws ServiceRedirect if a server redirects the call to where another has to be chosen
   */
  Response handle(Interceptor.Chain chain, Request request, BalancedCall balanced)
      throws IOException;
}
