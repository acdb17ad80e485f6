package io.evenload.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.evenload.testing.Wait;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import okhttp3.MediaType;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.jspecify.annotations.Nullable;

/**
 * The processes of a real kube-apiserver (1.20) and of its etcd. There are no controllers, so who
 * wants EndpointSlices writes them.
 */
final class RealApi implements AutoCloseable {

  static final String TOKEN = "a-token-of-the-test";

  private static final MediaType JSON = MediaType.get("application/json");
  private static final String SLICES =
      "/apis/discovery.k8s.io/v1beta1/namespaces/shop/endpointslices";

  private final Path directory;
  private final Path binaries = binaries();
  private final int apiPort = freePort();
  private final int etcdPort = freePort();
  private final int peerPort = freePort();
  private final OkHttpClient client;
  private @Nullable Process etcd;
  private @Nullable Process api;

  RealApi(Path directory) throws IOException {
    this.directory = directory;
    HeldCertificate authority =
        new HeldCertificate.Builder().certificateAuthority(0).commonName("test").build();
    HeldCertificate server =
        new HeldCertificate.Builder()
            .signedBy(authority)
            .addSubjectAlternativeName("127.0.0.1")
            .build();
    write("ca.crt", authority.certificatePem());
    write("server.crt", server.certificatePem());
    write("server.key", server.privateKeyPkcs8Pem());
    write("accounts.key", new HeldCertificate.Builder().rsa2048().build().privateKeyPkcs8Pem());
    write("tokens.csv", TOKEN + ",test,1,\"system:masters\"\n");
    HandshakeCertificates trust =
        new HandshakeCertificates.Builder().addTrustedCertificate(authority.certificate()).build();
    client =
        new OkHttpClient.Builder()
            .protocols(List.of(Protocol.HTTP_1_1)) // no thread of its own, which a test would count
            .sslSocketFactory(trust.sslSocketFactory(), trust.trustManager())
            .callTimeout(Duration.ofSeconds(30))
            .build();
    startEtcd();
    startApi();
    createNamespace();
  }

  private static Path binaries() {
    String cache = System.getenv("EVENLOAD_CACHE");
    Path directory =
        cache == null
            ? Path.of(System.getProperty("user.home"), ".cache", "evenload")
            : Path.of(cache);
    Path binaries = directory.resolve("kubernetes");
    if (!Files.isExecutable(binaries.resolve("kube-apiserver"))) {
      throw new AssertionError(
          binaries + ": no kube-apiserver (expected: what .ci/kube-apiserver puts there)");
    }
    return binaries;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private void write(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), text);
  }

  /** Starts etcd with the data that it had. */
  void startEtcd() throws IOException {
    String clients = "http://127.0.0.1:" + etcdPort;
    String peers = "http://127.0.0.1:" + peerPort;
    etcd =
        start(
            "etcd",
            "--data-dir=" + directory.resolve("data"),
            "--listen-client-urls=" + clients,
            "--advertise-client-urls=" + clients,
            "--listen-peer-urls=" + peers,
            "--initial-advertise-peer-urls=" + peers,
            "--initial-cluster=default=" + peers,
            "--log-level=error");
    Wait.until(() -> answers(clients + "/health"));
  }

  /** Starts the API server, and waits until it is ready. */
  void startApi() throws IOException {
    Process started =
        start(
            "kube-apiserver",
            "--etcd-servers=http://127.0.0.1:" + etcdPort,
            "--bind-address=127.0.0.1",
            "--secure-port=" + apiPort,
            "--tls-cert-file=" + directory.resolve("server.crt"),
            "--tls-private-key-file=" + directory.resolve("server.key"),
            "--cert-dir=" + directory.resolve("certificates"),
            "--service-account-issuer=https://127.0.0.1",
            "--service-account-signing-key-file=" + directory.resolve("accounts.key"),
            "--service-account-key-file=" + directory.resolve("accounts.key"),
            "--service-cluster-ip-range=10.96.0.0/16",
            "--token-auth-file=" + directory.resolve("tokens.csv"),
            "--authorization-mode=AlwaysAllow",
            "--disable-admission-plugins=ServiceAccount,PersistentVolumeLabel",
            "--endpoint-reconciler-type=none",
            "--feature-gates=EndpointSliceTerminatingCondition=true");
    api = started;
    Wait.until(
        () -> {
          if (!started.isAlive()) {
            throw new AssertionError("the API server ended; its log: " + log("kube-apiserver"));
          }
          return answers(url() + "/readyz");
        });
  }

  private Process start(String binary, String... options) throws IOException {
    List<String> command =
        Stream.concat(Stream.of(binaries.resolve(binary).toString()), Stream.of(options)).toList();
    return new ProcessBuilder(command)
        .redirectErrorStream(true)
        .redirectOutput(
            ProcessBuilder.Redirect.appendTo(directory.resolve(binary + ".log").toFile()))
        .start();
  }

  private boolean answers(String url) {
    try (Response response = client.newCall(request(url).build()).execute()) {
      return response.isSuccessful();
    } catch (IOException e) {
      return false; // not yet
    }
  }

  private String log(String binary) {
    try {
      return Files.readString(directory.resolve(binary + ".log"), UTF_8);
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static Request.Builder request(String url) {
    Request.Builder request = new Request.Builder().url(url);
    boolean etcd = url.startsWith("http:"); // which refuses what it does not know
    return etcd ? request : request.header("Authorization", "Bearer " + TOKEN);
  }

  private void createNamespace() throws IOException {
    send(
        "POST",
        "/api/v1/namespaces",
        "{'apiVersion':'v1','kind':'Namespace','metadata':{'name':'shop'}}");
  }

  String url() {
    return "https://127.0.0.1:" + apiPort;
  }

  Path caFile() {
    return directory.resolve("ca.crt");
  }

  /** The cluster as lists are told of it. */
  KubernetesCluster cluster() {
    return KubernetesCluster.builder(url())
        .caFile(caFile())
        .token(() -> TOKEN)
        .namespace("shop")
        .build();
  }

  /** Adds a slice of the service {@code orders}. */
  void create(String name, String json) throws IOException {
    send("POST", SLICES, slice(name, json));
  }

  /** Replaces a slice, whatever it was. */
  void replace(String name, String json) throws IOException {
    send("PUT", SLICES + "/" + name, slice(name, json));
  }

  void delete(String name) throws IOException {
    send("DELETE", SLICES + "/" + name, "");
  }

  private static String slice(String name, String json) {
    return "{'apiVersion':'discovery.k8s.io/v1beta1','kind':'EndpointSlice','metadata':{'name':'"
        + name
        + "','labels':{'kubernetes.io/service-name':'orders'}},"
        + json
        + "}";
  }

  private void send(String method, String path, String json) throws IOException {
    String body = call(method, url() + path, json.replace('\'', '"'));
    if (body.isEmpty()) {
      throw new IOException(method + " " + path + ": no answer");
    }
  }

  private String call(String method, String url, String json) throws IOException {
    Request request = request(url).method(method, RequestBody.create(json, JSON)).build();
    try (Response response = client.newCall(request).execute()) {
      String body = response.body().string();
      if (!response.isSuccessful()) {
        throw new IOException(method + " " + url + ": " + response.code() + " " + body);
      }
      return body;
    }
  }

  /** Has etcd forget all that was before now. */
  void compact() throws IOException {
    String etcdUrl = "http://127.0.0.1:" + etcdPort;
    String range = call("POST", etcdUrl + "/v3/kv/range", "{\"key\":\"AA==\"}");
    String revision = range.replaceAll("(?s).*\"revision\":\"([0-9]+)\".*", "$1");
    call("POST", etcdUrl + "/v3/kv/compaction", "{\"revision\":\"" + revision + "\"}");
  }

  /** Freezes the API server, or lets it go on. */
  void signal(String name) throws IOException, InterruptedException {
    List<String> command = List.of("kill", "-" + name, Long.toString(running(api).pid()));
    int code = new ProcessBuilder(command).start().waitFor();
    if (code != 0) {
      throw new IOException(command + ": exit code " + code);
    }
  }

  void killApi() throws InterruptedException {
    kill(running(api));
  }

  /** Kills etcd, and removes its data. */
  void loseData() throws IOException, InterruptedException {
    kill(running(etcd));
    try (Stream<Path> files = Files.walk(directory.resolve("data"))) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.delete(file);
      }
    }
    startEtcd();
  }

  /** Starts the API server anew where all data were lost. */
  void startEmptyApi() throws IOException {
    startApi();
    createNamespace();
  }

  private static Process running(@Nullable Process process) {
    if (process == null) {
      throw new IllegalStateException("not started");
    }
    return process;
  }

  private static void kill(Process process) throws InterruptedException {
    process.destroyForcibly();
    if (!process.waitFor(20, TimeUnit.SECONDS)) {
      throw new AssertionError("a process does not end");
    }
  }

  @Override
  public void close() {
    for (Process process : new @Nullable Process[] {api, etcd}) {
      if (process != null) {
        process.destroyForcibly();
        Wait.until(() -> !process.isAlive());
      }
    }
  }
}
