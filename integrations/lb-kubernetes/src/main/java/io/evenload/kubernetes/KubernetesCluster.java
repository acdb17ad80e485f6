package io.evenload.kubernetes;

import static java.util.Objects.requireNonNull;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import okhttp3.Call;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * Where a cluster's API server is, and how to be let in. One object serves all lists of a process,
 * which then share its connections. Immutable and thread-safe; no request is sent before a list is
 * subscribed to.
 *
 * <p>The token and the certificates are files that Kubernetes replaces while the pod runs, so they
 * are read again: the token for each request, the certificates for each list. Requests go to the
 * API server alone, past any proxy of the JVM, and follow no redirect.
 */
public final class KubernetesCluster {

  /** Where a pod finds its token, the cluster's certificates and its namespace. */
  public static final Path SECRETS = Path.of("/var/run/secrets/kubernetes.io/serviceaccount");

  private static final int MOST_SECONDS = 10;
  private static final int LONGEST_MESSAGE = 500;
  private static final long LONGEST_ANSWER = 64 * 1024;

  private final HttpUrl url;
  private final @Nullable Supplier<String> token;
  private final @Nullable String namespace;
  private final ApiClient client;

  private KubernetesCluster(Builder builder) {
    url = builder.url;
    token = builder.token;
    namespace = builder.namespace;
    client = new ApiClient(builder.caFile);
  }

  /**
   * Returns the cluster that this process is a pod of, by the environment variables {@code
   * KUBERNETES_SERVICE_HOST} and {@code KUBERNETES_SERVICE_PORT} and the files in {@link #SECRETS}.
   *
   * @throws IllegalStateException if this is no pod: a variable is missing
   */
  public static KubernetesCluster inCluster() {
    return inCluster(System.getenv(), SECRETS);
  }

  /**
   * Returns the cluster that this environment and the files {@code token}, {@code ca.crt} and
   * {@code namespace} in this directory describe. The third may be missing.
   *
   * @throws IllegalStateException if a variable is missing
   * @throws IllegalArgumentException if the variables are no host and port
   */
  public static KubernetesCluster inCluster(Map<String, String> environment, Path secrets) {
    String host = variable(environment, "KUBERNETES_SERVICE_HOST");
    String port = variable(environment, "KUBERNETES_SERVICE_PORT");
    String shownHost = host.indexOf(':') >= 0 ? "[" + host + "]" : host;
    Builder builder =
        builder("https://" + shownHost + ":" + port)
            .tokenFile(secrets.resolve("token"))
            .caFile(secrets.resolve("ca.crt"));
    try {
      String namespace = Files.readString(secrets.resolve("namespace")).strip();
      return namespace.isEmpty() ? builder.build() : builder.namespace(namespace).build();
    } catch (IOException e) {
      return builder.build(); // then each list has to say
    }
  }

  private static String variable(Map<String, String> environment, String name) {
    String value = environment.get(name);
    if (value == null || value.isBlank()) {
      throw new IllegalStateException(
          name + ": not set (expected: as in every pod, or KubernetesCluster.builder(url))");
    }
    return value.strip();
  }

  /**
   * Returns a builder.
   *
   * @param url of the API server, such as {@code https://10.0.0.1:6443}
   * @throws IllegalArgumentException if it is no URL of http or https, or has a user, a query or a
   *     fragment
   */
  public static Builder builder(String url) {
    return new Builder(url);
  }

  /** The namespace of lists that name none; null if there is none. */
  public @Nullable String namespace() {
    return namespace;
  }

  /**
   * Asks for the zone of a node: the client's own, if the pod knows its node's name by the downward
   * API ({@code spec.nodeName}). It blocks for up to 10 seconds. The service account needs a {@code
   * ClusterRole} that lets it get nodes.
   *
   * @return the node's label {@code topology.kubernetes.io/zone}, or an old cluster's {@code
   *     failure-domain.beta.kubernetes.io/zone}; null if it has neither
   * @throws IOException if the API server cannot be asked, refuses, or knows no such node
   */
  public @Nullable String zoneOfNode(String node) throws IOException {
    requireNonNull(node, "node");
    HttpUrl of = url.newBuilder().addPathSegments("api/v1/nodes").addPathSegment(node).build();
    client.enter();
    try (Response response = call(of).execute()) {
      throwIfRefused(response);
      return ApiObject.zone(ApiObject.read(response.body().byteStream()).labels);
    } finally {
      client.leave();
    }
  }

  private Call call(HttpUrl to) throws IOException {
    Call call = client.get().newCall(request(to).build());
    call.timeout().timeout(MOST_SECONDS, TimeUnit.SECONDS);
    return call;
  }

  ApiClient client() {
    return client;
  }

  /** Returns a builder of URLs that begin with the API server's. */
  HttpUrl.Builder url() {
    return url.newBuilder();
  }

  /**
   * Returns a request with the token as it is now.
   *
   * @throws IOException if there should be a token, but is none that can be sent
   */
  Request.Builder request(HttpUrl to) throws IOException {
    Request.Builder request =
        new Request.Builder()
            .url(to)
            .header("Accept", "application/json")
            .header("User-Agent", "evenload");
    if (token != null) {
      request.header("Authorization", "Bearer " + currentToken(token));
    }
    return request;
  }

  private static String currentToken(Supplier<String> token) throws IOException {
    String current;
    try {
      current = token.get().strip();
    } catch (RuntimeException e) {
      throw new IOException("the token cannot be read: " + e.getMessage(), e);
    }
    if (current.isEmpty() || current.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new IOException(
          "token: "
              + current.length()
              + " characters, or others than a header may have (expected: a bearer token)");
    }
    return current;
  }

  /**
   * Makes an exception of an answer that is none.
   *
   * @throws ApiException if the status is not 200 to 299
   */
  static void throwIfRefused(Response response) throws IOException {
    if (response.isSuccessful()) {
      return;
    }
    String told = "";
    try {
      told = ApiObject.read(response.peekBody(LONGEST_ANSWER).byteStream()).message;
    } catch (IOException e) {
      // No JSON, so not from an API server: the status has to do.
    }
    String text = "HTTP " + response.code() + (told.isEmpty() ? "" : ": " + told);
    String sent = response.request().header("Authorization");
    throw new ApiException(response.code(), shown(text, sent), retryAfter(response));
  }

  /** One line, not too long, and without what was sent in secret. */
  static String shown(String text, @Nullable String authorization) {
    String harmless = text;
    if (authorization != null) {
      harmless = harmless.replace(authorization.substring("Bearer ".length()), "…");
    }
    harmless = harmless.replaceAll("\\p{Cntrl}+", " ");
    return harmless.length() > LONGEST_MESSAGE
        ? harmless.substring(0, LONGEST_MESSAGE) + "…"
        : harmless;
  }

  private static Duration retryAfter(Response response) {
    String seconds = response.header("Retry-After");
    return seconds != null && seconds.matches("[0-9]{1,5}")
        ? Duration.ofSeconds(Integer.parseInt(seconds))
        : Duration.ZERO;
  }

  @Override
  public String toString() {
    return url.toString();
  }

  /** Collects the options of a {@link KubernetesCluster}; not thread-safe. */
  public static final class Builder {
    private final HttpUrl url;
    private @Nullable Supplier<String> token;
    private @Nullable Path caFile;
    private @Nullable String namespace;

    private Builder(String url) {
      HttpUrl parsed = HttpUrl.parse(requireNonNull(url, "url"));
      boolean plain =
          parsed != null
              && parsed.username().isEmpty()
              && parsed.password().isEmpty()
              && parsed.query() == null
              && parsed.fragment() == null;
      if (!plain) {
        throw new IllegalArgumentException(
            "url: not one of an API server (expected: https://host:port, without user and query)");
      }
      this.url = requireNonNull(parsed);
    }

    /**
     * Sets the file of the bearer token, which is read for each request; by default none is sent.
     */
    public Builder tokenFile(Path file) {
      requireNonNull(file, "file");
      return token(
          () -> {
            try {
              return Files.readString(file);
            } catch (IOException e) {
              throw new IllegalStateException(e.toString(), e);
            }
          });
    }

    /**
     * Sets what gives the bearer token, and is asked for each request; by default none is sent. It
     * may block.
     */
    public Builder token(Supplier<String> token) {
      this.token = requireNonNull(token, "token");
      return this;
    }

    /**
     * Sets the file of the authorities (PEM) of which one must have signed the API server's
     * certificate; by default those of the JVM.
     */
    public Builder caFile(Path file) {
      this.caFile = requireNonNull(file, "file");
      return this;
    }

    /**
     * Sets the namespace of lists that name none.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder namespace(String namespace) {
      this.namespace = KubernetesServerList.notBlank("namespace", namespace);
      return this;
    }

    /**
     * Returns the cluster; later changes of this builder do not affect it.
     *
     * @throws IllegalArgumentException if a token would be sent over plain http
     */
    public KubernetesCluster build() {
      if (token != null && !url.isHttps()) {
        throw new IllegalArgumentException(
            "url: " + url + " (expected: https, as everybody could read the token)");
      }
      return new KubernetesCluster(this);
    }
  }
}
