package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.LoadBalancer;
import io.evenload.UpdatableServerList;
import io.evenload.limit.ConcurrencyLimits;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import mockwebserver3.MockResponse;
import okhttp3.Dispatcher;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Two services on one client, and one of them takes all that it gets. */
class BulkheadsTest {

  private static final int SHARE = 4;
  private static final int CALLERS = 10 * SHARE;

  @RegisterExtension final Backends backends = new Backends();

  private final CountDownLatch hanging = new CountDownLatch(1);
  private final UpdatableServerList slowServers = new UpdatableServerList();
  private final LoadBalancer slow = LoadBalancer.builder("slow").servers(slowServers).build();
  private final Backend well = backends.start("well");
  private final LoadBalancer other = LoadBalancer.of("other", well.server());

  @AfterEach
  void close() {
    hanging.countDown();
    slow.close();
    other.close();
  }

  /** How both services come to the client. */
  private enum Installed {
    TOGETHER,
    EACH_WITH_NUMBER,
    FIRST_WITH_NUMBER,
    LAST_WITH_NUMBER;

    OkHttpClient client(LoadBalancer slow, LoadBalancer other) {
      OkHttpClient.Builder client = new OkHttpClient.Builder();
      LoadBalancingInterceptor one = LoadBalancingInterceptor.of("slow", slow);
      LoadBalancingInterceptor two = LoadBalancingInterceptor.of("other", other);
      return switch (this) {
        case TOGETHER -> both(slow, other).build().install(client, SHARE).build();
        case EACH_WITH_NUMBER -> two.install(one.install(client, SHARE), SHARE).build();
        case FIRST_WITH_NUMBER -> two.install(one.install(client, SHARE)).build();
        case LAST_WITH_NUMBER -> two.install(one.install(client), SHARE).build();
      };
    }
  }

  @ParameterizedTest
  @EnumSource
  void enqueue_oneServiceHangs_theOtherAnswers(Installed installed) {
    Backend hung = backends.start("hung").answering(bare -> answerLate(bare.get()));
    slowServers.update(List.of(hung.server()));
    OkHttpClient client = installed.client(slow, other);

    List<PendingReply> held = enqueue(client, "http://slow/", CALLERS);
    backends.await(() -> hung.hits() == SHARE);
    assertOtherAnswers(client);

    assertThat(held).noneMatch(PendingReply::done);
    assertThat(hung.hits()).as("its own share is a limit").isEqualTo(SHARE);
    hanging.countDown();
    assertThat(held).allSatisfy(each -> assertThat(each.reply().code()).isEqualTo(200));
    end(client);
  }

  /** What a call waits for. */
  private enum Waiting {
    FIRST_LIST,
    ROOM,
    RETRY
  }

  @ParameterizedTest
  @EnumSource
  void enqueue_callsOfOneServiceWait_theOtherAnswers(Waiting waiting) {
    Backend hung = backends.start("hung").answering(bare -> answerLate(bare.get()));
    Backend failing = backends.start("failing").always(response -> response.code(503));
    Duration hour = Duration.ofHours(1);
    LoadBalancingInterceptor.Builder balancing = both(slow, other);
    switch (waiting) {
      case FIRST_LIST -> balancing.waitForServers(hour);
      case ROOM -> {
        slow.wiring().addGate(ConcurrencyLimits.fixed(1));
        slowServers.update(List.of(hung.server()));
        balancing.waitForRoom(hour);
      }
      case RETRY -> {
        slowServers.update(List.of(failing.server()));
        balancing.retry(
            RetryPolicy.builder().withoutBudget().maxBackoff(hour).baseBackoff(hour).build());
      }
    }
    OkHttpClient client = balancing.build().install(new OkHttpClient.Builder(), SHARE).build();

    List<PendingReply> held = enqueue(client, "http://slow/", CALLERS);
    assertOtherAnswers(client);

    assertThat(client.dispatcher().queuedCallsCount()).isEqualTo(CALLERS - SHARE);
    client.dispatcher().cancelAll();
    assertThat(held).allSatisfy(each -> assertThat(each.failure()).isNotNull());
    end(client);
  }

  @Test
  void enqueue_theOnlyServiceHangs_aHostThatIsNoServiceAnswers() {
    Backend hung = backends.start("hung").answering(bare -> answerLate(bare.get()));
    Backend plain = backends.start("plain");
    slowServers.update(List.of(hung.server()));
    LoadBalancingInterceptor balancing = LoadBalancingInterceptor.of("slow", slow);
    OkHttpClient client = balancing.install(new OkHttpClient.Builder(), SHARE).build();

    List<PendingReply> held = enqueue(client, "http://slow/", CALLERS);
    backends.await(() -> hung.hits() == SHARE);
    for (PendingReply each :
        enqueue(client, "http://localhost:" + plain.server().port() + "/", SHARE)) {
      assertThat(each.reply().code()).isEqualTo(200);
    }

    assertThat(held).noneMatch(PendingReply::done);
    hanging.countDown();
    assertThat(held).allSatisfy(each -> assertThat(each.reply().code()).isEqualTo(200));
    end(client);
  }

  @Test
  void install_numberForEachService_isSoManyTimesInAll() {
    OkHttpClient client =
        both(slow, other).build().install(new OkHttpClient.Builder(), 256).build();
    assertThat(client.dispatcher().getMaxRequestsPerHost()).isEqualTo(256);
    assertThat(client.dispatcher().getMaxRequests())
        .as("and a share for other hosts")
        .isEqualTo(768);
  }

  @Test
  void install_oneServiceInTwoInterceptors_countsOnce() {
    LoadBalancingInterceptor one = LoadBalancingInterceptor.of("slow", slow);
    LoadBalancingInterceptor two = LoadBalancingInterceptor.of("slow", slow);
    OkHttpClient client = two.install(one.install(new OkHttpClient.Builder(), 8)).build();
    assertThat(client.dispatcher().getMaxRequests()).isEqualTo(16);
  }

  @Test
  void install_afterADispatcherOfTheUsers_leavesIt() {
    Dispatcher users = new Dispatcher();
    OkHttpClient.Builder client = new OkHttpClient.Builder();
    LoadBalancingInterceptor.of("slow", slow).install(client, 256).dispatcher(users);
    LoadBalancingInterceptor.of("other", other).install(client);
    assertThat(client.build().dispatcher()).isSameAs(users);
    assertThat(users.getMaxRequests()).isEqualTo(64);
  }

  @Test
  void install_afterTheUserAllowedMore_takesNothingAway() {
    OkHttpClient first =
        LoadBalancingInterceptor.of("slow", slow).install(new OkHttpClient.Builder(), 8).build();
    first.dispatcher().setMaxRequests(100);
    LoadBalancingInterceptor.of("other", other).install(first.newBuilder());
    assertThat(first.dispatcher().getMaxRequests()).isEqualTo(100);
  }

  @Test
  void times_muchForManyServices_doesNotOverflow() {
    assertThat(Bulkheads.times(100_000, 21_000)).isEqualTo(2_100_000_000);
    assertThat(Bulkheads.times(100_000, 22_000)).isEqualTo(Integer.MAX_VALUE);
  }

  @Test
  @ReliesOnInternals("no advice")
  void enqueue_oneServiceMayTakeAll_isWarnedOnce() {
    Dispatcher shared = new Dispatcher();
    shared.setMaxRequestsPerHost(64);
    LoadBalancingInterceptor balancing = both(slow, other).build();
    OkHttpClient client = balancing.install(new OkHttpClient.Builder()).dispatcher(shared).build();
    try (Warnings warnings = new Warnings()) {
      enqueue(client, "http://other/", 3)
          .forEach(each -> assertThat(each.reply().code()).isEqualTo(200));
      assertThat(warnings.messages())
          .containsExactly(
              "other: each of the client's services can take all 64 calls that its dispatcher runs"
                  + " at once, so that one that hangs stops the others (Dispatcher.setMaxRequests"
                  + " above setMaxRequestsPerHost)."
                  + " LoadBalancingInterceptor.install(client, concurrentCalls) sets both");
    }
    end(client);
  }

  private static LoadBalancingInterceptor.Builder both(LoadBalancer slow, LoadBalancer other) {
    return LoadBalancingInterceptor.builder().service("slow", slow).service("other", other);
  }

  private void assertOtherAnswers(OkHttpClient client) {
    assertThat(enqueue(client, "http://other/", CALLERS))
        .allSatisfy(each -> assertThat(each.reply().server()).isEqualTo("well"));
  }

  private static List<PendingReply> enqueue(OkHttpClient client, String url, int calls) {
    Request request = new Request.Builder().url(url).build();
    return IntStream.range(0, calls)
        .mapToObj(i -> PendingReply.enqueue(client.newCall(request)))
        .toList();
  }

  private MockResponse answerLate(MockResponse.Builder response) {
    try {
      hanging.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // the test is over
    }
    return response.build();
  }

  private static void end(OkHttpClient client) {
    client.dispatcher().executorService().shutdown();
    client.connectionPool().evictAll();
  }
}
