package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import io.evenload.HealthProbe;
import io.evenload.HealthReport;
import java.util.Arrays;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;

/**
 * Probes that ask each server the way balanced calls do: with the client's TLS, protocols and
 * connection pool, and with the URL's host in SNI, in the certificate check and in the {@code Host}
 * header.
 *
 * <p>They take nothing else from the client. Its interceptors, cookies, cache, authenticators,
 * proxy and event listeners are left out, redirects are not followed, and nothing is sent twice. A
 * probe goes to the probed server and nowhere else. A client certificate is part of the TLS and is
 * shown.
 *
 * <p>A report comes in time, whatever the server sends and whatever the client's trust manager,
 * name resolution or other code does. Names of servers are looked up by the client's {@code Dns},
 * one lookup for each at a time; when that fails, or takes longer than half of the timeout, the
 * addresses found last are used. A server of whose last probes three are still held up so is not
 * asked, but reported as unhealthy, until one of them ends.
 *
 * <p>OkHttp holds a thread while it waits for an answer: a daemon thread named {@code
 * evenload-okhttp-probes}, as many as there are running probes, which {@link
 * io.evenload.health.HealthCheck.Builder#maxConcurrentProbes} bounds. They end a second after the
 * last one. {@link io.evenload.health.HealthProbes} needs one thread for any number.
 *
 * <p>For another port than the serving one, ask for another server:
 *
 * <pre>{@code
 * HealthProbe health = OkHttpProbes.http(client, "https://orders/health");
 * HealthProbe managed = (server, timeout) -> health.probe(Server.of(server.host(), 9090), timeout);
 * }</pre>
 *
 * <p>Immutable and thread-safe. Needs OkHttp 5.4.0 or newer.
 */
public final class OkHttpProbes {

  private OkHttpProbes() {}

  /**
   * Returns the probe that sends a GET and judges by the status.
   *
   * @param url names the service as the URLs of balanced calls do; its port, if any, is part of
   *     {@code Host}, while the connection goes to the server's
   * @param expectedStatuses the statuses of a healthy server; none stands for 200 to 299
   * @throws IllegalArgumentException if the URL is not one of HTTP, its host is an address, or a
   *     status is not 200 to 599
   */
  public static HealthProbe http(OkHttpClient client, String url, int... expectedStatuses) {
    Set<Integer> expected =
        Arrays.stream(expectedStatuses)
            .mapToObj(OkHttpProbes::status)
            .collect(Collectors.toUnmodifiableSet());
    return http(
        client,
        new Request.Builder().url(requireNonNull(url, "url")).build(),
        response -> {
          boolean well =
              expected.isEmpty() ? response.isSuccessful() : expected.contains(response.code());
          return well
              ? HealthReport.healthy()
              : HealthReport.unhealthy("status " + response.code());
        });
  }

  /**
   * Returns the probe that sends this request.
   *
   * @param request what to ask, with headers of its own if need be; not with a body that can be
   *     sent only once
   * @param judge what the response means; it may read the body, and need not close it
   * @throws IllegalArgumentException if the host of the request's URL is an address
   */
  public static HealthProbe http(
      OkHttpClient client, Request request, Function<Response, HealthReport> judge) {
    requireNonNull(client, "client");
    requireNonNull(judge, "judge");
    String host = ServiceHost.canonical(requireNonNull(request, "request").url().host());
    return new OkHttpProbe(client, host, request, judge);
  }

  private static int status(int status) {
    if (status < 200 || status > 599) {
      throw new IllegalArgumentException("expectedStatuses: " + status + " (expected: 200 to 599)");
    }
    return status;
  }
}
