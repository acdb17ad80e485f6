package io.evenload.spring;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.StreamingHttpOutputMessage;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpResponse;

/** One request of {@link OkHttpRequestFactory}; not thread-safe. */
final class OkHttpRequest implements ClientHttpRequest, StreamingHttpOutputMessage {

  private final OkHttpClient client;
  private final URI uri;
  private final HttpMethod method;
  private final HttpHeaders headers = new HttpHeaders();
  private final Map<String, Object> attributes = new HashMap<>();
  private @Nullable Body streamed;
  private @Nullable ByteArrayOutputStream buffered;
  private boolean executed;

  OkHttpRequest(OkHttpClient client, URI uri, HttpMethod method) {
    this.client = client;
    this.uri = uri;
    this.method = method;
  }

  @Override
  public HttpMethod getMethod() {
    return method;
  }

  @Override
  public URI getURI() {
    return uri;
  }

  @Override
  public Map<String, Object> getAttributes() {
    return attributes;
  }

  @Override
  public HttpHeaders getHeaders() {
    return executed ? HttpHeaders.readOnlyHttpHeaders(headers) : headers;
  }

  @Override
  public OutputStream getBody() {
    checkNotExecuted();
    if (streamed != null) {
      throw new IllegalStateException(this + ": has a body that is streamed");
    }
    if (buffered == null) {
      buffered = new ByteArrayOutputStream();
    }
    return buffered;
  }

  @Override
  public void setBody(Body body) {
    checkNotExecuted();
    streamed = body;
  }

  @Override
  public ClientHttpResponse execute() throws IOException {
    checkNotExecuted();
    executed = true;
    HttpUrl url = HttpUrl.get(uri);
    if (url == null) {
      throw new IOException(uri.getScheme() + ": (expected: a URI of http or https)");
    }
    Request.Builder request = new Request.Builder().url(url).method(method.name(), body());
    headers.forEach((name, values) -> values.forEach(value -> add(request, name, value)));
    return new OkHttpResponse(client.newCall(request.build()).execute());
  }

  private static void add(Request.Builder request, String name, @Nullable String value) {
    request.addHeader(name, value == null ? "" : value);
  }

  private @Nullable RequestBody body() {
    if (streamed != null) {
      return new StreamedBody(streamed, type(), headers.getContentLength());
    }
    if (buffered != null && buffered.size() > 0) {
      return RequestBody.create(buffered.toByteArray(), type());
    }
    return requiresBody() ? RequestBody.create(new byte[0], type()) : null;
  }

  /** Whether OkHttp refuses the method without a body, as others send it with an empty one. */
  private boolean requiresBody() {
    return switch (method.name()) {
      case "POST", "PUT", "PATCH", "PROPPATCH", "REPORT", "QUERY" -> true;
      default -> false;
    };
  }

  private @Nullable MediaType type() {
    String type = headers.getFirst(HttpHeaders.CONTENT_TYPE);
    return type == null ? null : MediaType.parse(type);
  }

  private void checkNotExecuted() {
    if (executed) {
      throw new IllegalStateException(this + ": executed already");
    }
  }

  /** Without the query, which may have what no message should. */
  @Override
  public String toString() {
    return method + " " + uri.getScheme() + "://" + uri.getAuthority() + uri.getPath();
  }

  /** Writes what Spring streams. */
  private static final class StreamedBody extends RequestBody {
    private final Body body;
    private final @Nullable MediaType type;
    private final long length;

    StreamedBody(Body body, @Nullable MediaType type, long length) {
      this.body = body;
      this.type = type;
      this.length = length;
    }

    @Override
    public @Nullable MediaType contentType() {
      return type;
    }

    @Override
    public long contentLength() {
      return length;
    }

    @Override
    public boolean isOneShot() {
      return !body.repeatable();
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      body.writeTo(sink.outputStream());
    }
  }
}
