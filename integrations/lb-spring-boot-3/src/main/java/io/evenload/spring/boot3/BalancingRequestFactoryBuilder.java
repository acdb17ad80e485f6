package io.evenload.spring.boot3;

import io.evenload.spring.BalancingRequestFactory;
import io.evenload.spring.ClientDefaults;
import io.evenload.spring.LateCalls;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.ClientHttpRequestFactorySettings;
import org.springframework.boot.http.client.ClientHttpRequestFactorySettings.Redirects;
import org.springframework.http.client.ClientHttpRequestFactory;

/**
 * Builds what sends the calls to services through OkHttp, and all others as the application's own
 * builder would.
 */
record BalancingRequestFactoryBuilder(ClientHttpRequestFactoryBuilder<?> others, LateCalls calls)
    implements ClientHttpRequestFactoryBuilder<ClientHttpRequestFactory> {

  @Override
  public ClientHttpRequestFactory build(@Nullable ClientHttpRequestFactorySettings settings) {
    return new BalancingRequestFactory(others.build(settings), calls, defaults(settings));
  }

  static ClientDefaults defaults(@Nullable ClientHttpRequestFactorySettings settings) {
    return settings == null
        ? ClientDefaults.NONE
        : new ClientDefaults(
            settings.connectTimeout(),
            settings.readTimeout(),
            settings.redirects() != Redirects.DONT_FOLLOW,
            settings.sslBundle());
  }
}
