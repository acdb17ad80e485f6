package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.testing.Heard;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(120)
class TellerTest {

  private static final long WORK_NANOS = TimeUnit.MILLISECONDS.toNanos(10);

  private final Heard heard = new Heard();

  /** Takes its time, as a balancer of thousands of servers. */
  private final ServerList.Listener slow =
      new ServerList.Listener() {
        @Override
        public void updated(List<Server> servers) {
          heard.updated(servers);
          LockSupport.parkNanos(WORK_NANOS);
        }

        @Override
        public void failed(Throwable cause) {
          heard.failed(cause);
        }
      };

  private static Slices.Known known(int number) {
    Server server = Server.builder("10.0.0.1", 80).id("pod-" + number).build();
    return new Slices.Known(
        "orders", false, List.of(new Slices.Part("IPv4", List.of(server), List.of(), null)));
  }

  @Test
  void tell_fasterThanTheListenerCanTake_tellsTheLatestAndNotEach() {
    Teller teller = new Teller("orders", slow);
    long begun = System.nanoTime();
    for (int i = 0; i < 200; i++) {
      teller.tell(known(i));
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
    }
    heard.awaitIds("pod-199");
    long lists = (System.nanoTime() - begun) / (Teller.SHARE * WORK_NANOS) + 2;

    assertThat(heard.lists().size()).isBetween(2, (int) lists);
    WithStubApi.awaitThreads();
  }

  @Test
  void failed_whileAListWaits_comesAfterIt() {
    Teller teller = new Teller("orders", slow);
    teller.tell(known(1));
    teller.tell(known(2));
    teller.failed(new IOException("no"));

    assertThat(heard.ids()).containsExactly("pod-2");
    assertThat(heard.failures()).containsExactly("no");
    WithStubApi.awaitThreads();
    assertThat(heard.events()).isEqualTo(3);
  }

  @Test
  void close_whileAListWaits_tellsNothingMoreAndEndsTheThread() {
    Teller teller = new Teller("orders", slow);
    teller.tell(known(1));
    teller.tell(known(2));
    teller.close();
    WithStubApi.awaitThreads();
    teller.tell(known(3));
    teller.failed(new IOException("no"));
    WithStubApi.awaitThreads();

    assertThat(heard.events()).isEqualTo(1);
  }
}
