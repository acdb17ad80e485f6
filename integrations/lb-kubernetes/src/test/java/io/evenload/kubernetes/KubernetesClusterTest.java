package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.ServerList;
import io.evenload.testing.Heard;
import io.evenload.testing.Wait;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class KubernetesClusterTest {

  private static final String POD =
      "\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.0.0.1\"]}],"
          + "\"ports\":[{\"name\":\"\",\"port\":80}]";
  private static final String SERVER = "10.0.0.1:80";

  private static final HeldCertificate CA =
      new HeldCertificate.Builder().certificateAuthority(0).commonName("cluster").build();
  private static final HeldCertificate OTHER_CA =
      new HeldCertificate.Builder().certificateAuthority(0).commonName("other").build();

  @TempDir Path secrets;
  private StubApi api;
  private final Heard heard = new Heard();
  private ServerList.Subscription subscription = () -> {};

  @BeforeEach
  void start() throws IOException {
    HeldCertificate server =
        new HeldCertificate.Builder()
            .signedBy(CA)
            .addSubjectAlternativeName("127.0.0.1")
            .addSubjectAlternativeName("localhost")
            .build();
    HandshakeCertificates certificates =
        new HandshakeCertificates.Builder().heldCertificate(server).build();
    api = new StubApi(certificates.sslSocketFactory());
    api.put("s1", POD);
    write("token", "first-token\n");
    write("ca.crt", OTHER_CA.certificatePem() + CA.certificatePem());
    write("namespace", "shop");
  }

  @AfterEach
  void stop() {
    subscription.close();
    api.close();
  }

  @Test
  void inCluster_listsAndWatchesOverHttp2WithToken() {
    subscribe(inCluster());
    heard.awaitIds(SERVER);
    Wait.until(() -> api.watching() == 1);
    api.put("s1", POD.replace(".1", ".2"));
    heard.awaitIds("10.0.0.2:80");

    assertThat(api.requests())
        .extracting(request -> request.getVersion() + request.getHeaders().get("Authorization"))
        .containsOnly("HTTP/2Bearer first-token");
  }

  @Test
  void inCluster_withoutVariable_saysWhichIsMissing() {
    assertThatThrownBy(() -> KubernetesCluster.inCluster(Map.of(), secrets))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("KUBERNETES_SERVICE_HOST: not set");
    assertThatThrownBy(
            () ->
                KubernetesCluster.inCluster(Map.of("KUBERNETES_SERVICE_HOST", "fd00::1"), secrets))
        .hasMessageStartingWith("KUBERNETES_SERVICE_PORT: not set");
  }

  @Test
  void inCluster_ipv6HostAndNoNamespace_isTaken() throws IOException {
    Files.delete(secrets.resolve("namespace"));
    KubernetesCluster cluster =
        KubernetesCluster.inCluster(
            Map.of("KUBERNETES_SERVICE_HOST", "fd00::1", "KUBERNETES_SERVICE_PORT", "6443"),
            secrets);

    assertThat(cluster).hasToString("https://[fd00::1]:6443/");
    assertThat(cluster.namespace()).isNull();
  }

  @Test
  void token_replaced_isUsedByTheNextRequest() throws IOException {
    subscribe(inCluster());
    Wait.until(() -> api.watching() == 1);
    write("token", "second-token");
    api.endWatches();
    Wait.until(() -> api.requests().size() == 3);

    assertThat(api.requests().get(2).getHeaders().get("Authorization"))
        .isEqualTo("Bearer second-token");
  }

  @Test
  void token_echoedByTheServer_isInNoMessage() {
    api.script(request -> StubApi.status(401, "no such token: first-token " + "x".repeat(1_000)));
    subscribe(inCluster());
    heard.awaitFailure("HTTP 401: no such token: … x");

    assertThat(heard.failures()).noneMatch(text -> text.contains("first-token"));
    assertThat(heard.failures()).allMatch(text -> text.length() < 600);
  }

  @Test
  void token_missingOrUnusable_isToldWithoutIt() throws IOException {
    write("token", "two\nlines");
    subscribe(inCluster());
    heard.awaitFailure("token: 9 characters, or others than a header may have");
    write("token", "");
    heard.awaitFailure("token: 0 characters");
    Files.delete(secrets.resolve("token"));
    heard.awaitFailure("the token cannot be read: java.nio.file.NoSuchFileException");

    assertThat(heard.failures()).noneMatch(text -> text.contains("two"));
    assertThat(api.requests()).isEmpty();
  }

  @Test
  void token_bySupplier_isSent() throws IOException {
    subscribe(
        KubernetesCluster.builder(api.url())
            .token(() -> "supplied")
            .caFile(secrets.resolve("ca.crt"))
            .namespace("shop")
            .build());
    heard.awaitIds(SERVER);

    assertThat(api.requests().get(0).getHeaders().get("Authorization"))
        .isEqualTo("Bearer supplied");
  }

  @Test
  void token_overPlainHttp_isRefused() {
    assertThatThrownBy(
            () -> KubernetesCluster.builder("http://10.0.0.1").token(() -> "secret").build())
        .hasMessage("url: http://10.0.0.1/ (expected: https, as everybody could read the token)");
  }

  @Test
  void url_withMoreThanItNeeds_isRefusedAndNotShown() {
    for (String url :
        List.of(
            "10.0.0.1", "https://me:secret@host", "https://host?secret", "https://host#secret")) {
      assertThatThrownBy(() -> KubernetesCluster.builder(url))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageNotContaining("secret");
    }
  }

  @Test
  void certificates_replaced_areTrustedFromThenOn() throws IOException {
    write("ca.crt", OTHER_CA.certificatePem());
    subscribe(inCluster());
    heard.await(h -> !h.failures().isEmpty());
    assertThat(api.requests()).isEmpty();

    write("ca.crt", "no certificate");
    heard.awaitFailure("ca.crt: no certificates that can be read");
    write("ca.crt", "");
    heard.await(h -> h.failures().size() >= 4);
    write("ca.crt", CA.certificatePem());
    heard.awaitIds(SERVER);
  }

  @Test
  void zoneOfNode_isItsLabel() throws IOException {
    AtomicReference<String> labels = new AtomicReference<>("topology.kubernetes.io/zone\":\"eu-1a");
    api.script(
        request ->
            request.getUrl().encodedPath().equals("/api/v1/nodes/node-1")
                ? StubApi.json(
                    200, "{\"kind\":\"Node\",\"metadata\":{\"labels\":{\"" + labels + "\"}}}")
                : StubApi.status(404, "nodes \\\"x\\\" not found"));
    KubernetesCluster cluster = inCluster();

    assertThat(cluster.zoneOfNode("node-1")).isEqualTo("eu-1a");
    labels.set("failure-domain.beta.kubernetes.io/zone\":\"eu-1b");
    assertThat(cluster.zoneOfNode("node-1")).isEqualTo("eu-1b");
    labels.set("other\":\"label");
    assertThat(cluster.zoneOfNode("node-1")).isNull();
    assertThatThrownBy(() -> cluster.zoneOfNode("x")).hasMessage("HTTP 404: nodes \"x\" not found");
  }

  @Test
  void redirect_isNotFollowed() {
    api.script(
        request ->
            StubApi.json(302, "").newBuilder().setHeader("Location", "https://elsewhere/").build());
    subscribe(inCluster());
    heard.awaitFailure("HTTP 302");
  }

  private KubernetesCluster inCluster() {
    String port = api.url().substring(api.url().lastIndexOf(':') + 1);
    return KubernetesCluster.inCluster(
        Map.of("KUBERNETES_SERVICE_HOST", "127.0.0.1", "KUBERNETES_SERVICE_PORT", port), secrets);
  }

  private void subscribe(KubernetesCluster cluster) {
    subscription = KubernetesServerList.builder("orders").cluster(cluster).build().subscribe(heard);
  }

  private void write(String file, String text) throws IOException {
    Files.writeString(secrets.resolve(file), text);
  }
}
