package io.evenload.discovery;

import static io.evenload.discovery.RecordedList.servers;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.UpdatableServerList;
import io.evenload.testing.CapturedLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ServerListsTest {

  private final UpdatableServerList first = new UpdatableServerList();
  private final UpdatableServerList second = new UpdatableServerList();
  private final RecordedList told = new RecordedList();

  @Test
  void firstNonEmpty_firstHasServers_isItAlone() {
    first.update(servers("a b"));
    second.update(servers("c"));
    ServerLists.firstNonEmpty(first, second).subscribe(told);
    assertThat(told.take()).containsExactly("a b");

    second.update(servers("d"));
    second.confirmed();
    second.failed(new IOException("nobody asked"));
    assertThat(told.take()).as("who stands by").isEmpty();

    first.update(servers(""));
    assertThat(told.take()).containsExactly("d");
    first.update(servers("a"));
    assertThat(told.take()).containsExactly("a");
  }

  @Test
  void firstNonEmpty_firstHasNotAnsweredOrFails_isTheNext() {
    second.update(servers("c"));
    ServerLists.firstNonEmpty(first, second).subscribe(told);
    assertThat(told.take()).containsExactly("c");
    first.failed(new IOException("down"));
    second.confirmed();
    assertThat(told.take()).as("the first is missed").containsExactly("failed: down");
    first.update(servers(""));
    assertThat(told.take()).as("both were asked by now").containsExactly("confirmed");
    second.confirmed();
    assertThat(told.take()).containsExactly("confirmed");
    first.update(servers("a"));
    first.failed(new IOException("down"));
    assertThat(told.take()).as("the last good one stays").containsExactly("a", "failed: down");
  }

  @Test
  void firstNonEmpty_allEmpty_isEmptyWhenEachHasAnswered() {
    first.update(servers(""));
    ServerLists.firstNonEmpty(first, second).subscribe(told);
    assertThat(told.take()).isEmpty();
    second.failed(new IOException("down"));
    assertThat(told.take()).containsExactly("failed: down");
    second.update(servers(""));
    assertThat(told.take()).containsExactly("");
  }

  @Test
  void union_servers_areThoseOfAllAndTheFirstOfAnIdCounts() {
    first.update(servers("a b=2"));
    second.update(servers("b=3 c"));
    ServerLists.union(first, second).subscribe(told);
    assertThat(told.take()).containsExactly("a b=2 c");

    first.update(servers("a"));
    assertThat(told.take()).containsExactly("a b=3 c");
  }

  @Test
  void union_oneFails_isNotConfirmedByTheOther() {
    first.update(servers("a"));
    second.update(servers("b"));
    ServerLists.union(first, second).subscribe(told);
    first.confirmed();
    second.confirmed();
    first.confirmed();
    told.take();
    first.confirmed();
    assertThat(told.take()).as("half of it").isEmpty();
    second.confirmed();
    assertThat(told.take()).containsExactly("confirmed");

    second.failed(new IOException("down"));
    first.confirmed();
    first.confirmed();
    assertThat(told.take()).containsExactly("failed: down");
    second.confirmed();
    assertThat(told.take()).containsExactly("confirmed");
  }

  @Test
  void union_withAListThatNeverConfirms_isConfirmedByTheOthers() {
    first.update(servers("a"));
    ServerLists.union(first, ServerList.of(servers("z"))).subscribe(told);
    first.confirmed();

    assertThat(told.take()).containsExactly("a z", "confirmed");
  }

  @Test
  void failover_servers_haveThePlaceOfTheirListAsPriority() {
    first.update(servers("a"));
    second.update(servers("a b=5"));
    ServerLists.failover(first, second).subscribe(told);

    assertThat(told.take()).containsExactly("a b=5@1");
  }

  @Test
  void filter_throwsForOne_leavesItOutAndNamesIt() {
    first.update(servers("a b c"));
    ServerList list =
        ServerLists.filter(
            first,
            server -> {
              if (server.host().equals("b")) {
                throw new IllegalStateException("no such metadata");
              }
              return !server.host().equals("c");
            });
    try (CapturedLog log = new CapturedLog(ServerLists.class)) {
      list.subscribe(told);

      assertThat(told.take()).containsExactly("a");
      assertThat(log.messages()).hasSize(1);
      assertThat(log.messages().get(0)).contains("left out of the list").contains("b:80");
      first.update(servers("b"));
      assertThat(told.take()).containsExactly("failed: no such metadata");
    }
    assertThat(list.toString()).startsWith("filter[");
  }

  @Test
  void map_changesServersAndLeavesOutNulls() {
    first.update(servers("a b"));
    ServerLists.map(
            first,
            server ->
                server.host().equals("a")
                    ? ServerLists.copy(server).zone("eu").weight(7).build()
                    : null)
        .subscribe(told);

    assertThat(told.take()).containsExactly("a=7");
  }

  @Test
  void copy_hasAllOfAServer() {
    Server server =
        Server.builder("a", 1).id("x").weight(2).zone("z").priority(3).metadata("k", "v").build();

    assertThat(ServerLists.copy(server).build()).isEqualTo(server);
  }

  @Test
  void composed_subscribeThrows_closesWhatWasOpened() {
    List<String> closed = new ArrayList<>();
    ServerList opened = listener -> () -> closed.add("opened");
    ServerList broken =
        listener -> {
          throw new IllegalStateException("no thread");
        };
    assertThatThrownBy(() -> ServerLists.union(opened, broken).subscribe(told))
        .hasMessage("no thread");

    assertThat(closed).containsExactly("opened");
  }

  @Test
  void composed_refresh_reachesEachSource() {
    List<String> asked = new ArrayList<>();
    ServerList.Subscription both =
        ServerLists.union(asked(asked, "a"), ServerLists.filter(asked(asked, "b"), server -> true))
            .subscribe(told);
    both.refresh();
    both.close();
    both.refresh();

    assertThat(asked).containsExactly("a", "b");
  }

  private static ServerList asked(List<String> asked, String name) {
    return listener ->
        new ServerList.Subscription() {
          @Override
          public void close() {}

          @Override
          public void refresh() {
            asked.add(name);
          }
        };
  }

  @Test
  void of_nothing_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(ServerLists::union)
        .withMessage("lists: none (expected: at least one)");
    assertThat(ServerLists.union(DnsServerList.of("a", 80), DnsServerList.of("b", 80)))
        .hasToString("union[DnsServerList a:80, DnsServerList b:80]");
  }
}
