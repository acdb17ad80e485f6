package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.random.RandomGenerator;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.RecordedRequest;
import mockwebserver3.SocketEffect;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A small part of {@link DoNoHarmTest} over real sockets: what OkHttp with all defaults of the
 * balancer loses in trouble is not more than what it loses at random servers with the same retries.
 *
 * <p>Which calls fail by chance is the same on both sides, as each has a number that decides. So
 * they differ by what the balancer does, and by what a loaded machine does to either: {@value
 * #MARGIN} of the calls are allowed for that.
 */
final class DoNoHarmOverSocketsTest {

  /** What is wrong with one server, or with all, in the middle of the calls. */
  private enum Trouble {
    DEATH(1_000),
    HANG(400),
    ERRORS(1_500),
    SHARED_ERRORS(1_500),
    SLOWNESS(1_000);

    private final int calls;

    Trouble(int calls) {
      this.calls = calls;
    }

    /** Whether it meets this call; servers that are dead are so from the beginning. */
    boolean meets(int call) {
      return call >= calls / 4 && call < calls * 3 / 4;
    }
  }

  private static final int SERVERS = 4;
  private static final int CALLERS = 16;
  private static final double PART = 0.6;
  private static final double MARGIN = 0.02;
  private static final long SEED = 20_261_130;
  private static final Duration READ_TIMEOUT = Duration.ofSeconds(2);
  private static final RetryPolicy RETRIES =
      RetryPolicy.builder().baseBackoff(Duration.ZERO).maxBackoff(Duration.ZERO).build();

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Trouble.class)
  void trouble_overRealSockets_costsNoMoreThanWithoutABalancer(Trouble trouble) throws Exception {
    List<Server> servers = servers(trouble);
    double plain = success(trouble, plain(servers));
    double ours;
    try (LoadBalancer balancer = LoadBalancer.of("orders", servers.toArray(new Server[0]))) {
      ours = success(trouble, balanced(balancer));
    }
    assertThat(ours).as("plain: %s", plain).isGreaterThanOrEqualTo(plain - MARGIN);
  }

  private List<Server> servers(Trouble trouble) throws IOException {
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < SERVERS; i++) {
      if (i == 0 && trouble == Trouble.DEATH) {
        servers.add(backends.refusing("s0"));
      } else {
        Backend backend = backends.start("s" + i);
        backend.web().setDispatcher(new Troubled(trouble, i));
        servers.add(backend.server());
      }
    }
    return servers;
  }

  /** Returns the part of the calls that got a good answer. */
  private static double success(Trouble trouble, Way way) throws InterruptedException {
    AtomicInteger next = new AtomicInteger();
    AtomicInteger good = new AtomicInteger();
    CountDownLatch left = new CountDownLatch(CALLERS);
    for (int caller = 0; caller < CALLERS; caller++) {
      Threads.start(
          () -> {
            for (int call = next.getAndIncrement();
                call < trouble.calls;
                call = next.getAndIncrement()) {
              good.addAndGet(way.succeeds(call) ? 1 : 0);
            }
            left.countDown();
          });
    }
    assertThat(left.await(2, TimeUnit.MINUTES)).as("all calls end").isTrue();
    return (double) good.get() / trouble.calls;
  }

  private Way balanced(LoadBalancer balancer) {
    OkHttpClient.Builder client = client();
    LoadBalancingInterceptor.builder()
        .service(BalancedClient.HOST, balancer)
        .retry(RETRIES)
        .build()
        .install(client);
    OkHttpClient http = closing(client.build());
    return call -> {
      try {
        return status(http, BalancedClient.HOST, 80, call) == 200;
      } catch (IOException e) {
        return false;
      }
    };
  }

  /** Each attempt at a random server, with the retries and the budget that the other side has. */
  private Way plain(List<Server> servers) {
    OkHttpClient http = closing(client().build());
    RetryBudget budget =
        new RetryBudget(RETRIES.budgetRatio(), RETRIES.budgetPerSecond(), System::nanoTime);
    return call -> {
      RandomGenerator random = new SplittableRandom(~SEED + call);
      budget.request();
      int status = 0;
      boolean again = true;
      for (int made = 1; again; made++) {
        Server server = servers.get(random.nextInt(servers.size()));
        try {
          status = status(http, server.host(), server.port(), call);
        } catch (IOException e) {
          status = 0;
        }
        boolean retryable = status == 0 || RETRIES.retries(status);
        again = retryable && made < RETRIES.maxAttempts() && budget.tryRetry();
      }
      return status == 200;
    };
  }

  private static OkHttpClient.Builder client() {
    return new OkHttpClient.Builder().readTimeout(READ_TIMEOUT);
  }

  private OkHttpClient closing(OkHttpClient http) {
    return backends.closeAfterTest(new Closing(http)).http;
  }

  private static int status(OkHttpClient http, String host, int port, int call) throws IOException {
    String url = "http://" + host + ":" + port + "/?call=" + call;
    try (Response response = http.newCall(new Request.Builder().url(url).build()).execute()) {
      return response.code();
    }
  }

  /** How a caller makes a call. */
  private interface Way {
    boolean succeeds(int call);
  }

  private record Closing(OkHttpClient http) implements AutoCloseable {
    @Override
    public void close() {
      http.dispatcher().executorService().shutdownNow();
      http.connectionPool().evictAll();
    }
  }

  /** A server that goes by the numbers of the calls. */
  private static final class Troubled extends Dispatcher {
    private final Trouble trouble;
    private final int place;

    Troubled(Trouble trouble, int place) {
      this.trouble = trouble;
      this.place = place;
    }

    @Override
    public MockResponse dispatch(RecordedRequest request) {
      String number = request.getUrl().queryParameter("call");
      int call = number == null ? 0 : Integer.parseInt(number);
      MockResponse.Builder response = new MockResponse.Builder().setHeader(Backend.ID, "s" + place);
      if (!trouble.meets(call) || (place > 0 && trouble != Trouble.SHARED_ERRORS)) {
        return response.build();
      }
      boolean fails = new SplittableRandom(SEED + call).nextDouble() < PART;
      return switch (trouble) {
        case DEATH -> response.build();
        case HANG -> response.onResponseStart(SocketEffect.Stall.INSTANCE).build();
        case ERRORS, SHARED_ERRORS -> response.code(fails ? 500 : 200).build();
        case SLOWNESS -> response.headersDelay(50, TimeUnit.MILLISECONDS).build();
      };
    }
  }
}
