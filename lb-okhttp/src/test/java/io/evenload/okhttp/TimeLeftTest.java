package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import mockwebserver3.RecordedRequest;
import okhttp3.OkHttpClient;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The time that is left of a call, as servers are told it and retries reckon with it. */
final class TimeLeftTest {

  private static final String HEADER = "X-Request-Timeout";
  private static final String BILLING = "billing.test";

  @RegisterExtension final Backends backends = new Backends();

  private final VirtualTiming time = new VirtualTiming();

  @Test
  void header_earlierInterceptorTookTime_countsFromTheCallsStart() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = client(backends.client(a).http(http -> takes(http, 20)));

    client.get("/");

    assertThat(told(a)).containsExactly("40000");
  }

  @Test
  void header_earlierInterceptorBeginsAnew_countsFromTheCallsStart() throws IOException {
    Backend a = backends.start("a").next(response -> response.code(404));
    BalancedClient client =
        client(
            backends
                .client(a)
                .http(
                    http ->
                        http.addInterceptor(
                            chain -> {
                              chain.proceed(chain.request()).close();
                              time.advance(Duration.ofSeconds(20));
                              return chain.proceed(chain.request());
                            })));

    client.get("/");

    assertThat(told(a)).containsExactly("60000", "40000");
  }

  @Test
  void header_addedAlone_countsFromWhereItIs() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = client(backends.client(a));
    OkHttpClient.Builder alone =
        takes(new OkHttpClient.Builder(), 20)
            .callTimeout(Duration.ofSeconds(60))
            .addInterceptor(client.interceptor());

    alone.build().newCall(client.request("/").build()).execute().close();

    assertThat(told(a)).containsExactly("60000");
  }

  @Test
  void retry_earlierInterceptorTookTime_isNotBegunAfterTheDeadline() throws IOException {
    Backend a =
        backends.start("a").always(response -> response.code(503).setHeader("Retry-After", "30"));
    BalancedClient client = client(backends.client(a).http(http -> takes(http, 40)));

    assertThat(client.get("/").code()).isEqualTo(503);

    assertThat(client.calls().refusals()).containsExactly(Refusal.DEADLINE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/there", "http://" + BILLING + "/there"})
  void header_redirect_tellsWhatIsLeftThen(String location) throws IOException {
    Backend a =
        backends.start("a").next(response -> response.code(302).setHeader("Location", location));
    Backend pay = backends.start("pay");
    try (LoadBalancer billing = LoadBalancer.of("billing", pay.server())) {
      BalancedClient client =
          client(
              backends
                  .client(a)
                  .balancing(balancing -> balancing.service(BILLING, billing))
                  .http(this::answersTakeTime));

      client.get("/");

      assertThat(told(a, pay)).containsExactly("60000", "50000");
    }
  }

  @Test
  void header_redirectWithinAnAttempt_tellsWhatIsLeftOfIt() throws IOException {
    Backend a =
        backends.start("a").next(response -> response.code(302).setHeader("Location", "/there"));
    BalancedClient client =
        client(
            backends
                .client(a)
                .balancing(
                    balancing ->
                        balancing.retry(
                            Policies.immediate(1).attemptTimeout(Duration.ofSeconds(30)).build()))
                .http(this::answersTakeTime));

    client.get("/");

    assertThat(told(a)).containsExactly("30000", "20000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/there", "http://" + BILLING + "/there"})
  void header_redirectOfCallersOwn_isKept(String location) throws IOException {
    Backend a =
        backends.start("a").next(response -> response.code(302).setHeader("Location", location));
    Backend pay = backends.start("pay");
    try (LoadBalancer billing = LoadBalancer.of("billing", pay.server())) {
      BalancedClient client =
          client(
              backends
                  .client(a)
                  .balancing(balancing -> balancing.service(BILLING, billing))
                  .http(this::answersTakeTime));

      client.execute(client.request("/").header(HEADER, "7").build());

      assertThat(told(a, pay)).containsExactly("7", "7");
    }
  }

  @Test
  void attempts_earlierInterceptorTookTime_startFromTheCallsStart() throws IOException {
    Backend a = backends.start("a");
    BalancedClient client = client(backends.client(a).http(http -> takes(http, 20)));

    try (Response response = client.http().newCall(client.request("/").build()).execute()) {
      assertThat(LoadBalancingInterceptor.attemptsOf(response))
          .extracting(CallAttempt::start)
          .containsExactly(Duration.ofSeconds(20));
    }
  }

  @Test
  void install_twice_takesNoteOnce() {
    Backend a = backends.start("a");
    LoadBalancingInterceptor interceptor = client(backends.client(a)).interceptor();
    OkHttpClient.Builder http = takes(new OkHttpClient.Builder(), 1);

    interceptor.install(interceptor.install(http));

    assertThat(http.interceptors()).filteredOn(CallStart.Note.class::isInstance).hasSize(1);
    assertThat(interceptor.install(new OkHttpClient.Builder()).interceptors())
        .as("nobody takes time in front of it")
        .containsExactly(interceptor);
  }

  private BalancedClient client(BalancedClient.Builder builder) {
    return builder
        .balancing(balancing -> balancing.timing(time.timing()).timeoutHeader(HEADER))
        .http(http -> http.callTimeout(Duration.ofSeconds(60)))
        .build();
  }

  private OkHttpClient.Builder takes(OkHttpClient.Builder http, int seconds) {
    return http.addInterceptor(
        chain -> {
          time.advance(Duration.ofSeconds(seconds));
          return chain.proceed(chain.request());
        });
  }

  private void answersTakeTime(OkHttpClient.Builder http) {
    http.addNetworkInterceptor(
        chain -> {
          Response response = chain.proceed(chain.request());
          time.advance(Duration.ofSeconds(10));
          return response;
        });
  }

  private static List<String> told(Backend... backends) {
    return List.of(backends).stream()
        .flatMap(backend -> backend.requests().stream())
        .map(RecordedRequest::getHeaders)
        .map(headers -> String.valueOf(headers.get(HEADER)))
        .toList();
  }
}
