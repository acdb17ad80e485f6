package io.evenload.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.spring.EvenloadSettings.RestClientUse;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.springframework.core.env.StandardEnvironment;
import org.springframework.core.env.SystemEnvironmentPropertySource;

class EvenloadSettingsTest {

  private static final Path METADATA =
      Path.of("src/main/resources/META-INF/spring-configuration-metadata.json");

  @Test
  void of_nothing_isTheDocumentedDefaults() {
    assertThat(EvenloadSettings.of(environment(Map.of())))
        .extracting(
            EvenloadSettings::enabled,
            EvenloadSettings::concurrentCalls,
            EvenloadSettings::restClient,
            EvenloadSettings::discoveryInterval)
        .containsExactly(true, 256, RestClientUse.SERVICES, Duration.ofSeconds(30));
  }

  @Test
  void of_variables_setsEveryKey() {
    assertThat(
            EvenloadSettings.of(
                environment(
                    Map.of(
                        "EVENLOAD_SPRING_ENABLED", "false",
                        "EVENLOAD_SPRING_SERVICES_0", "orders",
                        "EVENLOAD_SPRING_CONCURRENTCALLS", "7",
                        "EVENLOAD_SPRING_REST_CLIENT", "all",
                        "EVENLOAD_SPRING_DISCOVERY_INTERVAL", "5s"))))
        .isEqualTo(
            new EvenloadSettings(
                false, List.of("orders"), 7, RestClientUse.ALL, Duration.ofSeconds(5)));
  }

  @Test
  void of_unknownVariable_isRefused() {
    assertThatThrownBy(
            () -> EvenloadSettings.of(environment(Map.of("EVENLOAD_SPRING_SERVISES", "orders"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "EVENLOAD_SPRING_SERVISES: unknown key (expected: one of [enabled, services,"
                + " concurrent-calls, rest-client, discovery-interval] after evenload.spring.)");
  }

  @Test
  void metadata_hasEveryKey() throws IOException {
    String metadata = Files.readString(METADATA);
    for (RecordComponent component : EvenloadSettings.class.getRecordComponents()) {
      String kebab = component.getName().replaceAll("([A-Z])", "-$1").toLowerCase(Locale.ROOT);
      assertThat(metadata).contains("\"evenload.spring." + kebab + "\"");
    }
  }

  private static StandardEnvironment environment(Map<String, Object> variables) {
    StandardEnvironment environment = new StandardEnvironment();
    environment
        .getPropertySources()
        .addFirst(new SystemEnvironmentPropertySource("test-systemEnvironment", variables));
    return environment;
  }
}
