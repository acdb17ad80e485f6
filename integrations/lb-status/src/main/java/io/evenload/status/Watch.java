package io.evenload.status;

import static java.util.Objects.requireNonNull;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.Attempt;
import io.evenload.LoadBalancer;
import io.evenload.LoadBalancerListener;
import io.evenload.LoadBalancerStatus;
import io.evenload.Outcome;
import io.evenload.Server;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What the page remembers of one balancer. */
final class Watch implements LoadBalancerListener {

  /*
   * An attempt costs one lookup and two striped additions. The counts of a server live from its first attempt until the
   * balancer does not know it any more: the timer looks, once in two seconds. An attempt that ends later than that makes
   * new ones, which the next tick removes. So there are never many more than servers known.
   */

  private final LoadBalancer balancer;
  private final InstantSource time;
  private final int mostChanges;
  private final ConcurrentHashMap<Identity, ServerCounts> counts = new ConcurrentHashMap<>();
  private final LongAdder succeeded = new LongAdder();
  private final LongAdder failed = new LongAdder();
  private final LongAdder cancelled = new LongAdder();

  @GuardedBy("changes")
  private final Deque<Change> changes = new ArrayDeque<>();

  /** The ids of the last list; for the control path alone. */
  private Set<String> listed;

  Watch(LoadBalancer balancer, InstantSource time, int mostChanges) {
    this.balancer = balancer;
    this.time = time;
    this.mostChanges = mostChanges;
    this.listed = ids(balancer.status());
    balancer.wiring().addListener(this);
  }

  boolean isOf(LoadBalancer other) {
    return balancer == other;
  }

  void stop() {
    balancer.wiring().removeListener(this);
  }

  /**
   * Ends a slot of the last minute, and forgets the servers that are gone; false if the balancer
   * is.
   */
  boolean tick() {
    LoadBalancerStatus status = balancer.status();
    counts.keySet().retainAll(identities(status));
    counts.values().forEach(ServerCounts::endSlot);
    return !status.closed();
  }

  /** How many servers have counts. */
  int counted() {
    return counts.size();
  }

  BalancerView view() {
    LoadBalancerStatus status = balancer.status();
    Map<Identity, Minute> minutes = new HashMap<>();
    counts.forEach((server, count) -> minutes.put(server, count.minute()));
    List<Change> latestFirst;
    synchronized (changes) {
      latestFirst = List.copyOf(changes);
    }
    return new BalancerView(
        status, succeeded.sum(), failed.sum(), cancelled.sum(), minutes, latestFirst);
  }

  @Override
  public void attemptEnded(Attempt attempt) {
    Outcome outcome = requireNonNull(attempt.outcome());
    LongAdder counter =
        outcome == Outcome.SUCCESS ? succeeded : outcome.failed() ? failed : cancelled;
    counter.increment();
    Identity server = Identity.of(attempt.server());
    ServerCounts count = counts.get(server);
    if (count == null) {
      count = counts.computeIfAbsent(server, absent -> new ServerCounts());
    }
    count.count(outcome.failed());
  }

  @Override
  public void serversChanged(ServersChanged event) {
    Set<String> before = listed;
    Set<String> ids = event.servers().stream().map(Server::id).collect(Collectors.toSet());
    listed = ids;
    long came = ids.stream().filter(id -> !before.contains(id)).count();
    long left = before.stream().filter(id -> !ids.contains(id)).count();
    if (came + left > 0) {
      String both = came > 0 && left > 0 ? ", " : "";
      String text = (came > 0 ? came + " came" : "") + both + (left > 0 ? left + " left" : "");
      remember(Change.Kind.LIST, null, text + "; " + ids.size() + " listed");
    }
  }

  @Override
  public void serversFailed(ServersFailed event) {
    remember(Change.Kind.LIST_FAILED, null, event.cause().toString());
  }

  @Override
  public void stateChanged(StateChanged event) {
    add(
        new Change(
            time.instant(),
            Change.Kind.STATE,
            Words.bounded(event.server().id()),
            event.from(),
            event.to(),
            Words.bounded(event.reason())));
  }

  @Override
  public void drained(Drained event) {
    remember(Change.Kind.DRAINED, event.server().id(), "nothing in flight any more");
  }

  private static Set<Identity> identities(LoadBalancerStatus status) {
    return status.endpoints().stream()
        .map(endpoint -> Identity.of(endpoint.server()))
        .collect(Collectors.toSet());
  }

  private static Set<String> ids(LoadBalancerStatus status) {
    return status.endpoints().stream()
        .map(endpoint -> endpoint.server().id())
        .collect(Collectors.toSet());
  }

  private void remember(Change.Kind kind, @Nullable String server, String text) {
    String bounded = server == null ? null : Words.bounded(server);
    add(new Change(time.instant(), kind, bounded, null, null, Words.bounded(text)));
  }

  private void add(Change change) {
    synchronized (changes) {
      if (changes.size() == mostChanges) {
        changes.removeLast();
      }
      changes.addFirst(change);
    }
  }
}
