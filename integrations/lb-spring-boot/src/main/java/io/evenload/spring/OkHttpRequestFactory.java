package io.evenload.spring;

import static java.util.Objects.requireNonNull;

import java.net.URI;
import okhttp3.OkHttpClient;
import org.springframework.http.HttpMethod;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpRequestFactory;

/**
 * Makes the requests of {@code RestClient} and {@code RestTemplate} calls of an {@link
 * OkHttpClient}: with its interceptors, timeouts, connection pool and cookies.
 *
 * <pre>{@code
 * RestClient client = RestClient.builder().requestFactory(new OkHttpRequestFactory(okHttpClient)).build();
 * }</pre>
 *
 * <p>Bodies are streamed in both directions: a request whose body can be written once only is not
 * sent again after it was begun. A response is to be closed, as {@code RestClient} does; until then
 * its attempt is in flight. A status of 400 or more is a response like any other. What OkHttp
 * throws is thrown on, so that a timeout is an {@link java.io.InterruptedIOException}.
 *
 * <p>Thread-safe. Closing the client is up to its owner.
 */
public final class OkHttpRequestFactory implements ClientHttpRequestFactory {

  private final OkHttpClient client;

  /** Creates a factory of the client's calls. */
  public OkHttpRequestFactory(OkHttpClient client) {
    this.client = requireNonNull(client, "client");
  }

  @Override
  public ClientHttpRequest createRequest(URI uri, HttpMethod method) {
    return new OkHttpRequest(client, uri, method);
  }
}
