package io.evenload.okhttp.internal.route;

import java.util.Objects;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What OkHttp is shown in place of the {@code Retry-After} of a response, so that it does not send
 * the request again.
 *
 * @param status the response's
 * @param real what the server said; null if nothing
 * @param shown what OkHttp sees; null if nothing
 */
record Disguise(int status, @Nullable String real, @Nullable String shown) {

  private static final String RETRY_AFTER = "Retry-After";

  /** Returns the response as OkHttp may see it. */
  Response put(Response response) {
    return with(response, shown);
  }

  /** Returns the response as the server sent it; another one stays as it is. */
  Response takenOff(Response response) {
    return response.code() == status && Objects.equals(response.header(RETRY_AFTER), shown)
        ? with(response, real)
        : response;
  }

  private static Response with(Response response, @Nullable String value) {
    Response.Builder builder = response.newBuilder();
    return (value == null ? builder.removeHeader(RETRY_AFTER) : builder.header(RETRY_AFTER, value))
        .build();
  }
}
