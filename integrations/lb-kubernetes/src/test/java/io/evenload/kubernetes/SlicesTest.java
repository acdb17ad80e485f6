package io.evenload.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.testing.CapturedLog;
import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SlicesTest {

  private static final String HTTP = "{'name':'http','port':8080,'protocol':'TCP'}";

  @Test
  void servers_readyPod_hasNameZoneAndNode() throws IOException {
    List<Server> servers =
        servers(
            slice(
                "s",
                "IPv4",
                "{'addresses':['10.0.0.1','10.9.9.9'],"
                    + "'conditions':{'ready':true,'serving':true,'terminating':false},"
                    + "'nodeName':'node-1','zone':'eu-1a','hints':{'forZones':[{'name':'eu-1a'}]},"
                    + "'targetRef':{'kind':'Pod','namespace':'shop','name':'orders-1','uid':'u'}}",
                HTTP));

    assertThat(servers)
        .containsExactly(
            Server.builder("10.0.0.1", 8080)
                .id("orders-1")
                .zone("eu-1a")
                .metadata("pod", "orders-1")
                .metadata("node", "node-1")
                .build());
  }

  @Test
  void servers_withoutPod_haveTheAddressAsId() throws IOException {
    assertThat(servers(slice("s", "IPv6", "{'addresses':['fd00::1']}", HTTP)))
        .containsExactly(Server.of("fd00::1", 8080));
    assertThat(
            servers(
                slice(
                    "s",
                    "IPv4",
                    "{'addresses':['10.0.0.1'],'targetRef':{'kind':'Node','name':'n'}}",
                    HTTP)))
        .containsExactly(Server.of("10.0.0.1", 8080));
  }

  @Test
  void servers_topologyOfOldApis_givesZoneAndNode() throws IOException {
    String beta = "'topology':{'topology.kubernetes.io/zone':'z1','kubernetes.io/hostname':'n1'}";
    String deprecated = "'deprecatedTopology':{'failure-domain.beta.kubernetes.io/zone':'z2'}";

    List<Server> servers =
        servers(
            slice(
                "s",
                "IPv4",
                "{'addresses':['10.0.0.1'],"
                    + beta
                    + "},{'addresses':['10.0.0.2'],"
                    + deprecated
                    + "}",
                HTTP));

    assertThat(servers).extracting(Server::zone).containsExactly("z1", "z2");
    assertThat(servers.get(0).metadata()).containsEntry("node", "n1");
  }

  @Test
  void servers_conditions_sayWhoIsListed() throws IOException {
    String members =
        String.join(
            ",",
            pod("ready", "10.0.0.1", "'ready':true"),
            pod("unknown", "10.0.0.2", ""),
            pod("nulls", "10.0.0.3", "'ready':null,'serving':null,'terminating':null"),
            pod("starting", "10.0.0.4", "'ready':false,'serving':false,'terminating':false"),
            pod("draining", "10.0.0.5", "'ready':false,'serving':true,'terminating':true"),
            pod("ending", "10.0.0.6", "'ready':false,'serving':false,'terminating':true"));

    assertThat(servers(slice("s", "IPv4", members, HTTP)))
        .extracting(Server::id)
        .containsExactly("nulls", "ready", "unknown");
  }

  @Test
  void servers_allTerminate_thoseThatStillServeAreListed() throws IOException {
    String members =
        String.join(
            ",",
            pod("draining", "10.0.0.5", "'ready':false,'serving':true,'terminating':true"),
            pod("published", "10.0.0.7", "'ready':true,'terminating':true"),
            pod("ending", "10.0.0.6", "'ready':false,'serving':false,'terminating':true"));

    assertThat(servers(slice("s", "IPv4", members, HTTP)))
        .extracting(Server::id)
        .containsExactly("draining", "published");
  }

  @Test
  void servers_sameAddressOfAnotherPod_isAnotherServer() throws IOException {
    Slices slices = slices(null);
    slices.put(slice("s", "IPv4", pod("old", "10.0.0.1", "'ready':true"), HTTP));
    List<Server> before = slices.known().servers();
    slices.put(slice("s", "IPv4", pod("new", "10.0.0.1", "'ready':true"), HTTP));

    assertThat(slices.known().servers()).extracting(Server::id).containsExactly("new");
    assertThat(before).extracting(Server::id).containsExactly("old");
  }

  @Test
  void servers_podInTwoSlices_isListedOnce() throws IOException {
    assertThat(
            servers(
                slice("a", "IPv4", pod("p", "10.0.0.1", "'ready':true"), HTTP),
                slice("b", "IPv4", pod("p", "10.0.0.1", "'ready':true"), HTTP),
                slice("c", "IPv4", pod("p", "10.0.0.1", "'serving':true,'terminating':true"), HTTP),
                slice("d", "IPv4", pod("a", "10.0.0.2", "'ready':true"), HTTP)))
        .extracting(Server::id)
        .containsExactly("a", "p");
  }

  @Test
  void servers_bothFamilies_listEachPodOnce() throws IOException {
    ApiObject four = slice("a", "IPv4", pod("p", "10.0.0.1", "'ready':true"), HTTP);
    ApiObject six = slice("b", "IPv6", pod("p", "fd00::1", "'ready':true"), HTTP);

    assertThat(servers(four, six)).extracting(Server::host).containsExactly("10.0.0.1");
    Slices preferring = new Slices("orders", null, true);
    preferring.replace(List.of(four, six));
    assertThat(preferring.known().servers()).extracting(Server::host).containsExactly("fd00::1");
    preferring.remove(six);
    assertThat(preferring.known().servers()).extracting(Server::host).containsExactly("10.0.0.1");
  }

  @Test
  void servers_namedPort_isPickedInEachSlice() throws IOException {
    String ports =
        "{'name':'admin','port':9},{'name':'http','port':8080},{'port':53,'name':'http',"
            + "'protocol':'UDP'},{'name':'all','port':null}";
    Slices slices = slices("http");
    slices.replace(
        List.of(
            slice("a", "IPv4", pod("p", "10.0.0.1", ""), ports),
            slice("b", "IPv4", pod("q", "10.0.0.2", ""), HTTP.replace("8080", "8081"))));

    assertThat(slices.known().servers()).extracting(Server::port).containsExactly(8080, 8081);
  }

  @Test
  void servers_noSuchPort_isAFailureThatNamesThosePresent() {
    ApiObject slice = slice("a", "IPv4", pod("p", "10.0.0.1", ""), HTTP + ",{'name':'','port':9}");
    Slices slices = slices("grpc");
    try (CapturedLog log = new CapturedLog(KubernetesServerList.class)) {
      slices.put(slice);
      slices.put(slice);

      assertThat(log.messages())
          .containsExactly("orders: slice a: port: grpc (expected: one of http, without a name)");
    }
    assertThatThrownBy(() -> slices.known().servers())
        .isInstanceOf(IOException.class)
        .hasMessage(
            "orders: no slice can be used (port: grpc (expected: one of http, without a name))");
  }

  @Test
  void servers_severalPortsAndNoName_isAFailure() {
    assertThatThrownBy(
            () -> servers(slice("a", "IPv4", pod("p", "10.0.0.1", ""), HTTP + ",{'port':9}")))
        .hasMessageContaining("port: not given (expected: one of http, without a name)");
    assertThatThrownBy(() -> servers(slice("a", "IPv4", pod("p", "10.0.0.1", ""), "")))
        .hasMessageContaining("no TCP port");
  }

  @Test
  void servers_namesInPlaceOfAddresses_areRefusedOnceAndClearly() throws IOException {
    ApiObject names = slice("n", "FQDN", "{'addresses':['a.example']}", HTTP);
    Slices slices = slices(null);
    try (CapturedLog log = new CapturedLog(KubernetesServerList.class)) {
      slices.replace(List.of(names));
      slices.replace(List.of(names));

      assertThat(log.messages())
          .containsExactly("orders: slice n: addressType: FQDN (expected: IPv4 or IPv6)");
    }
    assertThatThrownBy(() -> slices.known().servers()).hasMessageContaining("FQDN");
    slices.put(slice("s", "IPv4", pod("p", "10.0.0.1", ""), HTTP));
    assertThat(slices.known().servers()).extracting(Server::id).containsExactly("p");
  }

  @Test
  void servers_endpointsThatAreNone_areSkippedAndNamed() throws IOException {
    String members =
        String.join(
            ",", pod("p", "10.0.0.1", ""), pod("q", "no host", ""), "{'addresses':[]}", "{}");
    Slices slices = slices(null);
    try (CapturedLog log = new CapturedLog(KubernetesServerList.class)) {
      slices.put(slice("s", "IPv4", members, HTTP));

      assertThat(log.messages()).hasSize(1);
      assertThat(log.messages().get(0)).contains("slice s: endpoints skipped", "'no host'");
    }
    assertThat(slices.known().servers()).extracting(Server::id).containsExactly("p");
  }

  @Test
  void servers_emptySlice_isAnEmptyList() throws IOException {
    assertThat(servers(read("'addressType':'IPv4','endpoints':null,'ports':null", "s"))).isEmpty();
    assertThat(servers()).isEmpty();
  }

  @Test
  void read_whatIsNoObject_fails() {
    assertThatThrownBy(() -> ApiObject.read("[]".getBytes(UTF_8)))
        .hasMessageContaining("no JSON object");
    assertThatThrownBy(() -> ApiObject.read("{\"items\":{}}".getBytes(UTF_8)))
        .hasMessageContaining("/items (expected: START_ARRAY)");
    assertThatThrownBy(() -> ApiObject.read("{\"items\":[".getBytes(UTF_8)))
        .isInstanceOf(IOException.class);
  }

  private static List<Server> servers(ApiObject... slices) throws IOException {
    Slices all = slices(null);
    all.replace(List.of(slices));
    return all.known().servers();
  }

  private static Slices slices(@Nullable String port) {
    return new Slices("orders", port, false);
  }

  private static String pod(String name, String address, String conditions) {
    return Stream.of(
            "'addresses':['" + address + "']",
            "'conditions':{" + conditions + "}",
            "'targetRef':{'kind':'Pod','name':'" + name + "'}")
        .collect(joining(",", "{", "}"));
  }

  private static ApiObject slice(String name, String type, String members, String ports) {
    return read(
        "'addressType':'" + type + "','endpoints':[" + members + "],'ports':[" + ports + "]", name);
  }

  private static ApiObject read(String json, String name) {
    try {
      return ApiObject.read(
          ("{'metadata':{'name':'" + name + "','labels':{'a':'b'}}," + json + "}")
              .replace('\'', '"')
              .getBytes(UTF_8));
    } catch (IOException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
