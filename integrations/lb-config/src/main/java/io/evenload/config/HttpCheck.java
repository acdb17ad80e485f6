package io.evenload.config;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import io.evenload.Server;
import io.evenload.okhttp.OkHttpProbes;
import java.time.Duration;
import java.util.Map;
import java.util.NavigableSet;
import java.util.TreeSet;
import java.util.concurrent.CompletionStage;
import java.util.regex.Pattern;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** What the keys of a probe over HTTP say, of which {@link #probe} makes one. */
final class HttpCheck {

  private static final Pattern PATH = Pattern.compile("/[!-\"$-~]*"); // visible ASCII, no fragment
  private static final Pattern HOST = Pattern.compile("[^\\s/?#@:\\[\\]]+(:\\d{1,5})?");

  private final Request.Builder request = new Request.Builder().header("User-Agent", "Evenload");
  private NavigableSet<Integer> expectedStatuses = new TreeSet<>();
  private int drainingStatus; // 0: none
  private @Nullable String drainingHeader;
  private boolean tls;
  private String host;

  /** Begins with the name of the service as the host. */
  HttpCheck(String service) {
    host = service;
  }

  void expectedStatuses(NavigableSet<Integer> statuses) {
    statuses.forEach(status -> checkStatus("expectedStatuses", status));
    expectedStatuses = statuses;
  }

  void drainingStatus(int status) {
    checkStatus("drainingStatus", status);
    drainingStatus = status;
  }

  void drainingHeader(String name) {
    drainingHeader = name;
  }

  void tls(boolean tls) {
    this.tls = tls;
  }

  void host(String host) {
    this.host = host;
  }

  void headers(Map<String, String> headers) {
    try {
      headers.forEach(request::header);
    } catch (IllegalArgumentException e) { // whose message has the value
      throw new IllegalArgumentException(
          "header: (not shown) (expected: names and values that HTTP allows)");
    }
  }

  /**
   * Returns the probe.
   *
   * @param path begins with a slash, and may have a query
   * @param port the port to ask at; null for the server's own
   * @throws IllegalArgumentException if the path or the host cannot be part of a URL, the host is
   *     an address, or the port is not 1 to 65535
   */
  HealthProbe probe(OkHttpClient client, String path, @Nullable Integer port) {
    if (!PATH.matcher(path).matches()) {
      throw new IllegalArgumentException(
          "path: '" + Secrets.hidden(path) + "' (expected: a slash, and then what a URL may have)");
    }
    HttpUrl url =
        HOST.matcher(host).matches()
            ? HttpUrl.parse((tls ? "https://" : "http://") + host + path)
            : null;
    if (url == null) {
      throw new IllegalArgumentException(
          "host: '" + Secrets.hidden(host) + "' (expected: a host name, with a port if need be)");
    }
    if (port != null && (port < 1 || port > 65_535)) {
      throw new IllegalArgumentException("port: " + port + " (expected: 1 to 65535)");
    }
    Judge judge = new Judge(expectedStatuses, drainingStatus, drainingHeader);
    Request asked = request.url(url).build();
    return new Probe(OkHttpProbes.http(client, asked, judge::judge), asked, judge, port);
  }

  private static void checkStatus(String name, int status) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException(name + ": " + status + " (expected: 200 to 599)");
    }
  }

  /** What a response means. */
  private record Judge(
      NavigableSet<Integer> expectedStatuses, int drainingStatus, @Nullable String drainingHeader) {

    HealthReport judge(Response response) {
      int status = response.code();
      String announced = drainingHeader == null ? null : response.header(drainingHeader);
      if (announced != null && !announced.equalsIgnoreCase("false")) {
        return HealthReport.draining("it says " + drainingHeader);
      }
      if (status == drainingStatus) {
        return HealthReport.draining("it answers status " + status);
      }
      boolean expected =
          expectedStatuses.isEmpty() ? response.isSuccessful() : expectedStatuses.contains(status);
      return expected ? HealthReport.healthy() : HealthReport.unhealthy("status " + status);
    }
  }

  /** What asks, and what it was made of. */
  private record Probe(HealthProbe delegate, Request request, Judge judge, @Nullable Integer port)
      implements HealthProbe {

    @Override
    public CompletionStage<HealthReport> probe(Server server, Duration timeout) {
      return delegate.probe(port == null ? server : Server.of(server.host(), port), timeout);
    }

    @Override
    public String toString() {
      return delegate + (port == null ? "" : " at port " + port);
    }
  }
}
