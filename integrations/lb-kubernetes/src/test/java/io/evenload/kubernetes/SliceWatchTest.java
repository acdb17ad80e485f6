package io.evenload.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SliceWatchTest extends WithStubApi {

  @Test
  void watch_podsComeAndGo_areToldAtOnce() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    long begun = System.nanoTime();
    api.put("s1", slice("a", "b"));
    heard.awaitIds("a", "b");
    assertThat(System.nanoTime() - begun).isLessThan(TimeUnit.SECONDS.toNanos(5));
    api.put("s2", slice("c"));
    heard.awaitIds("a", "b", "c");
    api.delete("s1");
    heard.awaitIds("c");
    api.delete("s2");
    heard.awaitIds();

    assertThat(heard.failures()).isEmpty();
    assertThat(api.lists()).isEqualTo(1);
  }

  @Test
  void watch_podTerminates_leavesTheList() {
    String draining = pod("b", "'ready':false,'serving':true,'terminating':true");
    api.put("s1", slice("a", "b"));
    subscribe();
    awaitWatch();

    api.put("s1", members(pod("a", "'ready':true"), draining));
    heard.awaitIds("a");
    api.put("s1", members(draining));
    heard.awaitIds("b");
  }

  @Test
  void watch_eventsInOneGo_areToldAsOneList() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    String both = event("s1", slice("b"), 7) + "\n" + event("s2", slice("c"), 8);
    api.send(both);
    heard.awaitIds("b", "c");

    assertThat(heard.lists()).hasSize(2);
  }

  @Test
  void watch_bookmark_confirmsAndIsWhereTheNextWatchBegins() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send(bookmark(41));
    heard.await(h -> h.confirmations() == 1);
    api.endWatches();
    awaitWatches(2);

    assertThat(watch(1).getUrl().queryParameter("resourceVersion")).isEqualTo("41");
    assertThat(watch(1).getUrl().queryParameter("allowWatchBookmarks")).isEqualTo("true");
    assertThat(heard.lists()).hasSize(1);
  }

  @Test
  void watch_endsInTime_goesOnWhereItWas() {
    api.put("s1", slice("a"));
    subscribe(builder().watchTimeout(Duration.ofSeconds(1)));
    awaitWatches(2);
    api.put("s1", slice("b"));
    heard.awaitIds("b");
    awaitWatches(4);

    assertThat(watch(0).getUrl().queryParameter("timeoutSeconds")).isEqualTo("1");
    assertThat(api.lists()).isEqualTo(1);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void watch_unknownEventsAndBlankLines_areIgnored() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send(" \n{\"type\":\"NEWER\",\"object\":{}}\n{\"type\":\"NEWER\"}");
    api.put("s1", slice("b"));
    heard.awaitIds("b");

    assertThat(heard.events()).isEqualTo(2);
  }

  @Test
  void watch_versionForgottenMeanwhile_listsAnewAndIsNoFailure() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.compact();
    api.send(StubApi.gone());
    api.put("s1", slice("b"));
    heard.awaitIds("b");

    assertThat(api.lists()).isEqualTo(2);
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void watch_versionForgottenBefore_listsAnewAndIsNoFailure() {
    api.put("s1", slice("a"));
    AtomicBoolean gone = new AtomicBoolean(true);
    api.script(
        request ->
            StubApi.isWatch(request) && gone.getAndSet(false)
                ? StubApi.status(410, "too old")
                : null);
    subscribe();
    awaitWatches(2);

    assertThat(lastList().getUrl().queryParameter("resourceVersion")).isEmpty();
    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void watch_alwaysGone_listsOnceASecondAtMost() {
    api.put("s1", slice("a"));
    api.script(request -> StubApi.isWatch(request) ? StubApi.status(410, "too old") : null);
    long begun = System.nanoTime();
    subscribe();
    heard.await(h -> h.confirmations() >= 2);

    assertThat(System.nanoTime() - begun).isGreaterThan(TimeUnit.MILLISECONDS.toNanos(1_500));
  }

  @Test
  void watch_errorEvent_isToldAndFollowedByANewList() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send("{\"type\":\"ERROR\",\"object\":{\"code\":500,\"message\":\"etcd is\\nwell\"}}");
    heard.awaitFailure("the watch ended with 500: etcd is well");
    api.put("s1", slice("b"));
    heard.awaitIds("b");
  }

  @Test
  void watch_nonsense_isToldAndFollowedByANewList() {
    api.put("s1", slice("a"));
    subscribe();
    awaitWatch();

    api.send("<html>");
    heard.awaitFailure("an event that cannot be read");
    heard.await(h -> h.confirmations() >= 1);

    assertThat(heard.lists()).hasSize(1);
  }

  @Test
  void watch_endsAtOnceAgainAndAgain_doesNotSpin() {
    api.put("s1", slice("a"));
    api.script(request -> StubApi.isWatch(request) ? StubApi.json(200, "") : null);
    subscribe();
    heard.await(h -> h.failures().size() == 2);

    assertThat(heard.failures()).allMatch(text -> text.equals("the watch ended at once"));
    assertThat(api.requests().size()).isLessThan(6);
  }

  @Test
  void watch_cutOff_isToldAndFollowedByANewList() {
    api.put("s1", slice("a"));
    AtomicBoolean cut = new AtomicBoolean(true);
    api.script(
        request ->
            StubApi.isWatch(request) && cut.getAndSet(false)
                ? StubApi.json(200, event("s1", slice("b"), 2).substring(0, 40))
                : null);
    subscribe();
    heard.await(h -> h.failures().size() == 1);
    heard.await(h -> h.confirmations() == 1);

    assertThat(heard.ids()).containsExactly("a");
  }

  @Test
  void watch_silentBeyondItsTime_isDead() {
    api.put("s1", slice("a"));
    api.neverEndWatches();
    subscribe(builder().watchTimeout(Duration.ofSeconds(1)));
    awaitWatch();
    heard.awaitFailure("the watch was silent beyond its time");
    awaitWatches(2);

    assertThat(heard.ids()).containsExactly("a");
  }

  @Test
  void relist_byInterval_findsWhatTheWatchLost() {
    api.put("s1", slice("a"));
    subscribe(builder().relistInterval(Duration.ofSeconds(1)));
    awaitWatch();
    api.putUnseen("s1", slice("b"));
    heard.awaitIds("b");

    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void refresh_whileAWatchIsSilent_listsAtOnce() {
    api.put("s1", slice("a"));
    api.script(request -> StubApi.isWatch(request) ? silence() : null);
    subscribe();
    heard.awaitIds("a");
    awaitRequests(2);
    api.put("s1", slice("b"));
    subscription.refresh();
    heard.awaitIds("b");

    assertThat(heard.failures()).isEmpty();
  }

  @Test
  void refresh_manyTimes_asksOnceASecondAtMost() {
    api.put("s1", slice("a"));
    subscribe();
    long begun = System.nanoTime();
    heard.await(
        h -> {
          subscription.refresh();
          return h.confirmations() >= 2;
        });
    long seconds = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begun) + 1;

    assertThat(api.lists()).isLessThanOrEqualTo(2 + 2 * seconds);
  }
}
