package io.evenload.opentelemetry;

import java.util.Set;
import okhttp3.HttpUrl;

/** URLs without what is secret in them, as OpenTelemetry's conventions for {@code url.full} say. */
final class SafeUrl {

  private static final String REDACTED = "REDACTED";

  /** Names of query parameters that sign a request at clouds' object stores. */
  private static final Set<String> SECRET_PARAMETERS =
      Set.of(
          "AWSAccessKeyId",
          "Signature",
          "sig",
          "X-Goog-Signature",
          "X-Amz-Credential",
          "X-Amz-Security-Token",
          "X-Amz-Signature");

  private SafeUrl() {}

  static String of(HttpUrl url) {
    boolean credentials = !url.encodedUsername().isEmpty() || !url.encodedPassword().isEmpty();
    boolean parameters = hasSecretParameter(url);
    if (!credentials && !parameters) {
      return url.toString();
    }
    HttpUrl.Builder safe = url.newBuilder();
    if (credentials) {
      safe.username(REDACTED).password(REDACTED);
    }
    if (parameters) {
      safe.query(null);
      for (int i = 0; i < url.querySize(); i++) {
        String name = url.queryParameterName(i);
        safe.addQueryParameter(
            name, SECRET_PARAMETERS.contains(name) ? REDACTED : url.queryParameterValue(i));
      }
    }
    return safe.build().toString();
  }

  private static boolean hasSecretParameter(HttpUrl url) {
    for (int i = 0; i < url.querySize(); i++) {
      if (SECRET_PARAMETERS.contains(url.queryParameterName(i))) {
        return true;
      }
    }
    return false;
  }
}
