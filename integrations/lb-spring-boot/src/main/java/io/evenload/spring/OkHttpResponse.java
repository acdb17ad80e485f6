package io.evenload.spring;

import java.io.InputStream;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpStatusCode;
import org.springframework.http.client.ClientHttpResponse;

/** The response of an {@link OkHttpRequest}. */
final class OkHttpResponse implements ClientHttpResponse {

  private final Response response;
  private @Nullable HttpHeaders headers;

  OkHttpResponse(Response response) {
    this.response = response;
  }

  @Override
  public HttpStatusCode getStatusCode() {
    return HttpStatusCode.valueOf(response.code());
  }

  @Override
  public String getStatusText() {
    return response.message();
  }

  @Override
  public HttpHeaders getHeaders() {
    HttpHeaders known = headers;
    if (known == null) {
      known = new HttpHeaders();
      for (int i = 0; i < response.headers().size(); i++) {
        known.add(response.headers().name(i), response.headers().value(i));
      }
      headers = known;
    }
    return known;
  }

  @Override
  public InputStream getBody() {
    return response.body().byteStream();
  }

  @Override
  public void close() {
    response.close();
  }
}
