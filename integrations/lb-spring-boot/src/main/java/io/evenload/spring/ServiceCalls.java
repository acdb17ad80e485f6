package io.evenload.spring;

import io.evenload.spring.EvenloadSettings.RestClientUse;
import java.util.Set;
import okhttp3.OkHttpClient;

/**
 * Which calls of the application's other HTTP clients go through OkHttp, and by which client.
 *
 * @param use which calls
 * @param hosts the names of services
 * @param client has the interceptor
 */
public record ServiceCalls(RestClientUse use, Set<String> hosts, OkHttpClient client) {

  /** Copies the hosts. */
  public ServiceCalls {
    hosts = Set.copyOf(hosts);
  }

  /**
   * Whether calls to a host go through OkHttp.
   *
   * @param host in lower case and ASCII, as OkHttp has it
   */
  public boolean has(String host) {
    return switch (use) {
      case SERVICES -> hosts.contains(host);
      case ALL -> true;
      case NONE -> false;
    };
  }
}
