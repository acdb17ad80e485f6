package io.evenload;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The subscription to a list that fails, grows old, or comes too fast. */
final class ListSourceTest {

  private final World world = new World(811);
  private final Source source = new Source();
  private final LoadBalancer balancer = world.balancer(source).build();

  @AfterEach
  void close() {
    balancer.close();
    assertThat(world.time.pending()).isZero();
  }

  @Test
  void subscribe_throwsForAWhile_isTriedAgainWithBackoffAndToldEachTime() throws Exception {
    Source late = new Source();
    late.failures = 8;
    try (CapturedLog log = new CapturedLog(LoadBalancer.class);
        LoadBalancer second = world.balancer(late).build()) {
      world.time.advance(ofSeconds(200));

      assertThat(second.start().server().id()).isEqualTo("a");
      double expected = 1;
      for (int i = 1; i < late.subscribed.size(); i++) {
        double seconds = (late.subscribed.get(i) - late.subscribed.get(i - 1)) / 1e9;
        assertThat(seconds).isBetween(0.79 * expected, 1.21 * expected);
        expected = Math.min(30, 2 * expected);
      }
      assertThat(late.subscribed).hasSize(9);
      assertThat(world.events.lists).filteredOn("failed: broken"::equals).hasSize(8);
      assertThat(log.events())
          .filteredOn(e -> e.getThrowableProxy() != null)
          .as("one stack trace")
          .hasSize(1);
      assertThat(log.messages()).as("and a line a minute").hasSizeBetween(2, 4);
    }
  }

  @Test
  void subscribe_throwsAndTheBalancerCloses_isNotTriedAgain() {
    Source never = new Source();
    never.failures = Integer.MAX_VALUE;
    LoadBalancer second = world.balancer(never).build();
    world.time.advance(ofSeconds(10));
    second.close();
    int tried = never.subscribed.size();
    world.time.advance(ofSeconds(100));

    assertThat(never.subscribed).hasSize(tried);
  }

  @Test
  void listener_ofASubscriptionThatFailed_isHeardNoMore() {
    Source late = new Source();
    late.failures = 1;
    try (LoadBalancer second = world.balancer(late).build()) {
      late.listeners.get(0).updated(World.servers("x"));
      late.listeners.get(0).confirmed();
      late.listeners.get(0).failed(new IOException("x"));
      world.time.advance(ofSeconds(2));

      assertThat(second.status().endpoints()).extracting(e -> e.server().id()).containsOnly("a");
      assertThat(world.events.lists).containsExactly("a", "failed: broken", "a");
    }
  }

  @Test
  void failed_forLong_writesOneStackTraceThenALineAMinuteAndItsEnd() {
    try (CapturedLog log = new CapturedLog(LoadBalancer.class, ch.qos.logback.classic.Level.INFO)) {
      for (int second = 0; second < 181; second++) {
        source.listener().failed(new IOException("no route"));
        world.time.advance(ofSeconds(1));
      }
      source.listener().confirmed();

      assertThat(log.messages()).hasSize(5);
      assertThat(log.events()).filteredOn(e -> e.getThrowableProxy() != null).hasSize(1);
      assertThat(log.messages().get(3)).contains("PT3M");
      assertThat(log.messages().get(4)).contains("this is over");
    }
  }

  @Test
  void refresh_mostAttemptsAreRefused_isAskedOnceASecondAtMost() throws Exception {
    for (int i = 0; i < 100; i++) {
      balancer.start().fail(new IOException("failed", new ConnectException("refused")));
      world.time.advance(ofMillis(100));
    }

    assertThat(source.refreshes).hasSizeBetween(7, 10);
    for (int i = 1; i < source.refreshes.size(); i++) {
      assertThat(source.refreshes.get(i) - source.refreshes.get(i - 1))
          .isGreaterThanOrEqualTo(1_000_000_000L);
    }
  }

  @Test
  void refresh_halfOfTheAttemptsAreRefused_isNotAsked() throws Exception {
    for (int i = 0; i < 100; i++) {
      balancer.start().succeed();
      balancer.start().fail(new ConnectException("refused"));
      world.time.advance(ofMillis(100));
    }
    assertThat(source.refreshes).isEmpty();
  }

  @Test
  void refresh_twoAttemptsOrOtherFailures_isNotAsked() throws Exception {
    balancer.start().fail(new ConnectException("refused"));
    balancer.start().fail(new ConnectException("refused"));
    world.time.advance(ofSeconds(10));
    for (int i = 0; i < 100; i++) {
      balancer.start().fail(new SocketTimeoutException("Read timed out"));
      balancer.start().fail(null);
      world.time.advance(ofMillis(100));
    }
    assertThat(source.refreshes).isEmpty();
  }

  @Test
  void beforeSending_eachCause_isKnown() {
    assertThat(
            List.of(
                new ConnectException("refused"),
                new NoRouteToHostException("x"),
                new UnknownHostException("x"),
                new HttpConnectTimeoutException("x"),
                new SocketTimeoutException("Connect timed out"),
                new SocketTimeoutException("failed to connect to /10.0.0.1 (port 80)")))
        .allMatch(RefusedAttempts::beforeSending);
    IOException loop = new IOException("a");
    loop.initCause(new IOException("b", loop));
    assertThat(List.of(loop, new IOException("x"), new SocketTimeoutException("timeout")))
        .noneMatch(RefusedAttempts::beforeSending);
  }

  @Test
  void status_sourceFailsAndRecovers_saysSoWithoutCredentials() {
    assertThat(balancer.status().list())
        .isEqualTo(new LoadBalancerStatus.ListStatus("source //…@registry?…", false, null, null));
    source.listener().failed(new IOException("GET http://me:secret@registry/v1?token=x: 503\n"));
    world.time.advance(ofSeconds(3));
    assertThat(balancer.status().list())
        .isEqualTo(
            new LoadBalancerStatus.ListStatus(
                "source //…@registry?…",
                true,
                ofSeconds(3),
                "java.io.IOException: GET http://…@registry/v1?… 503\ufffd"));
    assertThat(balancer.status()).asString().contains("fails: java.io.IOException: GET http://…@");
    source.listener().confirmed();

    assertThat(balancer.status().list().failing()).isFalse();
    assertThat(balancer.status().list().failureAge()).isEqualTo(ofSeconds(3));
  }

  @Test
  void listAge_isTheTimeSinceTheListInForceWasGivenOrConfirmed() {
    assertThat(balancer.status().listAge()).isEqualTo(Duration.ZERO);
    world.time.advance(ofSeconds(60));
    source.listener().failed(new IOException("no route"));
    assertThat(balancer.status().listAge()).isEqualTo(ofSeconds(60));
    source.listener().confirmed();
    assertThat(balancer.status().listAge()).isEqualTo(Duration.ZERO);
    world.time.advance(ofSeconds(5));
    source.listener().updated(List.of());
    source.listener().confirmed();
    assertThat(balancer.status().listAge()).as("the empty one is not in force").hasSeconds(5);
    source.listener().updated(World.servers("a"));
    assertThat(balancer.status().listAge()).isEqualTo(Duration.ZERO);
    world.time.advance(ofSeconds(3));
    balancer.close();
    world.time.jump(ofSeconds(9));
    assertThat(balancer.status().listAge()).as("as it was at the end").hasSeconds(3);
    try (LoadBalancer empty = world.balancer(new UpdatableServerList()).build()) {
      assertThat(empty.status().listAge()).isNull();
    }
  }

  @Test
  void updated_fasterThanApplied_appliesTheLatestAlone() {
    AtomicInteger prepared = new AtomicInteger();
    Source fast = new Source();
    Gate.Factory busy =
        (server, nanoTime, changed) -> {
          if (prepared.incrementAndGet() == 1) {
            for (int i = 0; i < 1_000; i++) {
              fast.listener().updated(World.servers("s" + i)); // while this one is applied
            }
          }
          return new io.evenload.testing.FakeGate();
        };
    try (LoadBalancer second = world.balancer(fast).gate(busy).build()) {
      assertThat(world.events.lists).containsExactly("a", "a", "s999");
      assertThat(prepared).hasValue(2);
      assertThat(second.status().endpoints()).hasSize(2);
    }
  }

  /** A source under the control of a test. */
  private final class Source implements ServerList {
    final List<Listener> listeners = new ArrayList<>();
    final List<Long> subscribed = new ArrayList<>();
    final List<Long> refreshes = new ArrayList<>();
    int failures;

    @Override
    public Subscription subscribe(Listener listener) {
      listeners.add(listener);
      subscribed.add(world.time.getAsLong());
      if (subscribed.size() <= failures) {
        throw new IllegalStateException("broken");
      }
      listener.updated(World.servers("a"));
      return new Subscription() {
        @Override
        public void close() {}

        @Override
        public void refresh() {
          refreshes.add(world.time.getAsLong());
        }
      };
    }

    @Override
    public String toString() {
      return "source //me:secret@registry?token=x";
    }

    Listener listener() {
      return listeners.get(listeners.size() - 1);
    }
  }
}
