package io.evenload.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import feign.Client;
import feign.Feign;
import feign.Request;
import feign.RequestLine;
import feign.Response;
import feign.Retryer;
import io.evenload.LoadBalancer;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.evenload.spring.EvenloadSettings.RestClientUse;
import io.evenload.testing.okhttp.Backend;
import io.evenload.testing.okhttp.Backends;
import io.evenload.testing.okhttp.Reply;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class BalancedFeignTest {

  @RegisterExtension final Backends backends = new Backends();

  /** Any service. */
  interface Any {
    @RequestLine("GET /v1/items")
    String items();
  }

  /** Answers with the host that was called. */
  private static final Client OTHERS =
      (request, options) ->
          Response.builder()
              .status(200)
              .headers(Map.of())
              .request(request)
              .body(URI.create(request.url()).getHost(), StandardCharsets.UTF_8)
              .build();

  private static Any any(String url, LateCalls calls) {
    return Feign.builder()
        .client(OTHERS)
        .addCapability(new BalancedFeign(calls))
        .target(Any.class, url);
  }

  private LateCalls calls(RestClientUse use, Backend... servers) {
    LoadBalancer balancer = backends.watch(backends.balancer("orders", servers).build());
    LoadBalancingInterceptor interceptor = LoadBalancingInterceptor.of("orders", balancer);
    OkHttpClient client =
        backends.watch(interceptor.install(new OkHttpClient.Builder(), 64).build());
    return new LateCalls(() -> new ServiceCalls(use, interceptor.hosts(), client));
  }

  @Test
  void call_toAService_isBalancedAndRetried() {
    Backend broken = backends.start("a").always(Reply.status(503));
    LateCalls calls = calls(RestClientUse.SERVICES, broken, backends.start("b"));
    assertThat(any("http://ORDERS", calls).items()).isEqualTo("b");
    assertThat(broken.requestCount()).isEqualTo(1);
  }

  @Test
  void call_toAnotherHost_goesAsWithoutIt() {
    LateCalls calls = calls(RestClientUse.SERVICES, backends.start("a"));
    assertThat(any("http://elsewhere", calls).items()).isEqualTo("elsewhere");
  }

  @Test
  void call_toAService_goesAsWithoutItIfNoneShallOrThereIsNone() {
    LateCalls none = calls(RestClientUse.NONE, backends.start("a"));
    assertThat(any("http://orders", none).items()).isEqualTo("orders");
    assertThat(any("http://orders", new LateCalls(() -> null)).items()).isEqualTo("orders");
  }

  @Test
  void call_allThroughOkHttp_takesAnyHost() {
    Backend a = backends.start("a");
    LateCalls calls = calls(RestClientUse.ALL, a);
    assertThat(any("http://127.0.0.1:" + a.port(), calls).items()).isEqualTo("a");
  }

  @Test
  void call_timeouts_areThoseOfTheFeignClient() {
    Backend hanging = backends.start("a").always(Reply.hang());
    Any slow =
        Feign.builder()
            .addCapability(new BalancedFeign(calls(RestClientUse.SERVICES, hanging)))
            .retryer(Retryer.NEVER_RETRY)
            .options(new Request.Options(1, TimeUnit.SECONDS, 100, TimeUnit.MILLISECONDS, true))
            .target(Any.class, "http://orders");
    assertThatThrownBy(slow::items).hasRootCauseInstanceOf(IOException.class);
  }
}
