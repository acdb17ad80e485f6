package io.evenload.spring.boot;

import io.evenload.spring.BalancingRequestFactory;
import io.evenload.spring.ClientDefaults;
import io.evenload.spring.LateCalls;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.boot.http.client.HttpRedirects;
import org.springframework.http.client.ClientHttpRequestFactory;

/**
 * Builds what sends the calls to services through OkHttp, and all others as the application's own
 * builder would.
 */
record BalancingRequestFactoryBuilder(ClientHttpRequestFactoryBuilder<?> others, LateCalls calls)
    implements ClientHttpRequestFactoryBuilder<ClientHttpRequestFactory> {

  @Override
  public ClientHttpRequestFactory build(@Nullable HttpClientSettings settings) {
    return new BalancingRequestFactory(others.build(settings), calls, defaults(settings));
  }

  static ClientDefaults defaults(@Nullable HttpClientSettings settings) {
    return settings == null
        ? ClientDefaults.NONE
        : new ClientDefaults(
            settings.connectTimeout(),
            settings.readTimeout(),
            settings.redirects() != HttpRedirects.DONT_FOLLOW,
            settings.sslBundle());
  }
}
