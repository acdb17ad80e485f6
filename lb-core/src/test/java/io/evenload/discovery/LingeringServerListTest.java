package io.evenload.discovery;

import static io.evenload.discovery.RecordedList.servers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.testing.VirtualTime;
import java.io.IOException;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class LingeringServerListTest {

  private final VirtualTime time = new VirtualTime();
  private final UpdatableServerList source = new UpdatableServerList();
  private final RecordedList told = new RecordedList();
  private final LingeringServerList list =
      LingeringServerList.of(source, Duration.ofSeconds(100)).timedBy(time, time);

  @Test
  void absentServer_fadesInTenSteps() {
    source.update(servers("a b=3"));
    list.subscribe(told);
    source.update(servers("a"));
    assertThat(told.take()).containsExactly("a=10 b=30", "a=10 b=27");
    time.advance(Duration.ofSeconds(99));
    assertThat(told.take())
        .containsExactly(
            "a=10 b=24",
            "a=10 b=21",
            "a=10 b=18",
            "a=10 b=15",
            "a=10 b=12",
            "a=10 b=9",
            "a=10 b=6",
            "a=10 b=3",
            "a=10 b=0");
    time.advance(Duration.ofSeconds(1));

    assertThat(told.take()).containsExactly("a=10");
    assertThat(time.pending()).isZero();
  }

  @Test
  void absentServer_isListedAgain_isBackInFull() {
    source.update(servers("a b"));
    list.subscribe(told);
    source.update(servers("a"));
    time.advance(Duration.ofSeconds(55));
    told.take();
    source.update(servers("a b=2"));

    assertThat(told.take()).containsExactly("a=10 b=20");
  }

  @Test
  void rotatingAnswers_allServersStay() {
    list.subscribe(told);
    Set<String> heard = new HashSet<>();
    for (int i = 0; i < 300; i++) {
      source.update(servers("a" + i % 10 + " a" + (i + 1) % 10));
      time.advance(Duration.ofSeconds(5));
      List<String> lists = told.take();
      if (i > 20) {
        lists.forEach(one -> heard.add(one.replaceAll("=\\d+", "")));
        assertThat(lists).allSatisfy(one -> assertThat(one).doesNotContain("=0"));
      }
    }

    assertThat(heard).containsExactly("a0 a1 a2 a3 a4 a5 a6 a7 a8 a9");
  }

  @Test
  void draining_absentServer_hasNoWeightAtOnce() {
    source.update(servers("a b"));
    list.draining().subscribe(told);
    source.update(servers("a"));
    time.advance(Duration.ofSeconds(99));
    assertThat(told.take()).containsExactly("a b", "a b=0");
    time.advance(Duration.ofSeconds(1));

    assertThat(told.take()).containsExactly("a");
  }

  @Test
  void heavyServers_areNotScaled() {
    source.update(servers("a=1000000 b=10"));
    list.subscribe(told);
    source.update(servers("a=1000000"));

    assertThat(told.take()).containsExactly("a=1000000 b=10", "a=1000000 b=9");
  }

  @Test
  void nothingNew_isConfirmedAndFailuresArePassedOn() {
    list.subscribe(told);
    source.confirmed();
    source.update(servers("a"));
    source.update(servers("a"));
    source.confirmed();
    source.failed(new IOException("down"));

    assertThat(told.take()).containsExactly("a=10", "confirmed", "confirmed", "failed: down");
  }

  @Test
  void close_whileFading_endsTheTimer() {
    source.update(servers("a b"));
    ServerList.Subscription subscription = list.subscribe(told);
    source.update(servers(""));
    assertThat(time.pending()).isEqualTo(1);
    subscription.close();

    assertThat(time.pending()).isZero();
    assertThat(list.toString()).startsWith("linger[").endsWith(" for PT1M40S]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> LingeringServerList.of(source, Duration.ZERO))
        .withMessage("linger: PT0S (expected: PT1S to PT24H)");
  }
}
