package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ServerTest {

  @Test
  void of_hostAndPort_hasTheDefaults() {
    Server server = Server.of("10.0.0.1", 8080);

    assertThat(server.id()).isEqualTo("10.0.0.1:8080");
    assertThat(server.host()).isEqualTo("10.0.0.1");
    assertThat(server.port()).isEqualTo(8080);
    assertThat(server.weight()).isEqualTo(1);
    assertThat(server.zone()).isNull();
    assertThat(server.priority()).isZero();
    assertThat(server.metadata()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "10.0.0.1:8080, 10.0.0.1, 8080, 10.0.0.1:8080",
    "db.local:80, db.local, 80, db.local:80",
    "[::1]:65535, ::1, 65535, [::1]:65535",
    "[fe80::1%eth0]:1, fe80::1%eth0, 1, [fe80::1%eth0]:1",
    "under_score:80, under_score, 80, under_score:80",
  })
  void parse_validAuthority_givesHostPortAndId(String text, String host, int port, String id) {
    Server server = Server.parse(text);

    assertThat(server.host()).isEqualTo(host);
    assertThat(server.port()).isEqualTo(port);
    assertThat(server.id()).isEqualTo(id);
    assertThat(Server.parse(server.id())).isEqualTo(server);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ":",
        "host",
        "host:",
        ":80",
        "::1:80",
        "::1",
        "[::1]",
        "[::1]:",
        "[]:80",
        "[host]:80",
        "host:0",
        "host:65536",
        "host:123456",
        "host:-1",
        "host:+80",
        "host:8o",
        "host: 80",
        "a b:80",
        "user@host:80",
        "http://host:80",
        "host/path:80",
        "[::1:80",
        "::1]:80",
        "host:\u0661\u0662",
        "1:2:3:80"
      })
  void parse_malformedAuthority_isRefused(String text) {
    assertThatIllegalArgumentException().isThrownBy(() -> Server.parse(text));
  }

  @Test
  void parse_malformedAuthority_namesItAndWhatWasExpected() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.parse("nowhere"))
        .withMessage("authority: nowhere (expected: host:port or [IPv6 address]:port)");
  }

  @Test
  void builder_ipv6WithOrWithoutBrackets_isTheSameServer() {
    assertThat(Server.of("[2001:db8::1]", 80)).isEqualTo(Server.of("2001:db8::1", 80));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", " ", "a b", "a/b", "a@b", "a?b", "a#b", "a:1", "[a]", "a\n", "\u007f"})
  void builder_notAHost_isRefused(String host) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.builder(host, 80))
        .withMessageStartingWith("host: '" + host + "' (expected: ");
  }

  @ParameterizedTest
  @CsvSource({
    "ann:s3cret@host, …@host",
    "https://ann:s3@cret@host/v1?a&token=s3cret, …@host/v1?…",
    "http://ann:s3cret@host, …@host",
    "https://host/v1?token=s3cret, https://host/v1?…"
  })
  void builder_urlWithWhatMayBeSecret_isRefusedWithoutIt(String host, String shown) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.builder(host, 80))
        .withMessageStartingWith("host: '" + shown + "' (expected: ");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.parse(host + "x"))
        .withMessageNotContaining("s3cret");
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 0, 65_536, Integer.MAX_VALUE})
  void builder_portOutOfRange_isRefused(int port) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.of("a", port))
        .withMessage("port: " + port + " (expected: 1 to 65535)");
  }

  @ParameterizedTest
  @ValueSource(ints = {Integer.MIN_VALUE, -1, 1_000_001, Integer.MAX_VALUE})
  void weight_outOfRange_isRefused(int weight) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.builder("a", 80).weight(weight))
        .withMessage("weight: " + weight + " (expected: 0 to 1000000)");
  }

  @Test
  void weight_bounds_areAccepted() {
    assertThat(Server.builder("a", 80).weight(0).build().weight()).isZero();
    assertThat(Server.builder("a", 80).weight(1_000_000).build().weight()).isEqualTo(1_000_000);
  }

  @Test
  void priority_negative_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.builder("a", 80).priority(-1))
        .withMessage("priority: -1 (expected: 0 or more)");
  }

  @Test
  void id_blank_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Server.builder("a", 80).id(" "))
        .withMessage("id: ' ' (expected: not blank)");
  }

  @Test
  void nulls_areRefusedByName() {
    Server.Builder builder = Server.builder("a", 80);

    assertThatNullPointerException().isThrownBy(() -> Server.of(null, 80)).withMessage("host");
    assertThatNullPointerException().isThrownBy(() -> Server.parse(null)).withMessage("authority");
    assertThatNullPointerException().isThrownBy(() -> builder.id(null)).withMessage("id");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.metadata(null, "v"))
        .withMessage("key");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.metadata("k", null))
        .withMessage("value");
    assertThatNullPointerException()
        .isThrownBy(() -> builder.metadata(null))
        .withMessage("entries");
  }

  @Test
  void metadata_laterChangesOfItsSources_haveNoEffect() {
    Map<String, String> entries = new LinkedHashMap<>(Map.of("k", "v"));
    Server.Builder builder = Server.builder("a", 80).metadata(entries);
    Server server = builder.build();
    entries.put("k", "changed");
    builder.metadata("other", "x");

    assertThat(server.metadata()).containsExactly(Map.entry("k", "v"));
    assertThatThrownBy(() -> server.metadata().put("k", "changed"))
        .isInstanceOf(UnsupportedOperationException.class);
  }

  @Test
  void equals_differsInAnyOneField_isNotEqual() {
    Server base = full().build();
    List<Server> others =
        List.of(
            full().id("other").build(),
            Server.builder("b", 80)
                .id("i")
                .weight(2)
                .zone("z")
                .priority(1)
                .metadata("k", "v")
                .build(),
            Server.builder("a", 81)
                .id("i")
                .weight(2)
                .zone("z")
                .priority(1)
                .metadata("k", "v")
                .build(),
            full().weight(3).build(),
            full().zone(null).build(),
            full().priority(2).build(),
            full().metadata("k", "w").build());

    assertThat(full().build()).isEqualTo(base).hasSameHashCodeAs(base);
    assertThat(others).doesNotContain(base).doesNotHaveDuplicates();
    assertThat(base).isNotEqualTo("i");
  }

  @Test
  void toString_showsOnlyWhatDiffersFromTheDefaults() {
    assertThat(Server.of("::1", 80)).hasToString("[::1]:80");
    assertThat(full().build()).hasToString("i at a:80 weight=2 zone=z priority=1 metadata=[k]");
  }

  private static Server.Builder full() {
    return Server.builder("a", 80).id("i").weight(2).zone("z").priority(1).metadata("k", "v");
  }
}
