package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import io.evenload.testing.CapturedLog;
import io.evenload.testing.Race;
import io.evenload.testing.World;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

final class UpdatableServerListTest {

  private final UpdatableServerList list = new UpdatableServerList();
  private final List<String> heard = new ArrayList<>();

  @Test
  void of_staticList_givesItOnceFromWithinSubscribe() {
    List<Server> source = new ArrayList<>(World.servers("a", "b"));
    ServerList fixed = ServerList.of(source);
    source.clear();

    fixed.subscribe(hear("x")).close();

    assertThat(heard).containsExactly("x:a,b");
    assertThatNullPointerException().isThrownBy(() -> ServerList.of((Server) null));
  }

  @Test
  void subscribe_notKnownYet_hearsNothingUntilTheFirstUpdate() {
    list.subscribe(hear("x"));
    assertThat(heard).isEmpty();

    list.update(World.servers("a"));
    assertThat(heard).containsExactly("x:a");
  }

  @Test
  void subscribe_known_hearsTheCurrentListAtOnceThenChanges() {
    UpdatableServerList known = new UpdatableServerList(World.servers("a"));
    known.subscribe(hear("x"));
    known.update(World.servers("b"));
    known.update(List.of());

    assertThat(heard).containsExactly("x:a", "x:b", "x:");
  }

  @Test
  void confirmedAndFailed_reachEverySubscriberInOrder() {
    List<String> events = new ArrayList<>();
    ServerList.Subscription subscription =
        list.subscribe(
            new ServerList.Listener() {
              @Override
              public void updated(List<Server> servers) {
                events.add("updated " + servers.size());
              }

              @Override
              public void confirmed() {
                events.add("confirmed");
              }

              @Override
              public void failed(Throwable cause) {
                events.add("failed " + cause.getMessage());
              }
            });
    list.subscribe(hear("x"));
    list.confirmed();
    list.update(World.servers("a"));
    list.confirmed();
    list.failed(new IllegalStateException("down"));
    subscription.refresh();
    subscription.close();
    list.confirmed();

    assertThat(events).containsExactly("updated 1", "confirmed", "failed down");
    assertThat(heard).containsExactly("x:a");
    assertThatNullPointerException().isThrownBy(() -> list.failed(null));
  }

  @Test
  void update_severalSubscribers_eachHearsEverythingInOrder() {
    list.subscribe(hear("x"));
    list.subscribe(hear("y"));
    list.update(World.servers("a"));
    list.update(World.servers("b"));

    assertThat(heard).containsExactly("x:a", "y:a", "x:b", "y:b");
  }

  @Test
  void update_collectionChangedLater_hasNoEffect() {
    List<List<Server>> lists = new ArrayList<>();
    list.subscribe(lists::add);
    List<Server> source = new ArrayList<>(World.servers("a"));
    list.update(source);
    source.clear();

    assertThat(lists).containsExactly(World.servers("a"));
  }

  @Test
  void update_nullOrNullElement_isRefusedAndChangesNothing() {
    list.update(World.servers("a"));
    List<Server> withNull = Collections.singletonList(null);

    assertThatNullPointerException().isThrownBy(() -> list.update(null));
    assertThatNullPointerException().isThrownBy(() -> list.update(withNull));
    list.subscribe(hear("x"));
    assertThat(heard).containsExactly("x:a");
  }

  @Test
  void subscribe_nullListener_isRefused() {
    assertThatNullPointerException().isThrownBy(() -> list.subscribe(null)).withMessage("listener");
  }

  @Test
  void close_laterUpdates_areNotHeard() {
    ServerList.Subscription subscription = list.subscribe(hear("x"));
    list.update(World.servers("a"));
    subscription.close();
    subscription.close();
    list.update(World.servers("b"));

    assertThat(heard).containsExactly("x:a");
  }

  @Test
  void update_fromWithinACallback_followsAfterThisOneForAll() {
    list.subscribe(
        servers -> {
          heard.add("x:" + ids(servers));
          if (ids(servers).equals("a")) {
            list.update(World.servers("b"));
          }
        });
    list.subscribe(hear("y"));
    list.update(World.servers("a"));

    assertThat(heard).containsExactly("x:a", "y:a", "x:b", "y:b");
  }

  @Test
  void subscribe_fromWithinACallback_hearsTheCurrentListOnceAndWhatFollows() {
    AtomicInteger calls = new AtomicInteger();
    list.subscribe(
        servers -> {
          heard.add("x:" + ids(servers));
          if (calls.getAndIncrement() == 0) {
            list.subscribe(hear("inner"));
          }
        });
    list.update(World.servers("a"));
    list.update(World.servers("b"));

    assertThat(heard).containsExactly("x:a", "inner:a", "x:b", "inner:b");
  }

  @Test
  void close_fromWithinItsOwnCallback_isTheLastCall() {
    AtomicReference<ServerList.Subscription> subscription = new AtomicReference<>();
    subscription.set(
        list.subscribe(
            servers -> {
              heard.add("x:" + ids(servers));
              subscription.get().close();
            }));
    list.subscribe(hear("y"));
    list.update(World.servers("a"));
    list.update(World.servers("b"));

    assertThat(heard).containsExactly("x:a", "y:a", "y:b");
  }

  @Test
  void close_fromWithinTheCallbackOfAnother_noneBeginsAfterIt() {
    AtomicReference<ServerList.Subscription> second = new AtomicReference<>();
    list.subscribe(servers -> second.get().close());
    second.set(list.subscribe(hear("y")));
    list.update(World.servers("a"));

    assertThat(heard).isEmpty();
  }

  @Test
  void update_listenerThrows_isLoggedAndOthersHearOn() {
    try (CapturedLog log = new CapturedLog(UpdatableServerList.class)) {
      list.subscribe(
          servers -> {
            throw new IllegalStateException("broken listener");
          });
      list.subscribe(hear("y"));
      list.update(World.servers("a"));
      list.update(World.servers("b"));

      assertThat(heard).containsExactly("y:a", "y:b");
      assertThat(log.events()).hasSize(2);
      assertThat(log.events().get(0).getThrowableProxy().getMessage()).isEqualTo("broken listener");
    }
  }

  @Test
  void update_fourThreads_allSubscribersHearTheSameOrderOneAtATime() throws Exception {
    List<List<String>> orders = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    AtomicInteger inside = new AtomicInteger();
    AtomicInteger overlaps = new AtomicInteger();
    for (List<String> order : orders) {
      list.subscribe(
          servers -> {
            overlaps.addAndGet(inside.getAndIncrement());
            order.add(ids(servers)); // unsynchronized on purpose
            inside.decrementAndGet();
          });
    }
    int updates = 2_000;
    List<Callable<Void>> writers =
        IntStream.range(0, 4).<Callable<Void>>mapToObj(w -> () -> write(w, updates)).toList();
    Race.run(writers);

    assertThat(overlaps).hasValue(0);
    assertThat(orders.get(0)).hasSize(4 * updates).doesNotHaveDuplicates();
    assertThat(orders.get(1)).isEqualTo(orders.get(0));
    assertThat(orders.get(2)).isEqualTo(orders.get(0));
    for (int w = 0; w < 4; w++) {
      String prefix = "w" + w + "-";
      List<String> own = orders.get(0).stream().filter(id -> id.startsWith(prefix)).toList();
      assertThat(own).isEqualTo(IntStream.range(0, updates).mapToObj(i -> prefix + i).toList());
    }
  }

  @Test
  void subscribe_whileOthersUpdate_hearsASuffixWithoutGaps() throws Exception {
    List<List<String>> orders = Collections.synchronizedList(new ArrayList<>());
    Callable<Void> subscriber =
        () -> {
          for (int i = 0; i < 200; i++) {
            List<String> order = new ArrayList<>();
            orders.add(order);
            list.subscribe(servers -> order.add(ids(servers)));
          }
          return null;
        };
    Race.run(List.of(() -> write(0, 2_000), subscriber));

    List<String> all = IntStream.range(0, 2_000).mapToObj(i -> "w0-" + i).toList();
    for (List<String> order : orders) {
      int from = order.isEmpty() ? all.size() : all.indexOf(order.get(0));
      assertThat(order).isEqualTo(all.subList(from, all.size()));
    }
  }

  private Void write(int writer, int updates) {
    for (int i = 0; i < updates; i++) {
      list.update(World.servers("w" + writer + "-" + i));
    }
    return null;
  }

  private ServerList.Listener hear(String name) {
    Consumer<List<Server>> note = servers -> heard.add(name + ":" + ids(servers));
    return note::accept;
  }

  private static String ids(List<Server> servers) {
    return String.join(",", servers.stream().map(Server::id).toList());
  }
}
