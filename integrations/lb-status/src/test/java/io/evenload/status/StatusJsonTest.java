package io.evenload.status;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.LoadBalancerStatus.GroupStatus;
import io.evenload.LoadBalancerStatus.ListStatus;
import io.evenload.Server;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class StatusJsonTest {

  private static final String HOSTILE = "\"}]</script>\u0000\u2028\n\\ ü 🦔";

  @Test
  void of_aStatus_hasEachOfItsFields() throws Exception {
    Server full =
        Server.builder("10.0.0.1", 8080)
            .id("a")
            .weight(3)
            .zone("eu-1a")
            .priority(1)
            .metadata("version", "7")
            .build();
    LoadBalancerStatus status =
        new LoadBalancerStatus(
            "orders",
            false,
            true,
            2,
            List.of(new GroupStatus(1, "eu-1a", 0.25, 4)),
            List.of(
                new EndpointStatus(full, EndpointState.EJECTED, "5 failures", 1.5, 7, 12e6, 0.5),
                new EndpointStatus(
                    Server.of("b", 1), EndpointState.ELIGIBLE, "", 1, 0, Double.NaN, 0)),
            Duration.ofMillis(1_500),
            new ListStatus("dns", true, Duration.ofMillis(2_500), "down"),
            List.of("throttled"));

    assertThat(new ObjectMapper().readTree(StatusJson.of(status)))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    """
                    {"name": "orders", "closed": false, "panic": true, "leakedAttempts": 2,
                     "listAgeSeconds": 1.5,
                     "list": {"source": "dns", "failing": true, "failureAgeSeconds": 2.5, "failure": "down"},
                     "notices": ["throttled"],
                     "groups": [{"priority": 1, "zone": "eu-1a", "share": 0.25, "candidates": 4}],
                     "endpoints": [
                       {"server": {"id": "a", "host": "10.0.0.1", "port": 8080, "weight": 3, "zone": "eu-1a",
                                   "priority": 1, "metadata": ["version"]},
                        "state": "EJECTED", "reason": "5 failures", "weight": 1.5, "inFlight": 7,
                        "latencyNanos": 1.2E7, "failureRate": 0.5},
                       {"server": {"id": "b:1", "host": "b", "port": 1, "weight": 1, "zone": null,
                                   "priority": 0, "metadata": []},
                        "state": "ELIGIBLE", "reason": "", "weight": 1.0, "inFlight": 0,
                        "latencyNanos": null, "failureRate": 0.0}]}
                    """));
  }

  @Test
  void of_hostileText_readsBackAsItWas() throws Exception {
    Server server =
        Server.builder("h", 1).id(HOSTILE).zone(HOSTILE).metadata(HOSTILE, HOSTILE).build();
    LoadBalancerStatus status =
        new LoadBalancerStatus(
            HOSTILE,
            false,
            false,
            0,
            List.of(new GroupStatus(0, HOSTILE, 1, 1)),
            List.of(new EndpointStatus(server, EndpointState.UNHEALTHY, HOSTILE, 1, 0, 1, 1)));

    JsonNode read = new ObjectMapper().readTree(StatusJson.of(status));

    assertThat(read.get("name").textValue()).isEqualTo(HOSTILE);
    assertThat(read.at("/groups/0/zone").textValue()).isEqualTo(HOSTILE);
    JsonNode endpoint = read.at("/endpoints/0");
    assertThat(endpoint.get("reason").textValue()).isEqualTo(HOSTILE);
    assertThat(endpoint.at("/server/id").textValue()).isEqualTo(HOSTILE);
    assertThat(endpoint.at("/server/zone").textValue()).isEqualTo(HOSTILE);
    assertThat(endpoint.at("/server/metadata/0").textValue()).isEqualTo(HOSTILE);
  }
}
