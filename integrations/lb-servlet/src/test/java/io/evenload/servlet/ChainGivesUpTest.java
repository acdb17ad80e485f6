package io.evenload.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.LoadBalancer;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** Three services in a chain in real containers, the last of which does not answer. */
@SuppressWarnings("serial") // no servlet is written anywhere
final class ChainGivesUpTest {

  private static final String HEADER = DeadlineFilter.DEFAULT_HEADER;

  private final Queue<Long> told = new ConcurrentLinkedQueue<>();
  private final CountDownLatch givenUp = new CountDownLatch(2);
  private final CountDownLatch over = new CountDownLatch(1);

  @Test
  void firstCallerGivesUp_allGiveUpTogether() throws Exception {
    try (Container last = new Container(new DeadlineFilter(), new Hangs());
        LoadBalancer toLast = LoadBalancer.of("last", Server.of("127.0.0.1", last.port()));
        Container middle =
            new Container(new DeadlineFilter(), new Calls("last", client("last", toLast)));
        LoadBalancer toMiddle = LoadBalancer.of("middle", Server.of("127.0.0.1", middle.port()));
        Container first =
            new Container(new DeadlineFilter(), new Calls("middle", client("middle", toMiddle)));
        LoadBalancer toFirst = LoadBalancer.of("first", Server.of("127.0.0.1", first.port()))) {
      OkHttpClient caller =
          client("first", toFirst).newBuilder().callTimeout(Duration.ofSeconds(3)).build();

      assertThatThrownBy(() -> get(caller, "first")).isInstanceOf(InterruptedIOException.class);

      // Neither has a timeout of its own, and a read would wait for a minute.
      assertThat(givenUp.await(30, TimeUnit.SECONDS)).isTrue();
      assertThat(told).hasSize(3);
      assertThat(told.stream().toList()).isSortedAccordingTo((a, b) -> Long.compare(b, a));
      assertThat(told).allMatch(millis -> millis > 0 && millis <= 3_000);
      over.countDown();
    }
  }

  private static OkHttpClient client(String name, LoadBalancer balancer) {
    return LoadBalancingInterceptor.builder()
        .service(name, balancer)
        .timeoutHeader(HEADER)
        .build()
        .install(new OkHttpClient.Builder().readTimeout(Duration.ofMinutes(1)))
        .build();
  }

  private static int get(OkHttpClient client, String host) throws IOException {
    Request request = new Request.Builder().url("http://" + host + "/").build();
    try (Response response = client.newCall(request).execute()) {
      return response.code();
    }
  }

  /** Calls the next one. */
  private final class Calls extends HttpServlet {
    private static final long serialVersionUID = 1L;
    private final String next;
    private final transient OkHttpClient client;

    Calls(String next, OkHttpClient client) {
      this.next = next;
      this.client = client;
    }

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      told.add(Long.parseLong(request.getHeader(HEADER)));
      try {
        response.setStatus(get(client, next));
      } catch (IOException e) {
        givenUp.countDown();
        response.setStatus(504);
      }
    }
  }

  /** Answers when the test is over. */
  private final class Hangs extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response) {
      told.add(Long.parseLong(request.getHeader(HEADER)));
      try {
        boolean unused = over.await(1, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
