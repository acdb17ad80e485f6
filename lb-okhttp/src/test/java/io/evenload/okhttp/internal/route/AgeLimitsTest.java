package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.okhttp.FakeConnection;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import okhttp3.Dns;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Each connection has a limit of its own. */
class AgeLimitsTest {

  private static final long MOST = TimeUnit.MINUTES.toNanos(5);

  private final List<Long> delays = new ArrayList<>();
  private final ScheduledThreadPoolExecutor timer =
      new ScheduledThreadPoolExecutor(0) {
        @Override
        public ScheduledFuture<?> schedule(Runnable work, long delay, TimeUnit unit) {
          delays.add(unit.toNanos(delay));
          return super.schedule(work, delay, unit);
        }
      };
  private final AgeLimits limits = new AgeLimits(timer, Runnable::run, new SplittableRandom(7));
  private final Connections connections = new Connections(limits);

  @Test
  void limit_manyAtOnce_areSpreadOverAFifthOfTheAge() {
    for (int i = 0; i < 1_000; i++) {
      ServerDns server = new ServerDns("h" + i, "10.0.0.1", 80, Dns.SYSTEM, connections, false);
      FakeConnection connection = new FakeConnection("http://any.example/", server);
      OpenConnection first = server.connectionsUpTo(MOST).used(connection, server);
      assertThat(server.used(connection, server)).as("limited once").isSameAs(first);
    }

    assertThat(delays).hasSize(1_000);
    assertThat(delays).allMatch(each -> each <= MOST && each >= MOST / 10 * 8 - 5_000_000_000L);
    for (int fifth = 0; fifth < 5; fifth++) {
      long from = MOST / 100 * (80 + 4 * fifth);
      long count = delays.stream().filter(each -> each >= from && each < from + MOST / 25).count();
      assertThat(count).as("of a fifth").isBetween(140L, 260L); // 200 and 5 sigma of 12.6
    }
    connections.close();
    assertThat(timer.getQueue()).allMatch(work -> ((ScheduledFuture<?>) work).isCancelled());
  }

  @AfterEach
  void end() {
    timer.shutdownNow();
  }
}
