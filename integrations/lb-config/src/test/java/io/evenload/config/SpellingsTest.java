package io.evenload.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class SpellingsTest {

  private static final Pattern DASH = Pattern.compile("-(.)");

  @Test
  void merged_everyKeyAsAVariable_isThatKey() {
    for (Key<?> key : Reading.keys()) {
      String upper = key.name().toUpperCase(Locale.ROOT).replace('.', '_');
      for (String spelled : List.of(upper.replace("-", ""), upper.replace('-', '_'))) {
        assertThat(merged(Map.of("EVENLOAD_SERVICE_ORDERS_" + spelled, "x")))
            .containsExactly(Map.entry("evenload.service.orders." + key.name(), "x"));
        assertThat(merged(Map.of("EVENLOAD_DEFAULT_" + spelled, "x")))
            .containsExactly(Map.entry("evenload.default." + key.name(), "x"));
      }
    }
  }

  @Test
  void merged_everyKeyInOtherCases_isThatKey() {
    for (Key<?> key : Reading.keys()) {
      String camel =
          DASH.matcher(key.name()).replaceAll(dash -> dash.group(1).toUpperCase(Locale.ROOT));
      for (String spelled : List.of(camel, key.name().replace('-', '_'), key.name())) {
        assertThat(merged(Map.of("evenload.service.orders." + spelled, "x")))
            .containsExactly(Map.entry("evenload.service.orders." + key.name(), "x"));
        assertThat(merged(Map.of("evenload.default." + spelled, "x")))
            .containsExactly(Map.entry("evenload.default." + key.name(), "x"));
      }
    }
  }

  @Test
  void merged_nameWithDots_isOneServiceWithAndWithoutBrackets() {
    assertThat(
            merged(
                Map.of(
                    "evenload.service[orders.internal].retry.maxAttempts", "5",
                    "evenload.service.orders.internal.panicThreshold", "0.4")))
        .containsOnly(
            Map.entry("evenload.service.orders.internal.retry.max-attempts", "5"),
            Map.entry("evenload.service.orders.internal.panic-threshold", "0.4"));
  }

  @Test
  void merged_variable_isForTheServiceThatIsKnownByAKeyOrAName() {
    Map<String, String> file = Map.of("evenload.service.orders.internal.chooser", "random");
    Map<String, String> variables =
        Map.of(
            "EVENLOAD_SERVICE_ORDERS_INTERNAL_RETRY_MAX_ATTEMPTS", "5",
            "EVENLOAD_SERVICE_SHOP_DE_RETRY_MAX_ATTEMPTS", "4",
            "EVENLOAD_SERVICE_STOCK_API_RETRY_MAX_ATTEMPTS", "2");
    assertThat(Spellings.merged(List.of(variables, file), Set.of("shop_de")))
        .containsOnly(
            Map.entry("evenload.service.orders.internal.chooser", "random"),
            Map.entry("evenload.service.orders.internal.retry.max-attempts", "5"),
            Map.entry("evenload.service.shop_de.retry.max-attempts", "4"),
            Map.entry("evenload.service.stock-api.retry.max-attempts", "2"));
  }

  @Test
  void merged_variableForEitherOfTwo_isRefused() {
    Map<String, String> variable = Map.of("EVENLOAD_SERVICE_ORDERS_API_CHOOSER", "random");
    assertThatThrownBy(
            () -> Spellings.merged(List.of(variable), Set.of("orders-api", "orders.api")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "EVENLOAD_SERVICE_ORDERS_API_CHOOSER: for any of [orders-api, orders.api] "
                + "(expected: names that differ in letters)");
  }

  @Test
  void merged_listsAndPairs_areOneText() {
    Map<String, String> source = new TreeMap<>();
    for (int i = 0; i < 12; i++) {
      source.put("evenload.default.retry.statuses[" + i + "]", Integer.toString(500 + i));
    }
    source.put("evenload.default.locality.clients.eu-1a", "3");
    source.put("evenload.default.locality.clients.eu-1b", "2");
    source.put("evenload.service.orders.health-check.header.X-Probe", "yes");
    source.put("EVENLOAD_SERVICE_ORDERS_FAILURE_STATUSES_0", "500");
    source.put("EVENLOAD_SERVICE_ORDERS_FAILURE_STATUSES_1", "502-504");
    assertThat(merged(source))
        .containsOnly(
            Map.entry(
                "evenload.default.retry.statuses",
                "500,501,502,503,504,505,506,507,508,509,510,511"),
            Map.entry("evenload.default.locality.clients", "eu-1a=3,eu-1b=2"),
            Map.entry("evenload.service.orders.health-check.header", "X-Probe=yes"),
            Map.entry("evenload.service.orders.failure-statuses", "500,502-504"));
  }

  @Test
  void merged_severalSources_theFirstHasItsWayWithAWholeList() {
    assertThat(
            Spellings.merged(
                List.of(
                    Map.of("EVENLOAD_DEFAULT_RETRY_STATUSES_0", "503"),
                    Map.of(
                        "evenload.default.retry.statuses[0]", "502",
                        "evenload.default.retry.statuses[1]", "504",
                        "evenload.default.chooser", "random")),
                Set.of()))
        .containsOnly(
            Map.entry("evenload.default.retry.statuses", "503"),
            Map.entry("evenload.default.chooser", "random"));
  }

  @Test
  void merged_twoSpellingsInOneSource_theUsualOneCounts() {
    assertThat(
            merged(
                Map.of(
                    "evenload.default.retry.maxAttempts", "2",
                    "evenload.default.retry.max-attempts", "3",
                    "evenload.default.retry.max_attempts", "4")))
        .containsExactly(Map.entry("evenload.default.retry.max-attempts", "3"));
  }

  @Test
  void merged_unknown_isPassedOnAndRefusedWithTheNearest() {
    Map<String, String> merged =
        merged(
            Map.of(
                "EVENLOAD_SERVICE_ORDERS_RETRY_MAX_ATEMPTS", "5",
                "evenload.default.retry.maxAtempts", "5"));
    assertThatThrownBy(() -> EvenloadConfig.of(merged))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(
            "evenload.service.orders.retry.max.atempts: unknown key (expected: perhaps "
                + "evenload.service.<name>.retry.max-attempts)")
        .hasMessageContaining(
            "evenload.default.retry.maxAtempts: unknown key (expected: perhaps "
                + "evenload.default.retry.max-attempts)");
  }

  @Test
  void merged_whatIsNotEvenloads_isLeftOut() {
    assertThat(
            merged(
                Map.of(
                    "PATH", "/bin",
                    "io.evenload.okhttp.separateCalls", "true",
                    "EVENLOAD_SERVICE_HOST", "10.0.0.1",
                    "EVENLOAD_SERVICE_PORT", "80",
                    "EVENLOAD_SHOP_SERVICE_PORT_HTTP", "80",
                    "EVENLOAD_PORT_80_TCP_ADDR", "10.0.0.1",
                    "EVENLOAD_PORT", "tcp://10.0.0.1:80")))
        .isEmpty();
  }

  private static Map<String, String> merged(Map<String, String> source) {
    return Spellings.merged(List.of(source), Set.of());
  }
}
