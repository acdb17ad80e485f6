package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import okhttp3.Request;
import okhttp3.Response;
import okhttp3.ResponseBody;
import org.jspecify.annotations.Nullable;

/** A server redirected the call to another host, for which a server has to be chosen first. */
final class ServiceRedirect extends IOException {

  /*
   * OkHttp follows redirects inside of our interceptor, where nobody chooses a server. But it has to resolve the new host,
   * and asks our Dns, which refuses. By then OkHttp has made the request that follows up, by its own rules for methods,
   * bodies, headers and schemes, and told it to the event listeners. Router makes this of both, and the interceptor begins
   * anew with that request.
   */

  private static final long serialVersionUID = 1L;

  private final transient Request followUp;
  private final transient Response redirect;

  ServiceRedirect(Request followUp, Response redirect) {
    super(followUp.url().host());
    this.followUp = followUp;
    this.redirect = redirect;
  }

  int status() {
    return redirect.code();
  }

  /** The request that OkHttp made of the redirect. */
  Request followUp() {
    return followUp;
  }

  /** The redirect, without its body, which came after the given response. */
  Response redirect(@Nullable Response prior) {
    return after(prior, redirect.newBuilder().body(ResponseBody.EMPTY).build());
  }

  /** Returns the response with the prior one as the first of its redirects. */
  static Response after(@Nullable Response prior, Response response) {
    if (prior == null) {
      return response;
    }
    Response last = response.priorResponse();
    Response joined = last == null ? prior : after(prior, requireNonNull(last));
    return response.newBuilder().priorResponse(joined).build();
  }

  @Override
  public Throwable fillInStackTrace() {
    return this; // it is caught where it belongs, and tells where to go, not where it came from
  }
}
