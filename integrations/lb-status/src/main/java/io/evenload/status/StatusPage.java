package io.evenload.status;

import static java.util.Objects.requireNonNull;

import com.sun.net.httpserver.HttpHandler;
import io.evenload.LoadBalancer;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What balancers know and do, live, as a page for people and as JSON for programs.
 *
 * <pre>{@code
 * StatusPage page = StatusPage.of(orders, users);
 * StatusServer server = StatusServer.start(page, 8081); // http://127.0.0.1:8081/
 * }</pre>
 *
 * <p>The page is one HTML document that needs nothing else: no other file, no other host. It asks
 * for itself every two seconds, at the address that it came from, and every five without
 * JavaScript; so any web framework can serve {@link #html()} from one route. An application with
 * the JDK's HTTP server mounts {@link #handler}.
 *
 * <p>It shows the servers' states and why, their weight, what is in flight, latency, the attempts
 * that ended in the last minute, and the latest changes. What it remembers is bounded: a minute of
 * counts for each server that is known, and so many changes for each balancer. A balancer that is
 * closed disappears.
 *
 * <p>Thread-safe. An attempt costs a lookup and two striped additions more while the page exists.
 */
public final class StatusPage implements AutoCloseable {

  private final List<Watch> watches = new CopyOnWriteArrayList<>();
  private final InstantSource time;
  private final int mostChanges;
  private final ScheduledExecutorService scheduler;
  private final boolean ownsScheduler;
  private final ScheduledFuture<?> timer;

  private StatusPage(Builder builder) {
    time = builder.time;
    mostChanges = builder.changes;
    ScheduledExecutorService given = builder.scheduler;
    scheduler = given != null ? given : daemon();
    ownsScheduler = given == null;
    builder.balancers.forEach(this::add);
    long period = ServerCounts.SLOT.toNanos();
    timer = scheduler.scheduleAtFixedRate(this::tick, period, period, TimeUnit.NANOSECONDS);
  }

  /** Returns the page of these balancers, with all defaults. */
  public static StatusPage of(LoadBalancer... balancers) {
    Builder builder = builder();
    for (LoadBalancer balancer : balancers) {
      builder.balancer(balancer);
    }
    return builder.build();
  }

  /** Returns a builder. */
  public static Builder builder() {
    return new Builder();
  }

  /** Shows one more balancer, below the others; nothing happens if it is shown already. */
  public synchronized void add(LoadBalancer balancer) {
    requireNonNull(balancer, "balancer");
    if (watches.stream().noneMatch(watch -> watch.isOf(balancer))) {
      watches.add(new Watch(balancer, time, mostChanges));
    }
  }

  /**
   * Returns the page: a whole HTML document, in which all that came from elsewhere is escaped. It
   * should be served as UTF-8 and not be cached. Of a balancer with more than {@value
   * PageHtml#MOST_ROWS} servers it shows so many: first those that may not be chosen, then the
   * busiest.
   */
  public String html() {
    return PageHtml.of(views(), time.instant());
  }

  /**
   * Returns what the page shows as JSON:
   *
   * <pre>{@code
   * {
   *   "time": "2026-01-31T12:00:00Z",
   *   "slotSeconds": 2,                   // of "attempts" and "failures" below
   *   "balancers": [
   *     {
   *       ...                             // all of StatusJson.of
   *       "endpoints": [
   *         {
   *           ...                         // all of StatusJson.of
   *           "lastMinute": {
   *             "share": 0.25,            // of the attempts at all servers; 0 if there was none
   *             "attempts": [4, 5, ...],  // that ended in each slot, the oldest of 30 first
   *             "failures": [0, 1, ...]   // and were failures
   *           }
   *         }
   *       ],
   *       "attempts": {"succeeded": 90, "failed": 2, "cancelled": 0}, // since the page watches
   *       "changes": [                    // the latest first
   *         {
   *           "time": "2026-01-31T11:59:58Z",
   *           "kind": "STATE",            // or DRAINED, LIST, LIST_FAILED
   *           "server": "10.0.0.1:8080",  // null for LIST and LIST_FAILED
   *           "from": "ELIGIBLE",         // null but for STATE
   *           "to": "EJECTED",            // null but for STATE
   *           "text": "5 failures in a row"
   *         }
   *       ]
   *     }
   *   ]
   * }
   * }</pre>
   *
   * Fields may be added.
   */
  public String json() {
    return StatusJson.page(views(), time.instant());
  }

  /**
   * Returns a handler for the JDK's HTTP server, at any context path: the page, and with {@code
   * ?format=json} the JSON. It answers GET and HEAD and changes nothing.
   *
   * <p>Without further hosts it answers clients on this machine alone, and only if the request's
   * {@code Host} is {@code localhost} or a loopback address: so a web site cannot have a browser
   * read it under a name of its own (DNS rebinding). It knows no users; who may see it from
   * elsewhere is up to a proxy in front of it, or to the server that it is mounted on.
   *
   * @param allowedHosts names, without a port, that requests may also be for; with one or more,
   *     clients on other machines are answered too
   * @throws IllegalArgumentException if a name is blank or has a port
   */
  public HttpHandler handler(String... allowedHosts) {
    return new StatusHandler(this, List.of(allowedHosts));
  }

  /** Stops watching. What was seen last stays; idempotent. */
  @Override
  public void close() {
    timer.cancel(false);
    watches.forEach(Watch::stop);
    if (ownsScheduler) {
      scheduler.shutdown();
    }
  }

  /** How many servers the page has counts of. */
  int counted() {
    return watches.stream().mapToInt(Watch::counted).sum();
  }

  private List<BalancerView> views() {
    return watches.stream().map(Watch::view).filter(view -> !view.status().closed()).toList();
  }

  private void tick() {
    List<Watch> closed = watches.stream().filter(watch -> !watch.tick()).toList();
    closed.forEach(Watch::stop);
    watches.removeAll(closed);
  }

  private static ScheduledExecutorService daemon() {
    return Executors.newSingleThreadScheduledExecutor(
        task -> {
          Thread thread = new Thread(null, task, "evenload-status", 0, false);
          thread.setDaemon(true);
          thread.setContextClassLoader(null); // an application's, which would stay in memory
          return thread;
        });
  }

  /** Collects the options of a {@link StatusPage}; not thread-safe. */
  public static final class Builder {

    /** 50 changes: what one looks through after an incident. */
    public static final int DEFAULT_CHANGES = 50;

    private static final int MOST_CHANGES = 1_000;

    private final List<LoadBalancer> balancers = new ArrayList<>();
    private int changes = DEFAULT_CHANGES;
    private InstantSource time = InstantSource.system();
    private @Nullable ScheduledExecutorService scheduler;

    private Builder() {}

    /** Adds a balancer; by default there is none. See {@link StatusPage#add}. */
    public Builder balancer(LoadBalancer balancer) {
      balancers.add(requireNonNull(balancer, "balancer"));
      return this;
    }

    /**
     * Sets how many changes of each balancer are remembered; 50 by default.
     *
     * @throws IllegalArgumentException if the number is not 1 to 1,000
     */
    public Builder changes(int most) {
      if (most < 1 || most > MOST_CHANGES) {
        throw new IllegalArgumentException(
            "changes: " + most + " (expected: 1 to " + MOST_CHANGES + ")");
      }
      this.changes = most;
      return this;
    }

    /** Sets the time of day, for what is shown; the system's by default. */
    public Builder time(InstantSource time) {
      this.time = requireNonNull(time, "time");
      return this;
    }

    /**
     * Sets what runs the timer that counts the last minute, which the caller shuts down; by default
     * one daemon thread of the page's own.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = requireNonNull(scheduler, "scheduler");
      return this;
    }

    /** Returns the page, which watches from now on. */
    public StatusPage build() {
      return new StatusPage(this);
    }
  }
}
