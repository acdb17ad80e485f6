package io.evenload.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.ServerList.Subscription;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What every server list must do, as a JUnit test to extend. The built-in lists pass it; for one of
 * your own, a whole test is
 *
 * <pre>{@code
 * final class RegistryListTest extends ServerListContract {
 *   private final StubRegistry registry = new StubRegistry();
 *
 *   @Override
 *   protected ServerList list() {
 *     return new RegistryList(registry, time, time); // its clock and its scheduler
 *   }
 *
 *   @Override
 *   protected void serve(List<Server> servers) {
 *     registry.set(servers);
 *   }
 *
 *   @Override
 *   protected void fail() {
 *     registry.breakDown();
 *   }
 * }
 * }</pre>
 *
 * <p>A list gives each subscriber the whole current list as soon as it is known, and then every
 * change or at least the latest, in order and one at a time. The order of servers is no change. It
 * says when its source was asked and nothing is new, and tells of failures, in which the last good
 * list stays. A source that fails is asked ever less often, at times that are not those of every
 * other client. It can be subscribed to, refreshed and closed at any moment, also from within the
 * listener, and a closed subscription tells nothing and leaves no thread and no timer behind. A
 * listener that throws harms nobody. Methods to override say what else a list claims.
 *
 * <p>A list that lives by {@link #time} is tested in no time. For any other, override {@link
 * #onVirtualTime}, {@link #patience} and {@link #quiet}.
 */
@Timeout(300)
public abstract class ServerListContract {

  private static final Duration STEP = Duration.ofMillis(100);
  private static final Server ONE = Server.of("10.0.0.1", 8080);
  private static final Server TWO = Server.of("10.0.0.2", 8080);
  private static final Server THREE = Server.of("10.0.0.3", 8080);

  /** The clock and scheduler that a list on virtual time lives by. */
  protected final VirtualTime time = new VirtualTime();

  /** Creates a test of one list. */
  protected ServerListContract() {}

  /** The list under test, called once in each test; what it knows is what its source serves. */
  protected abstract ServerList list() throws Exception;

  /** Has the source list these servers from now on. */
  protected abstract void serve(List<Server> servers) throws Exception;

  /** Has the source fail from now on, until it serves again. */
  protected abstract void fail() throws Exception;

  /**
   * Has the source list these servers, and with them nulls or other servers with the ids of these,
   * as far as it can; returns false, as by default, if it can do neither.
   */
  protected boolean serveWithGarbage(List<Server> servers) throws Exception {
    return false;
  }

  /**
   * How often the source was asked; negative, as by default, if it is not asked but tells itself.
   */
  protected long looks() {
    return -1;
  }

  /** Whether a list that is still right is confirmed now and then; true by default. */
  protected boolean confirms() {
    return true;
  }

  /**
   * Whether the order of the servers is the list's own, as that of a program that sets it; false by
   * default.
   */
  protected boolean keepsOrder() {
    return false;
  }

  /** Whether the source knows of weights; true by default. */
  protected boolean hasWeights() {
    return true;
  }

  /** Whether the list lives by {@link #time}; true by default. */
  protected boolean onVirtualTime() {
    return true;
  }

  /** How long a change may take to be told; 2 minutes by default. */
  protected Duration patience() {
    return Duration.ofMinutes(2);
  }

  /** How long to listen whether nothing is told; 2 minutes by default. */
  protected Duration quiet() {
    return Duration.ofMinutes(2);
  }

  @Test
  void subscribe_knownSource_givesTheWholeList() throws Exception {
    serve(List.of(TWO, ONE));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);

    await("the list", () -> heard.isLast(ONE, TWO));
    assertThat(subscription).isNotNull();
    assertThat(heard.updates()).hasSize(1);
    subscription.close();
  }

  @Test
  void change_isToldAsAWhole() throws Exception {
    serve(List.of(ONE, TWO));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    await("the first list", () -> heard.isLast(ONE, TWO));
    serve(List.of(TWO, THREE));
    await("another server", () -> heard.isLast(TWO, THREE));
    Server heavier = Server.builder("10.0.0.2", 8080).weight(2).build();
    if (hasWeights()) {
      serve(List.of(heavier, THREE));
      await("another weight", () -> heard.isLast(heavier, THREE));
    }
    serve(List.of());
    await("an empty list", () -> heard.isLast());
    subscription.close();
  }

  @Test
  void changes_inARow_areToldInOrderAndTheLatestStays() throws Exception {
    List<Server> servers = new ArrayList<>();
    serve(servers);
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    for (int i = 1; i <= 20; i++) {
      servers.add(Server.of("10.0.1." + i, 8080));
      serve(List.copyOf(servers));
      pass();
    }

    await("the latest list", () -> heard.isLast(servers.toArray(Server[]::new)));
    List<Integer> sizes = heard.updates().stream().map(List::size).toList();
    assertThat(sizes).isSorted();
    subscription.close();
  }

  @Test
  void order_ofTheSource_isNoChange() throws Exception {
    assumeTrue(!keepsOrder());
    List<Server> servers = new ArrayList<>(List.of(ONE, TWO, THREE));
    serve(List.copyOf(servers));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    await("the list", () -> heard.isLast(ONE, TWO, THREE));
    Random random = new Random(1);
    for (int i = 0; i < 5; i++) {
      Collections.shuffle(servers, random);
      serve(List.copyOf(servers));
      listen(quiet().dividedBy(5));
    }

    assertThat(heard.updates()).hasSize(1);
    subscription.close();
  }

  @Test
  void unchanged_isConfirmed() throws Exception {
    assumeTrue(confirms());
    serve(List.of(ONE));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    await("three confirmations", () -> heard.count(Event.CONFIRMED) >= 3);

    assertThat(heard.updates()).hasSize(1);
    assertThat(heard.count(Event.FAILED)).isZero();
    subscription.close();
  }

  @Test
  void failure_isToldAndTheLastGoodListStays() throws Exception {
    serve(List.of(ONE, TWO));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    await("the list", () -> heard.isLast(ONE, TWO));
    fail();
    await("the failure", () -> heard.count(Event.FAILED) > 0);
    listen(quiet());
    assertThat(heard.updates()).hasSize(1);
    int told = heard.size();
    serve(List.of(ONE, TWO));
    if (confirms()) {
      await("the end of it", () -> heard.since(told).contains(Event.CONFIRMED));
    }
    serve(List.of(ONE, THREE));

    await("a change after it", () -> heard.isLast(ONE, THREE));
    subscription.close();
  }

  @Test
  void failure_beforeTheFirstList_isToldAndTriedAgain() throws Exception {
    fail();
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    fail();
    await("the failure", () -> heard.count(Event.FAILED) > 0);
    assertThat(heard.updates()).isEmpty();
    assertThat(heard.count(Event.CONFIRMED)).isZero();
    serve(List.of(ONE));

    await("the list", () -> heard.isLast(ONE));
    subscription.close();
  }

  @Test
  void failure_forLong_isAskedSeldomAndNeverAtTheSameTimes() throws Exception {
    assumeTrue(looks() >= 0 && onVirtualTime());
    serve(List.of(ONE));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    await("the list", () -> heard.isLast(ONE));
    fail();
    listen(Duration.ofMinutes(5));
    long before = looks();
    Set<Long> gaps = new HashSet<>();
    long last = time.getAsLong();
    for (int i = 0; i < 36_000; i++) {
      long looks = looks();
      time.advance(STEP);
      if (looks() > looks) {
        gaps.add(time.getAsLong() - last);
        last = time.getAsLong();
      }
    }

    assertThat(looks() - before).as("in an hour").isBetween(12L, 1_800L);
    assertThat(gaps).as("times between looks").hasSizeGreaterThan(3);
    subscription.close();
  }

  @Test
  void close_tellsNothingMoreAndLeavesNothing() throws Exception {
    Set<Thread> threads = Thread.getAllStackTraces().keySet();
    int timers = time.pending();
    serve(List.of(ONE));
    ServerList list = list();
    Heard heard = new Heard();
    Subscription subscription = list.subscribe(heard);
    await("the list", () -> heard.isLast(ONE));
    subscription.close();
    int told = heard.size();
    subscription.close();
    subscription.refresh();
    serve(List.of(TWO));
    fail();
    listen(quiet());

    assertThat(heard.size()).isEqualTo(told);
    assertThat(time.pending()).isEqualTo(timers);
    assertEnd(threads);
  }

  @Test
  void close_beforeTheFirstList_tellsNothing() throws Exception {
    fail();
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    subscription.close();
    int told = heard.size();
    serve(List.of(ONE));
    listen(quiet());

    assertThat(heard.size()).isLessThanOrEqualTo(told + (onVirtualTime() ? 0 : 1));
    assertThat(time.pending()).isZero();
  }

  @Test
  void close_fromWithinTheListener_tellsNothingMore() throws Exception {
    ServerList list = null;
    for (Event last : Event.values()) {
      if (last == Event.CONFIRMED && !confirms()) {
        continue;
      }
      serve(List.of(ONE));
      list = list == null ? list() : list;
      Heard heard = new Heard();
      heard.closesAfter = last;
      heard.subscribed(list.subscribe(heard));
      await("the list", () -> heard.isLast(ONE));
      if (last == Event.FAILED) {
        fail();
      }
      await("its end", () -> heard.closed);
      int told = heard.size();
      serve(List.of(TWO));
      listen(quiet());

      assertThat(heard.size()).as("after %s", last).isEqualTo(told);
    }
    assertThat(time.pending()).isZero();
  }

  @Test
  void subscribers_areIndependent() throws Exception {
    serve(List.of(ONE));
    ServerList list = list();
    Heard first = new Heard();
    Heard second = new Heard();
    Heard third = new Heard();
    first.throwing = true;
    Subscription one = list.subscribe(first);
    Subscription two = list.subscribe(second);
    await("the list", () -> first.isLast(ONE) && second.isLast(ONE));
    one.close();
    serve(List.of(ONE, TWO));
    Subscription three = list.subscribe(third);

    await("the change", () -> second.isLast(ONE, TWO) && third.isLast(ONE, TWO));
    assertThat(first.isLast(ONE)).isTrue();
    two.close();
    three.close();
  }

  @Test
  void listener_throws_isToldOfTheNextChange() throws Exception {
    serve(List.of(ONE));
    Heard heard = new Heard();
    heard.throwing = true;
    Subscription subscription = list().subscribe(heard);
    await("the list", () -> heard.isLast(ONE));
    fail();
    await("the failure", () -> heard.count(Event.FAILED) > 0);
    serve(List.of(TWO));

    await("the change", () -> heard.isLast(TWO));
    subscription.close();
  }

  @Test
  void garbage_isLeftOut() throws Exception {
    assumeTrue(serveWithGarbage(List.of(ONE, TWO)));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);

    await("the list without it", () -> heard.isLast(ONE, TWO));
    subscription.close();
  }

  @Test
  void refresh_atAnyMoment_harmsNothingAndShowsTheChange() throws Exception {
    serve(List.of(ONE));
    Heard heard = new Heard();
    Subscription subscription = list().subscribe(heard);
    subscription.refresh();
    await("the list", () -> heard.isLast(ONE));
    long before = looks();
    for (int i = 0; i < 1_000; i++) {
      subscription.refresh();
    }
    assertThat(looks()).as("not at each refresh").isLessThan(before + 10);
    serve(List.of(TWO));
    subscription.refresh();

    await("the change", () -> heard.isLast(TWO));
    subscription.close();
    assertThatCode(subscription::refresh).doesNotThrowAnyException();
  }

  @Test
  void subscribeAndClose_manyTimes_leavesNothing() throws Exception {
    serve(List.of(ONE, TWO));
    ServerList list = list();
    Random random = new Random(2);
    List<Subscription> open = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      open.add(list.subscribe(new Heard()));
      if (random.nextInt(3) == 0) {
        pass();
      }
      if (random.nextBoolean()) {
        Subscription one = open.remove(random.nextInt(open.size()));
        one.refresh();
        one.close();
      }
    }
    Heard heard = new Heard();
    open.add(list.subscribe(heard));
    await("the list", () -> heard.isLast(ONE, TWO));
    open.forEach(Subscription::close);

    assertThat(time.pending()).isZero();
  }

  private void await(String what, BooleanSupplier condition) {
    long end = System.nanoTime() + patience().toNanos();
    long steps = patience().dividedBy(STEP);
    for (int i = 0; !condition.getAsBoolean(); i++) {
      boolean over = onVirtualTime() ? i > steps : System.nanoTime() - end > 0;
      assertThat(over).as("waited for %s", what).isFalse();
      pass();
    }
  }

  private void listen(Duration duration) {
    long end = System.nanoTime() + duration.toNanos();
    long steps = duration.dividedBy(STEP);
    for (int i = 0; onVirtualTime() ? i < steps : System.nanoTime() - end < 0; i++) {
      pass();
    }
  }

  private void pass() {
    if (onVirtualTime()) {
      time.advance(STEP);
    } else {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(10));
    }
  }

  private static void assertEnd(Set<Thread> former) {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
    Set<Thread> left = Thread.getAllStackTraces().keySet();
    while (!former.containsAll(left) && System.nanoTime() - end < 0) {
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(20));
      left = Thread.getAllStackTraces().keySet();
    }
    assertThat(former).as("threads of a minute after the end").containsAll(left);
  }

  private enum Event {
    UPDATED,
    CONFIRMED,
    FAILED
  }

  /** What one subscriber heard. */
  private static final class Heard implements ServerList.Listener {
    private final List<List<Server>> lists = new ArrayList<>();
    private final List<Event> events = new ArrayList<>();
    private boolean within;
    private volatile boolean overlapped;
    private volatile boolean closing;
    private volatile @Nullable Subscription subscription;
    volatile boolean throwing;
    volatile boolean closed;
    volatile @Nullable Event closesAfter;

    void subscribed(Subscription subscription) {
      this.subscription = subscription;
      closeIfDue();
    }

    private void closeIfDue() {
      Subscription running = subscription;
      if (closing && running != null) {
        running.close();
        closed = true;
      }
    }

    @Override
    public void updated(List<Server> servers) {
      synchronized (this) {
        lists.add(List.copyOf(servers));
      }
      heard(Event.UPDATED);
    }

    @Override
    public void confirmed() {
      heard(Event.CONFIRMED);
    }

    @Override
    public void failed(Throwable cause) {
      heard(Event.FAILED);
    }

    private void heard(Event event) {
      synchronized (this) {
        overlapped |= within;
        within = true;
        events.add(event);
      }
      if (event == closesAfter) {
        closing = true;
        closeIfDue();
      }
      synchronized (this) {
        within = false;
      }
      if (throwing) {
        throw new IllegalStateException("a listener that throws");
      }
    }

    synchronized List<List<Server>> updates() {
      return List.copyOf(lists);
    }

    synchronized int size() {
      assertThat(overlapped).as("events that overlap").isFalse();
      return events.size();
    }

    synchronized List<Event> since(int from) {
      return List.copyOf(events.subList(from, events.size()));
    }

    synchronized long count(Event event) {
      return events.stream().filter(event::equals).count();
    }

    synchronized boolean isLast(Server... servers) {
      assertThat(overlapped).as("events that overlap").isFalse();
      return !lists.isEmpty()
          && new HashSet<>(lists.get(lists.size() - 1)).equals(Set.of(servers))
          && lists.get(lists.size() - 1).size() == servers.length;
    }
  }
}
