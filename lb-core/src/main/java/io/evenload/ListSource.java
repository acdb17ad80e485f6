package io.evenload;

import static java.util.Objects.requireNonNull;

import io.evenload.discovery.Networks;
import io.evenload.internal.text.PlainText;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The subscription to the server list of one balancer: made again until it succeeds, and asked to
 * look again when the list seems to be out of date. Control path only, but for what the source
 * calls.
 */
final class ListSource {

  static final long FIRST_RETRY_NANOS = TimeUnit.SECONDS.toNanos(1);
  static final long LAST_RETRY_NANOS = TimeUnit.SECONDS.toNanos(30);
  static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final double JITTER = 0.2;

  private final BalancerContext balancer;
  private final Control control;
  private final Target target;
  private final OutageLog refreshing;
  private final OutageLog subscribing;
  private final AtomicReference<@Nullable List<Server>> latest = new AtomicReference<>();
  private volatile @Nullable ServerList servers;
  private volatile @Nullable NetworkFilter filter; // set before anything can be heard
  private volatile boolean closed;

  private volatile ServerList.@Nullable Subscription subscription; // written on the path alone
  private volatile @Nullable Failure failure; // the last; written on the path alone, as the next
  private volatile boolean failing;
  private @Nullable Future<?> timer;
  private long retryNanos = FIRST_RETRY_NANOS;
  private boolean refreshed;
  private long refreshedNanos;
  private @Nullable List<Server> offered; // the last list, with what was refused of it
  private long offeredNanos;
  private boolean allRefused;

  ListSource(BalancerContext balancer, Control control, Target target) {
    this.balancer = balancer;
    this.control = control;
    this.target = target;
    this.refreshing =
        new OutageLog(
            balancer.name(),
            "the server list could not be refreshed; the last one stays in force",
            balancer.nanoTime());
    this.subscribing =
        new OutageLog(
            balancer.name(), "ServerList.subscribe threw; it is tried again", balancer.nanoTime());
  }

  /** What is told of the list. */
  interface Target {

    /** Runs what the source has caused on the control path, on the thread of the source. */
    void onSource(Runnable task);

    /** The networks that servers may be in; null if none were said. On the control path. */
    @Nullable Networks networks();

    /** Takes a list that came at that time; on the control path. */
    void updated(List<Server> servers, long now);

    /** Takes note that the list given last was still right at that time; on the control path. */
    void confirmed(long now);
  }

  /** Subscribes, on this thread. */
  void start(ServerList servers) {
    this.servers = servers;
    this.filter = new NetworkFilter(balancer, servers instanceof FixedServerList);
    subscribe();
  }

  /** Never on the control path, as it is the user's and may take its time. */
  private void subscribe() {
    ServerList list = servers;
    if (list == null || closed) {
      return;
    }
    Heard heard = new Heard();
    try {
      ServerList.Subscription made =
          requireNonNull(list.subscribe(heard), "ServerList.subscribe returned null");
      target.onSource(() -> subscribed(made));
    } catch (Throwable e) {
      heard.over = true;
      target.onSource(() -> notSubscribed(e));
    }
  }

  private void subscribed(ServerList.Subscription made) {
    assert control.onPath();
    subscribing.ended();
    retryNanos = FIRST_RETRY_NANOS;
    subscription = made;
    if (closed) {
      unsubscribe();
    }
  }

  private void notSubscribed(Throwable cause) {
    assert control.onPath();
    if (closed) {
      return;
    }
    subscribing.failed(cause);
    failed(cause, balancer.nanoTime().getAsLong());
    timer = control.after(jittered(retryNanos), () -> control.elsewhere(this::subscribe));
    retryNanos = Math.min(LAST_RETRY_NANOS, 2 * retryNanos);
  }

  private long jittered(long nanos) {
    return (long) (nanos * (1 + JITTER * (2 * balancer.random().nextDouble() - 1)));
  }

  /** Has the source look again soon, on a thread of its own, unless it was asked just now. */
  void refresh(long now) {
    assert control.onPath();
    if (subscription == null || (refreshed && refreshedNanos - now > 0)) {
      return; // or it is about to be asked
    }
    long wait = refreshed ? Math.max(0, refreshedNanos + REFRESH_NANOS - now) : 0;
    wait += (long) (REFRESH_NANOS * JITTER * balancer.random().nextDouble());
    refreshed = true;
    refreshedNanos = now + wait;
    timer = control.after(wait, () -> control.elsewhere(this::askToRefresh));
  }

  private void askToRefresh() {
    ServerList.Subscription running = subscription;
    if (running != null && !closed) {
      balancer.contain("ServerList.Subscription.refresh", running::refresh);
    }
  }

  /** Ends the subscription. */
  void close() {
    assert control.onPath();
    closed = true;
    if (timer != null) {
      timer.cancel(false);
    }
    unsubscribe();
  }

  private void unsubscribe() {
    ServerList.Subscription running = subscription;
    subscription = null;
    if (running != null) {
      balancer.contain("ServerList.Subscription.close", running::close);
    }
  }

  /** Of lists that came faster than they were applied, the latest. */
  private void takeLatest(long now) {
    List<Server> list = latest.getAndSet(null);
    if (list != null && !closed) {
      offered = list;
      offeredNanos = now;
      take(list, now);
    }
  }

  /** Takes the last list once more, as the networks that servers may be in are others now. */
  void networksChanged() {
    assert control.onPath();
    List<Server> list = offered;
    if (list != null && !closed) {
      take(list, offeredNanos);
    }
  }

  /** Passes on what may be called; if that is nothing of a list, the source has failed. */
  private void take(List<Server> list, long now) {
    List<Server> admitted = requireNonNull(filter).admitted(list, target.networks());
    allRefused = admitted.isEmpty() && !list.isEmpty();
    if (allRefused) {
      tellAllRefused();
    } else {
      refreshing.ended();
      failing = false;
      target.updated(admitted, now);
    }
  }

  private void tellAllRefused() {
    List<Server> list = requireNonNull(offered);
    IOException cause = new IOException(requireNonNull(filter).words(list, target.networks()));
    refreshing.failed(cause);
    failed(cause, balancer.nanoTime().getAsLong());
  }

  private void failed(Throwable cause, long now) {
    failure = new Failure(PlainText.withoutCredentials(cause.toString()), now);
    failing = true;
    balancer.listeners().serversFailed(cause);
  }

  /** Returns what is known of the source; from any thread. */
  LoadBalancerStatus.@Nullable ListStatus status(long now) {
    ServerList list = servers;
    if (list == null) {
      return null;
    }
    boolean fails = failing;
    Failure last = failure;
    Duration age = last == null ? null : Duration.ofNanos(Math.max(0, now - last.nanos));
    String said = last == null ? null : last.text;
    return new LoadBalancerStatus.ListStatus(name(list), fails, age, said);
  }

  private String name(ServerList list) {
    try {
      return PlainText.withoutCredentials(String.valueOf(list.toString()));
    } catch (Throwable e) {
      return list.getClass().getName(); // it is the user's
    }
  }

  private void confirmed(long now) {
    if (allRefused) {
      tellAllRefused();
    } else {
      refreshing.ended();
      failing = false;
      target.confirmed(now);
    }
  }

  private void onSource(LongConsumer task) {
    long now = balancer.nanoTime().getAsLong();
    target.onSource(
        () -> {
          if (!closed) {
            task.accept(now);
          }
        });
  }

  private record Failure(String text, long nanos) {}

  /** One attempt to subscribe; what it brings after it failed does not count. */
  private final class Heard implements ServerList.Listener {
    volatile boolean over;

    @Override
    public void updated(List<Server> servers) {
      if (over || closed) {
        return;
      }
      List<Server> copy;
      try {
        copy = List.copyOf(servers);
      } catch (NullPointerException e) {
        balancer.log().warn("the server list holds null; the last one stays in force", e);
        return;
      }
      if (latest.getAndSet(copy) == null) {
        onSource(ListSource.this::takeLatest);
      }
    }

    @Override
    public void confirmed() {
      if (!over && !closed) {
        onSource(ListSource.this::confirmed);
      }
    }

    @Override
    public void failed(Throwable cause) {
      if (!over && !closed) {
        refreshing.failed(cause);
        onSource(now -> ListSource.this.failed(cause, now));
      }
    }
  }
}
