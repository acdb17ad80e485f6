package io.evenload.spring.boot;

import io.evenload.spring.BalancingRequestFactory;
import io.evenload.spring.OkHttpRequestFactory;
import java.util.function.Predicate;
import java.util.function.Supplier;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;
import org.springframework.boot.http.client.ClientHttpRequestFactoryBuilder;
import org.springframework.boot.http.client.HttpClientSettings;
import org.springframework.http.client.ClientHttpRequestFactory;

/**
 * Builds what sends the calls to services through OkHttp, and all others as the application's own
 * builder would.
 *
 * @param client is asked when a factory sends its first call to a service
 * @param balanced whether the calls to a host go through OkHttp
 */
record BalancingRequestFactoryBuilder(
    ClientHttpRequestFactoryBuilder<?> others,
    Supplier<OkHttpClient> client,
    Predicate<String> balanced)
    implements ClientHttpRequestFactoryBuilder<ClientHttpRequestFactory> {

  @Override
  public ClientHttpRequestFactory build(@Nullable HttpClientSettings settings) {
    return new BalancingRequestFactory(
        others.build(settings),
        () -> new OkHttpRequestFactory(ClientDefaults.with(settings, client.get())),
        balanced);
  }
}
