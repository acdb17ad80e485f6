package io.evenload.consul;

import io.evenload.ServerList;
import io.evenload.testing.HostileServer;
import io.evenload.testing.HostileSourceContract;
import java.time.Duration;

final class HostileAgentTest extends HostileSourceContract {

  private static final String ENTRY =
      "{\"Node\":{\"Node\":\"n\",\"Address\":\"10.0.0.1\"},\"Service\":{\"ID\":\"a\",\"Port\":80}}";

  @Override
  protected ServerList list(String url) {
    return ConsulServerList.builder("orders").url(url).waitTime(Duration.ofSeconds(1)).build();
  }

  @Override
  protected String id() {
    return "n/a";
  }

  @Override
  protected HostileServer.Answers answers() {
    return new HostileServer.Answers() {
      @Override
      public String headers() {
        return "X-Consul-Index: 7\r\n";
      }

      @Override
      public String body(String request) {
        return "[" + ENTRY + "]";
      }

      @Override
      public String beginning() {
        return "[" + ENTRY;
      }

      @Override
      public String more() {
        return "," + ENTRY;
      }
    };
  }
}
