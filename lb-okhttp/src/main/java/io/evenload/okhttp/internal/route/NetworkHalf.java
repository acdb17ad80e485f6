package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.net.ProtocolException;
import java.util.function.Function;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.Headers;
import okhttp3.Interceptor;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What can be done only next to the network: stops a request on its way to the wrong server, keeps
 * OkHttp from resending on its own, and keeps from it what it cannot read, and the cookies that are
 * not a server's to set.
 */
public final class NetworkHalf implements Interceptor {

  /*
   * OkHttp answers a 503 with "Retry-After: 0" by sending the request again, a POST too, to the same server and without
   * telling anyone. It does not if it does not see the header, so the header is taken away here, kept for
   * the attempt, and put back for the caller. Should it do so all the same, the second request is stopped here. So is a number too large for an int, at which OkHttp throws a NumberFormatException.
   *
   * A negative status is an IllegalStateException to OkHttp, and a negative Content-Length an IllegalArgumentException to
   * whoever reads the body. A server that says such a thing must not get past the caller's "catch (IOException e)".
   *
   * While OkHttp may try other connection specs, it would also repeat what fails, or is answered by a 408: see OtherSpecs.
   *
   * A cookie whose name is reserved says which server a session goes to. That is for the client to say: a server that set
   * one could draw every session to itself. So it never gets to OkHttp, which would put it into the client's jar.
   *
   * An HTTP/2 call that is canceled while its headers are written may get the response all the same, if that was faster.
   * OkHttp then never tells the end of the call, and keeps its connection. So a response to a canceled call is an error.
   */

  /** What the names of cookies begin with that no server may set. */
  public static final String RESERVED_COOKIES = "EVENLOAD_";

  private static final String SET_COOKIE = "Set-Cookie";
  private static final int TIMEOUT = 408;
  private static final int UNAVAILABLE = 503;
  private static final long UNKNOWN_LENGTH = -1;
  private static final String NEGATIVE_STATUS = "code < 0";
  private static final String RETRY_AFTER = "Retry-After";

  /** About 31 years, and far from overflow. */
  private static final long MOST_SECONDS = 1_000_000_000;

  private final Function<Call, @Nullable AttemptTrace> traces;

  /**
   * Creates the half.
   *
   * @param traces tells what is kept of a call; null if it is not balanced
   */
  public NetworkHalf(Function<Call, @Nullable AttemptTrace> traces) {
    this.traces = traces;
  }

  @Override
  public Response intercept(Chain chain) throws IOException {
    AttemptTrace state = traces.apply(chain.call());
    if (state == null) {
      return chain.proceed(chain.request());
    }
    if (chain.request().body() != null && !state.mayWrite()) {
      throw new IOException("Canceled");
    }
    if (!state.recovers()) {
      return withoutReserved(intercept(chain, state));
    }
    try {
      Response response = withoutReserved(intercept(chain, state));
      return response.code() == TIMEOUT
          ? state.disguised(response, new Disguise(TIMEOUT, response.header(RETRY_AFTER), "1"))
          : response;
    } catch (IOException e) {
      throw UnrepeatableException.of(e);
    }
  }

  /** Returns the response without the cookies that no server may set. */
  private static Response withoutReserved(Response response) {
    Headers headers = response.headers();
    boolean any = false;
    for (int i = 0; i < headers.size() && !any; i++) {
      any = isReserved(headers, i);
    }
    if (!any) {
      return response;
    }
    Headers.Builder left = new Headers.Builder();
    for (int i = 0; i < headers.size(); i++) {
      if (!isReserved(headers, i)) {
        left.addUnsafeNonAscii(headers.name(i), headers.value(i));
      }
    }
    return response.newBuilder().headers(left.build()).build();
  }

  private static boolean isReserved(Headers headers, int i) {
    return headers.name(i).equalsIgnoreCase(SET_COOKIE)
        && headers.value(i).stripLeading().startsWith(RESERVED_COOKIES);
  }

  private static Response intercept(Chain chain, AttemptTrace state) throws IOException {
    if (state.leavesService(chain.request().url())) {
      return chain.proceed(state.retimed(chain.request()));
    }
    Connection connection = chain.connection();
    ServerDns actual = connection == null ? null : state.misroute(connection);
    if (actual != null) {
      throw new MisroutedException(actual.authority());
    }
    if (connection != null && state.findsClosed(connection)) {
      throw new IOException(
          chain.request().url().host() + ": the connection was closed while it was idle");
    }
    if (state.leaves()) {
      throw new IOException(
          chain.request().url().host() + ": stopped OkHttp from following to another service");
    }
    if (state.resends()) {
      throw new IOException(
          chain.request().url().host()
              + ": stopped OkHttp from sending the request again by itself (an interceptor may have"
              + " put Retry-After: 0 back, or thrown its own exception)");
    }
    Response response = readable(chain, state);
    if (chain.call().isCanceled()) {
      response.close();
      throw new IOException("Canceled");
    }
    if (response.code() == UNAVAILABLE) {
      String value = response.header(RETRY_AFTER);
      if (value != null && misleadsOkHttp(value)) {
        return state.disguised(response, new Disguise(UNAVAILABLE, value, null));
      }
    }
    return response;
  }

  /** Whether OkHttp would resend at once for this value, which is zero, or not survive it. */
  static boolean misleadsOkHttp(String value) {
    if (value.isEmpty() || !value.chars().allMatch(c -> c >= '0' && c <= '9')) {
      return false;
    }
    long seconds = 0;
    for (int i = 0; i < value.length() && seconds < MOST_SECONDS; i++) {
      seconds = seconds * 10 + (value.charAt(i) - '0');
    }
    return seconds == 0 || seconds >= MOST_SECONDS;
  }

  private static Response readable(Chain chain, AttemptTrace state) throws IOException {
    Response response;
    try {
      response = chain.proceed(state.retimed(chain.request()));
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
