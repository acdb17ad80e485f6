package io.evenload.status;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpServer;
import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The handler behind a real socket. */
class StatusHandlerTest {

  private final Traffic traffic = new Traffic();
  private final LoadBalancer orders =
      traffic.balancer("orders ü", ServerList.of(Server.of("a", 1))).build();
  private final StatusPage page = traffic.page().balancer(orders).build();
  private final HttpClient client = HttpClient.newHttpClient();
  private StatusServer server;

  @BeforeEach
  void start() throws IOException {
    server = StatusServer.start(page, 0);
  }

  @AfterEach
  void stop() {
    server.close();
    page.close();
  }

  @Test
  void get_thePage_isHtmlThatNeedsNothingElse() throws Exception {
    HttpResponse<String> response = get(server.uri());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
    assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-store");
    assertThat(response.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    assertThat(response.body()).isEqualTo(page.html()).contains("orders ü");
    assertThat(response.body())
        .doesNotContainPattern("(src|href)=\"(?!data:|#)|url\\(|@import|import ?\\(");
  }

  @Test
  void get_thePage_allowsItsOwnScriptAndStyleAlone() throws Exception {
    HttpResponse<String> response = get(server.uri());
    String policy = response.headers().firstValue("Content-Security-Policy").orElseThrow();
    assertThat(policy)
        .contains("default-src 'none'", "frame-ancestors 'none'")
        .contains("script-src '" + hash(response.body(), "script") + "'")
        .contains("style-src '" + hash(response.body(), "style") + "'")
        .doesNotContain("unsafe", "*");
    assertThat(response.body()).contains(PageHtml.POLICY);
  }

  @Test
  void get_json_isTheJson() throws Exception {
    HttpResponse<String> response = get(server.uri().resolve("/?format=json"));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    assertThat(response.body()).isEqualTo(page.json());
    assertThat(new ObjectMapper().readTree(response.body()).at("/balancers/0/name").textValue())
        .isEqualTo("orders ü");
  }

  @Test
  void head_thePage_hasItsHeadersAlone() throws Exception {
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(server.uri())
                .method("HEAD", HttpRequest.BodyPublishers.noBody())
                .build(),
            BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEmpty();
    assertThat(response.headers().firstValueAsLong("Content-Length"))
        .hasValue(page.html().getBytes(UTF_8).length);
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
  void request_thatIsNoRead_isRefused(String method) throws Exception {
    HttpResponse<String> response =
        client.send(
            HttpRequest.newBuilder(server.uri())
                .method(method, HttpRequest.BodyPublishers.ofString("x".repeat(10_000)))
                .build(),
            BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.headers().firstValue("Allow")).hasValue("GET, HEAD");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/favicon.ico", "/x", "/?format=xml", "/?x", "/../x"})
  void get_somethingElse_isNotFound(String path) throws Exception {
    assertThat(get(URI.create(server.uri() + path.substring(1))).statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, 200",
    "LOCALHOST:8081, 200",
    "127.0.0.1:80, 200",
    "127.1.2.3, 200",
    "[::1]:8081, 200",
    "evil.example, 403",
    "evil.example:8081, 403",
    "localhost.evil.example, 403",
    "127.0.0.1.evil.example, 403",
    "evil127.0.0.1, 403",
    "1270.0.0.1, 403",
    "localhost@evil.example, 403",
    "10.0.0.1, 403",
    "0.0.0.0, 403",
    "[::2], 403",
    "[::1, 403",
    "localhost:80:80, 403",
    "'', 403",
  })
  void get_forAHost_isAnsweredForLoopbackNamesAlone(String host, int status) throws Exception {
    assertThat(statusOf(server.uri(), "Host: " + host + "\r\n")).isEqualTo(status);
  }

  @Test
  void get_forNoHostOrTwo_isRefused() throws Exception {
    assertThat(statusOf(server.uri(), "")).isBetween(400, 403);
    assertThat(statusOf(server.uri(), "Host: localhost\r\nHost: evil.example\r\n"))
        .isBetween(400, 403);
  }

  @Test
  void handler_withAllowedHosts_answersForThemToo() throws Exception {
    HttpServer own =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    own.createContext("/internal/balancers", page.handler("status.example.com"));
    own.start();
    try {
      URI uri =
          URI.create("http://127.0.0.1:" + own.getAddress().getPort() + "/internal/balancers");
      assertThat(statusOf(uri, "Host: Status.Example.COM:443\r\n")).isEqualTo(200);
      assertThat(statusOf(uri, "Host: localhost\r\n")).isEqualTo(200);
      assertThat(statusOf(uri, "Host: other.example.com\r\n")).isEqualTo(403);
      assertThat(get(uri).body()).contains("orders ü");
      assertThat(get(URI.create(uri + "/?format=json")).body()).startsWith("{");
      assertThat(get(URI.create(uri + "/x")).statusCode()).isEqualTo(404);
    } finally {
      own.stop(0);
    }
  }

  @Test
  void handler_allowedHostWithAnInternationalName_isAsBrowsersSendIt() throws Exception {
    HttpServer own =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    own.createContext("/", page.handler("B\u00fccher.example"));
    own.start();
    try {
      URI uri = StatusServer.uri(own.getAddress());
      assertThat(statusOf(uri, "Host: xn--bcher-kva.example\r\n")).isEqualTo(200);
      assertThat(statusOf(uri, "Host: xn--bcher.example\r\n")).isEqualTo(403);
      assertThat(statusOf(uri, "Host: " + "a".repeat(64) + "\r\n")).isEqualTo(403);
    } finally {
      own.stop(0);
    }
  }

  @Test
  void uri_loopbackOfIpv6_standsInBrackets() throws Exception {
    byte[] ipv6 = new byte[16];
    ipv6[15] = 1;
    byte[] ipv4 = {127, 0, 0, 1};
    assertThat(StatusServer.uri(new InetSocketAddress(InetAddress.getByAddress(ipv6), 8081)))
        .hasToString("http://[::1]:8081/");
    assertThat(StatusServer.uri(new InetSocketAddress(InetAddress.getByAddress(ipv4), 8081)))
        .hasToString("http://127.0.0.1:8081/");
    for (String host : new String[] {"[::1]", "[0:0:0:0:0:0:0:1]:8081"}) {
      assertThat(statusOf(server.uri(), "Host: " + host + "\r\n")).isEqualTo(200);
    }
    assertThat(statusOf(server.uri(), "Host: [0:0:0:0:0:0:0:2]\r\n")).isEqualTo(403);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "status.example.com:443", "a:b:c"})
  void handler_aHostThatIsNone_isRefused(String host) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> page.handler(host))
        .withMessage("allowedHosts: '" + host + "' (expected: names without a port)");
  }

  @Test
  void start_portOutOfRangeOrTaken_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> StatusServer.start(page, 65_536))
        .withMessage("port: 65536 (expected: 0 to 65535)");
    assertThatIOException().isThrownBy(() -> StatusServer.start(page, server.uri().getPort()));
  }

  @Test
  void close_theServer_refusesConnections() {
    server.close();
    assertThatIOException().isThrownBy(() -> get(server.uri()));
  }

  private HttpResponse<String> get(URI uri) throws IOException, InterruptedException {
    return client.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString());
  }

  /** Sends a request with these header lines, which HttpClient would not. */
  private static int statusOf(URI uri, String headers) throws IOException {
    try (Socket socket = new Socket(uri.getHost(), uri.getPort())) {
      String request =
          "GET " + uri.getPath() + " HTTP/1.1\r\n" + headers + "Connection: close\r\n\r\n";
      socket.getOutputStream().write(request.getBytes(ISO_8859_1));
      String response = new String(socket.getInputStream().readAllBytes(), ISO_8859_1);
      Matcher status = Pattern.compile("HTTP/1.1 (\\d{3}) ").matcher(response);
      assertThat(status.lookingAt()).as(response).isTrue();
      return Integer.parseInt(status.group(1));
    }
  }

  private static String hash(String html, String element) throws Exception {
    Matcher content =
        Pattern.compile("<" + element + ">(.*?)</" + element + ">", Pattern.DOTALL).matcher(html);
    assertThat(content.find()).isTrue();
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.group(1).getBytes(UTF_8));
    return "sha256-" + Base64.getEncoder().encodeToString(digest);
  }
}
