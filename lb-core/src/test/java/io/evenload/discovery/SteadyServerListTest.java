package io.evenload.discovery;

import static io.evenload.discovery.RecordedList.servers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.evenload.UpdatableServerList;
import io.evenload.testing.VirtualTime;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class SteadyServerListTest {

  private static final String DOUBT =
      "failed: the list has only 1 of the 4 servers before; the others stay for PT1M";

  private final VirtualTime time = new VirtualTime();
  private final UpdatableServerList source = new UpdatableServerList();
  private final RecordedList told = new RecordedList();
  private final SteadyServerList list =
      SteadyServerList.of(source, 0.5, Duration.ofMinutes(1)).timedBy(time, time);

  @Test
  void list_losesHalf_isBelieved() {
    source.update(servers("a b c d"));
    list.subscribe(told);
    source.update(servers("a b"));
    source.update(servers("a"));
    source.update(servers("a"));

    assertThat(told.take()).containsExactly("a b c d", "a b", "a", "confirmed");
  }

  @Test
  void list_losesMore_staysForTheTimeAndThenIsBelieved() {
    source.update(servers("a b c d"));
    list.subscribe(told);
    source.update(servers("a"));
    source.confirmed();
    assertThat(told.take()).containsExactly("a b c d", DOUBT, DOUBT);
    time.advance(Duration.ofSeconds(59));
    source.update(servers("a"));
    assertThat(told.take()).containsExactly(DOUBT);
    time.advance(Duration.ofSeconds(1));
    assertThat(told.take()).containsExactly("a");
    source.confirmed();

    assertThat(told.take()).containsExactly("confirmed");
  }

  @Test
  void list_recoversMeanwhile_isBelievedAtOnce() {
    source.update(servers("a b c d"));
    list.subscribe(told);
    source.update(servers(""));
    source.update(servers("a b c"));
    told.take();
    time.advance(Duration.ofMinutes(2));

    assertThat(told.take()).isEmpty();
    source.update(servers("a b c"));
    assertThat(told.take()).containsExactly("confirmed");
  }

  @Test
  void doubtedList_newAndChangedServers_countAtOnce() {
    source.update(servers("a b c d"));
    list.subscribe(told);
    source.update(servers("a=2 x y"));
    assertThat(told.take()).containsExactly("a b c d", "a=2 b c d x y", DOUBT);
    time.advance(Duration.ofMinutes(1));

    assertThat(told.take()).containsExactly("a=2 x y");
  }

  @Test
  void of_badValues_areNamed() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> SteadyServerList.of(source, 1, Duration.ofMinutes(1)))
        .withMessage("part: 1.0 (expected: 0 to 1, 1 excluded)");
    assertThat(list.toString()).startsWith("steady[");
  }
}
