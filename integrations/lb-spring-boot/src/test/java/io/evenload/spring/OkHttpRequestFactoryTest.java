package io.evenload.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.testing.okhttp.Backend;
import io.evenload.testing.okhttp.Backends;
import io.evenload.testing.okhttp.Reply;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Objects;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.springframework.core.io.InputStreamResource;
import org.springframework.http.HttpHeaders;
import org.springframework.http.HttpMethod;
import org.springframework.http.HttpStatus;
import org.springframework.http.MediaType;
import org.springframework.http.ResponseEntity;
import org.springframework.http.StreamingHttpOutputMessage;
import org.springframework.http.client.ClientHttpRequest;
import org.springframework.http.client.ClientHttpResponse;
import org.springframework.web.client.HttpClientErrorException;
import org.springframework.web.client.ResourceAccessException;
import org.springframework.web.client.RestClient;

class OkHttpRequestFactoryTest {

  @RegisterExtension final Backends backends = new Backends();

  private Backend backend;
  private OkHttpClient client;
  private RestClient rest;

  @BeforeEach
  void start() {
    backend = backends.start("a");
    client = backends.watch(new OkHttpClient());
    rest = rest(client);
  }

  private RestClient rest(OkHttpClient client) {
    return RestClient.builder()
        .baseUrl("http://127.0.0.1:" + backend.port())
        .requestFactory(new OkHttpRequestFactory(client))
        .build();
  }

  @Test
  void get_headersAndBody_goBothWays() {
    backend.next(
        Reply.of(
            new MockResponse.Builder()
                .addHeader("X-Two", "1")
                .addHeader("X-Two", "2")
                .body("hello")
                .build()));
    ResponseEntity<String> response =
        rest.get()
            .uri("/v1/items?q={q}", "a b&c")
            .header("X-Asked", "1", "2")
            .retrieve()
            .toEntity(String.class);
    assertThat(response.getBody()).isEqualTo("hello");
    assertThat(response.getHeaders().get("X-Two")).containsExactly("1", "2");
    RecordedRequest request = backend.requests().get(0);
    assertThat(request.getHeaders().values("X-Asked")).containsExactly("1", "2");
    assertThat(request.getTarget()).isEqualTo("/v1/items?q=a%20b%26c");
  }

  @Test
  void post_bodyOfKnownLength_isSentWithItsLengthAndType() {
    rest.post()
        .uri("/")
        .contentType(MediaType.TEXT_PLAIN)
        .body("grüße")
        .retrieve()
        .toBodilessEntity();
    RecordedRequest request = backend.requests().get(0);
    assertThat(request.getHeaders().get("Content-Length")).isNotNull();
    assertThat(request.getHeaders().get("Content-Type")).startsWith("text/plain");
    assertThat(body(request)).isNotEmpty();
  }

  @Test
  void post_streamWithoutLength_isSentInChunks() {
    InputStream stream =
        new ByteArrayInputStream("x".repeat(100_000).getBytes(StandardCharsets.UTF_8));
    rest.post().uri("/").body(new InputStreamResource(stream)).retrieve().toBodilessEntity();
    RecordedRequest request = backend.requests().get(0);
    assertThat(request.getHeaders().get("Transfer-Encoding")).isEqualTo("chunked");
    assertThat(body(request)).hasSize(100_000);
  }

  @Test
  void head_noBody_isEmptyAndKeepsItsHeaders() {
    backend.next(
        Reply.of(
            new MockResponse.Builder().clearHeaders().addHeader("Content-Length", "5").build()));
    HttpHeaders headers = rest.head().uri("/").retrieve().toBodilessEntity().getHeaders();
    assertThat(headers.getContentLength()).isEqualTo(5);
  }

  @Test
  void post_withoutBody_isSentWithAnEmptyOne() {
    rest.post().uri("/").retrieve().toBodilessEntity();
    assertThat(backend.requests().get(0).getHeaders().get("Content-Length")).isEqualTo("0");
    rest.delete().uri("/").retrieve().toBodilessEntity();
    assertThat(backend.requests().get(1).getMethod()).isEqualTo("DELETE");
  }

  @Test
  void status_noContent_hasNoBody() {
    backend.next(Reply.of(new MockResponse.Builder().code(204).build()));
    ResponseEntity<String> response = rest.get().uri("/").retrieve().toEntity(String.class);
    assertThat(response.getStatusCode()).isEqualTo(HttpStatus.NO_CONTENT);
    assertThat(response.getBody()).isNull();
  }

  @Test
  void status_error_isAResponseWithItsBody() {
    backend.next(Reply.of(new MockResponse.Builder().code(404).body("no such item").build()));
    assertThatThrownBy(() -> rest.get().uri("/").retrieve().body(String.class))
        .isInstanceOfSatisfying(
            HttpClientErrorException.NotFound.class,
            e -> assertThat(e.getResponseBodyAsString()).isEqualTo("no such item"));
  }

  @Test
  void get_silence_endsByTheClientsTimeout() {
    backend.always(Reply.hang());
    OkHttpClient hasty = client.newBuilder().readTimeout(Duration.ofMillis(100)).build();
    assertThatThrownBy(() -> rest(hasty).get().uri("/").retrieve().body(String.class))
        .isInstanceOf(ResourceAccessException.class)
        .hasCauseInstanceOf(InterruptedIOException.class);
  }

  @Test
  void response_closed_freesTheConnection() throws IOException {
    backend.next(Reply.of(new MockResponse.Builder().body("x".repeat(1_000)).build()));
    ClientHttpRequest request = request(HttpMethod.GET);
    try (ClientHttpResponse response = request.execute()) {
      assertThat(response.getStatusText()).isEqualTo("OK");
      assertThat(client.connectionPool().idleConnectionCount()).isZero();
    }
    assertThat(client.connectionPool().idleConnectionCount()).isEqualTo(1);
  }

  @Test
  void request_written_isSentOnceAndCannotChange() throws IOException {
    ClientHttpRequest request = request(HttpMethod.PUT);
    request.getAttributes().put("a", "b");
    request.getHeaders().setContentType(MediaType.TEXT_PLAIN);
    request.getBody().write("put".getBytes(StandardCharsets.UTF_8));
    request.execute().close();
    assertThat(body(backend.requests().get(0))).isEqualTo("put");
    assertThat(request.getMethod()).isEqualTo(HttpMethod.PUT);
    assertThat(request.getURI().getPath()).isEqualTo("/x");
    assertThatThrownBy(request::execute)
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("PUT http://127.0.0.1")
        .hasMessageEndingWith("executed already")
        .hasMessageNotContaining("secret");
    assertThatThrownBy(() -> request.getHeaders().add("a", "b"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void request_streamedAndWritten_isRefused() {
    ClientHttpRequest request = request(HttpMethod.PUT);
    ((StreamingHttpOutputMessage) request).setBody(out -> out.write(1));
    assertThatThrownBy(request::getBody).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void request_ofAnotherScheme_isRefused() throws IOException {
    ClientHttpRequest request =
        new OkHttpRequestFactory(client).createRequest(URI.create("ftp://x/"), HttpMethod.GET);
    assertThatThrownBy(request::execute)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("ftp");
  }

  private ClientHttpRequest request(HttpMethod method) {
    URI uri = URI.create("http://127.0.0.1:" + backend.port() + "/x?token=secret");
    return new OkHttpRequestFactory(client).createRequest(uri, method);
  }

  private static String body(RecordedRequest request) {
    return Objects.requireNonNull(request.getBody()).utf8();
  }
}
