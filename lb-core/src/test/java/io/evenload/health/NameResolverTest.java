package io.evenload.health;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import org.junit.jupiter.api.Test;

class NameResolverTest {

  private static final InetAddress[] FOUND = {InetAddress.getLoopbackAddress()};

  private final List<String> asked = new ArrayList<>();
  private final Queue<Runnable> work = new ArrayDeque<>();
  private boolean refusing;
  private boolean unknown;
  private final Executor threads =
      task -> {
        if (refusing) {
          throw new RejectedExecutionException("no thread");
        }
        work.add(task);
      };
  private final NameResolver resolver = new NameResolver(this::lookup, threads);

  @Test
  void resolve_address_needsNoThread() {
    assertThat(resolver.resolve("10.0.0.1")).isCompleted();
    assertThat(resolver.resolve("2001:db8::1")).isCompleted();
    assertThat(NameResolver.isAddress("10.0.0.256")).isFalse();
    assertThat(NameResolver.isAddress("10.0.1")).isFalse();
    assertThat(work).isEmpty();
  }

  @Test
  void resolve_sameNameTwice_isOneLookup() {
    CompletableFuture<InetAddress[]> first = resolver.resolve("orders");
    CompletableFuture<InetAddress[]> second = resolver.resolve("orders");
    assertThat(work).hasSize(1);
    work.remove().run();

    assertThat(first).isCompletedWithValue(FOUND);
    assertThat(second).isCompletedWithValue(FOUND);
    assertThat(asked).containsExactly("orders");
  }

  @Test
  void resolve_givenUpBeforeItsTurn_isNotLookedUp() {
    resolver.resolve("orders").cancel(false);
    CompletableFuture<InetAddress[]> other = resolver.resolve("search");
    runAll();

    assertThat(asked).containsExactly("search");
    assertThat(other).isCompletedWithValue(FOUND);
    assertThat(resolver.resolve("orders")).isNotDone();
    runAll();
    assertThat(asked).containsExactly("search", "orders");
  }

  @Test
  void resolve_manyNamesHang_takesABoundedNumberOfThreadsAndThenGoesOn() {
    List<CompletableFuture<InetAddress[]>> all = new ArrayList<>();
    for (int i = 0; i < NameResolver.MOST_LOOKUPS + 50; i++) {
      all.add(resolver.resolve("name" + i));
    }
    assertThat(work).hasSize(NameResolver.MOST_LOOKUPS);
    runAll();

    assertThat(all).allSatisfy(each -> assertThat(each).isCompletedWithValue(FOUND));
    assertThat(asked).doesNotHaveDuplicates();
    CompletableFuture<InetAddress[]> later = resolver.resolve("later");
    runAll();
    assertThat(later).isCompletedWithValue(FOUND);
  }

  @Test
  void resolve_noThread_failsAndWorksAgainLater() {
    refusing = true;
    assertThat(resolver.resolve("orders")).isCompletedExceptionally();
    refusing = false;
    CompletableFuture<InetAddress[]> again = resolver.resolve("orders");
    runAll();

    assertThat(again).isCompletedWithValue(FOUND);
  }

  @Test
  void lastFound_lookupFails_isWhatWasFoundBefore() {
    assertThat(resolver.lastFound("orders")).isNull();
    CompletableFuture<InetAddress[]> found = resolver.resolve("orders");
    runAll();
    assertThat(found).isCompletedWithValue(FOUND);
    unknown = true;
    CompletableFuture<InetAddress[]> failed = resolver.resolve("orders");
    runAll();

    assertThat(failed).isCompletedExceptionally();
    assertThat(resolver.lastFound("orders")).isEqualTo(FOUND);
    assertThat(resolver.lastFound("10.0.0.1")).isNull();
  }

  @Test
  void lastFound_moreNamesThanAreKept_forgetsTheOldest() {
    for (int i = 0; i <= NameResolver.MOST_KEPT; i++) {
      CompletableFuture<InetAddress[]> unused = resolver.resolve("name" + i);
      runAll();
    }

    assertThat(resolver.lastFound("name0")).isNull();
    assertThat(resolver.lastFound("name1")).isEqualTo(FOUND);
    assertThat(resolver.lastFound("name" + NameResolver.MOST_KEPT)).isEqualTo(FOUND);
  }

  private InetAddress[] lookup(String name) throws UnknownHostException {
    asked.add(name);
    if (unknown) {
      throw new UnknownHostException(name);
    }
    return FOUND;
  }

  private void runAll() {
    for (Runnable next = work.poll(); next != null; next = work.poll()) {
      next.run();
    }
  }
}
