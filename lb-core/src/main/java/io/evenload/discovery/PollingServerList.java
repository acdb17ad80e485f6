package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.concurrent.Callable;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A server list that asks a source of yours again and again.
 *
 * <pre>{@code
 * ServerList orders = PollingServerList.of(() -> registry.find("orders"), Duration.ofSeconds(10));
 * }</pre>
 *
 * <p>What the source answers is sorted by id, so that the same servers in another order are no
 * change; a null, and all but the first of different servers with one id, are left out and named in
 * the log. Whatever it throws is reported as {@linkplain ServerList.Listener#failed failed}, the
 * last good list stays, and it is asked again soon, ever less often while it fails. An answer
 * without servers is an empty list. Until the first with servers it is asked again after {@link
 * Builder#minBackoff} at the latest. A {@linkplain ServerList.Subscription#refresh refresh} puts
 * the next look forward, but {@link Builder#minGap} after the last one began at the earliest.
 *
 * <p>Each subscription asks on its own, and never twice at once. To close it interrupts the thread
 * that asks. Immutable and thread-safe; the source of one subscription is called by one thread at a
 * time, on daemon threads that all lists share, where one that hangs delays no other, or on the
 * scheduler given.
 */
public final class PollingServerList implements ServerList {

  private final Builder options;

  private PollingServerList(Builder options) {
    this.options = options;
  }

  /**
   * Returns a list that asks the source, then waits for the interval, with all defaults.
   *
   * @param source answers with all servers, or throws; it may block
   * @param interval from an answer to the next question, before jitter
   * @throws IllegalArgumentException if the interval is not 100 ms to 1 day
   */
  public static PollingServerList of(
      Callable<? extends Collection<Server>> source, Duration interval) {
    return builder(source).interval(interval).build();
  }

  /**
   * Returns a builder of a list that asks this source.
   *
   * @param source answers with all servers, or throws; it may block
   */
  public static Builder builder(Callable<? extends Collection<Server>> source) {
    requireNonNull(source, "source");
    return sourceBuilder(() -> () -> Answer.of(source.call()));
  }

  /**
   * Returns a builder of a list whose source says itself when to look again, or remembers what it
   * saw: by the time to live of a record, or by a long poll.
   *
   * @param sources makes the source of each subscription, on the thread that asks it
   */
  public static Builder sourceBuilder(Supplier<? extends Source> sources) {
    return new Builder(requireNonNull(sources, "sources"));
  }

  @Override
  public Subscription subscribe(Listener listener) {
    Poller poller = new Poller(options, requireNonNull(listener, "listener"));
    poller.start();
    return poller;
  }

  /** The name. */
  @Override
  public String toString() {
    return options.name;
  }

  /**
   * Where the servers of one subscription come from. Its methods are called by one thread at a
   * time, but for {@link #close}.
   */
  @FunctionalInterface
  public interface Source {

    /**
     * Looks once. It may block, also for minutes until something changes, if {@link
     * Builder#timeLimit} lets it, and should end when it is interrupted.
     *
     * @throws Exception if it cannot look: the last good list stays
     */
    Answer look() throws Exception;

    /**
     * Frees what the source holds and ends a {@link #look} that blocks in what no interrupt ends.
     * Called once when the subscription is closed, by whoever closes it, possibly while another
     * thread looks; it must not block.
     */
    default void close() {}

    /**
     * Has a {@link #look} that waits for changes answer with what there is now: whoever uses the
     * list has a reason to believe that it is out of date. Called while a look goes on, at most
     * once in each and not within the gap after its beginning, on any thread, which it must not
     * block; by default it does nothing, as a look that does not wait is over soon.
     */
    default void refresh() {}
  }

  /**
   * What a source found.
   *
   * @param servers all of them, in any order; a copy, in which nulls are let pass
   * @param next how long this holds, so that there is no use in looking before; zero to look again
   *     at once, though {@link Builder#minGap} after this look began at the earliest; null for the
   *     list's interval. Up to the jitter is added; what is longer than a day counts as a day
   */
  public record Answer(Collection<Server> servers, @Nullable Duration next) {

    /**
     * Copies the servers.
     *
     * @throws IllegalArgumentException if the duration is negative
     */
    public Answer {
      servers = Collections.unmodifiableList(new ArrayList<>(servers));
      if (next != null && next.isNegative()) {
        throw new IllegalArgumentException("next: " + next + " (expected: PT0S or more)");
      }
    }

    /** Returns an answer that holds for the list's interval. */
    public static Answer of(Collection<Server> servers) {
      return new Answer(servers, null);
    }

    /**
     * Returns an answer that holds for so long.
     *
     * @throws IllegalArgumentException if the duration is negative
     */
    public static Answer of(Collection<Server> servers, Duration next) {
      return new Answer(servers, requireNonNull(next, "next"));
    }
  }

  /** Collects the options of a {@link PollingServerList}; not thread-safe. */
  public static final class Builder {

    /** 10 seconds: a new server is seen soon, and a client asks six times a minute at most. */
    public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(10);

    /** A fifth: enough that clients started together drift apart within minutes. */
    public static final double DEFAULT_JITTER = 0.2;

    /** 1 second: a blip is over by then. */
    public static final Duration DEFAULT_MIN_BACKOFF = Duration.ofSeconds(1);

    /** 30 seconds: a source that is down is left alone, and its return is seen within a minute. */
    public static final Duration DEFAULT_MAX_BACKOFF = Duration.ofSeconds(30);

    /** 1 second: callers that ask for a refresh at each failed call cost the source little. */
    public static final Duration DEFAULT_MIN_GAP = Duration.ofSeconds(1);

    /** 1 minute: longer than any answer of a registry that works. */
    public static final Duration DEFAULT_TIME_LIMIT = Duration.ofMinutes(1);

    static final Duration MAX_INTERVAL = Duration.ofDays(1);

    private static final Logger LOGGER = LoggerFactory.getLogger(PollingServerList.class);

    final Supplier<? extends Source> sources;
    String name = "PollingServerList";
    Duration interval = DEFAULT_INTERVAL;
    double jitter = DEFAULT_JITTER;
    Duration minBackoff = DEFAULT_MIN_BACKOFF;
    Duration maxBackoff = DEFAULT_MAX_BACKOFF;
    Duration minGap = DEFAULT_MIN_GAP;
    @Nullable Duration timeLimit = DEFAULT_TIME_LIMIT;
    LongSupplier nanoTime = System::nanoTime;
    RandomGenerator random = () -> ThreadLocalRandom.current().nextLong();
    @Nullable ScheduledExecutorService scheduler;
    Logger logger = LOGGER;
    String asked = "the source";

    private Builder(Supplier<? extends Source> sources) {
      this.sources = sources;
    }

    private Builder(Builder other) {
      sources = other.sources;
      name = other.name;
      interval = other.interval;
      jitter = other.jitter;
      minBackoff = other.minBackoff;
      maxBackoff = other.maxBackoff;
      minGap = other.minGap;
      timeLimit = other.timeLimit;
      nanoTime = other.nanoTime;
      random = other.random;
      scheduler = other.scheduler;
      logger = other.logger;
      asked = other.asked;
    }

    /**
     * Sets what the list is called in the log and in the status: where it comes from, without
     * credentials. {@code PollingServerList} by default.
     *
     * @throws IllegalArgumentException if the name is blank
     */
    public Builder name(String name) {
      if (requireNonNull(name, "name").isBlank()) {
        throw new IllegalArgumentException("name: '" + name + "' (expected: not blank)");
      }
      this.name = name;
      return this;
    }

    /**
     * Sets the time from an answer that does not say how long it holds to the next look, before
     * jitter; 10 seconds by default.
     *
     * @throws IllegalArgumentException if the interval is not 100 ms to 1 day
     */
    public Builder interval(Duration interval) {
      this.interval = checked("interval", interval, Duration.ofMillis(100), MAX_INTERVAL);
      return this;
    }

    /**
     * Sets by which part each wait is shorter or longer at random, 0.2 by default. A wait that an
     * answer asked for is only made longer.
     *
     * @throws IllegalArgumentException if the jitter is not 0 to 0.5
     */
    public Builder jitter(double jitter) {
      if (!(jitter >= 0 && jitter <= 0.5)) {
        throw new IllegalArgumentException("jitter: " + jitter + " (expected: 0 to 0.5)");
      }
      this.jitter = jitter;
      return this;
    }

    /**
     * Sets the wait after a first failure, before jitter, which doubles with each further one in a
     * row; 1 second by default.
     *
     * @throws IllegalArgumentException if the duration is not 10 ms to 1 hour
     */
    public Builder minBackoff(Duration minBackoff) {
      this.minBackoff =
          checked("minBackoff", minBackoff, Duration.ofMillis(10), Duration.ofHours(1));
      return this;
    }

    /**
     * Sets the longest wait after a failure, before jitter; 30 seconds by default.
     *
     * @throws IllegalArgumentException if the duration is not 10 ms to 1 day
     */
    public Builder maxBackoff(Duration maxBackoff) {
      this.maxBackoff =
          checked("maxBackoff", maxBackoff, Duration.ofMillis(10), Duration.ofDays(1));
      return this;
    }

    /**
     * Sets the least time from the beginning of a look to that of the next, if a refresh or an
     * answer asks for one; 1 second by default. A long poll that is answered at once each time is
     * thus asked no oftener.
     *
     * @throws IllegalArgumentException if the duration is not 1 ms to 1 hour
     */
    public Builder minGap(Duration minGap) {
      this.minGap = checked("minGap", minGap, Duration.ofMillis(1), Duration.ofHours(1));
      return this;
    }

    /**
     * Sets after how long a look has failed, and is interrupted; 1 minute by default. What it
     * answers after that, having ignored the interrupt, is still believed. A long poll needs more
     * than it may wait. With a scheduler of one thread, a look that blocks it is not interrupted.
     *
     * @throws IllegalArgumentException if the duration is not 10 ms to 1 day
     */
    public Builder timeLimit(Duration timeLimit) {
      this.timeLimit = checked("timeLimit", timeLimit, Duration.ofMillis(10), Duration.ofDays(1));
      return this;
    }

    /** Lets a look take as long as it will. */
    public Builder withoutTimeLimit() {
      this.timeLimit = null;
      return this;
    }

    /** Sets the source of time in nanoseconds; {@link System#nanoTime} by default. */
    public Builder nanoTime(LongSupplier nanoTime) {
      this.nanoTime = requireNonNull(nanoTime, "nanoTime");
      return this;
    }

    /** Sets the source of randomness for the jitter; {@link ThreadLocalRandom} by default. */
    public Builder random(RandomGenerator random) {
      this.random = requireNonNull(random, "random");
      return this;
    }

    /**
     * Sets where the source is asked; the caller shuts it down. By default all lists share daemon
     * threads. As the source may block, this should not be a scheduler that others wait for.
     */
    public Builder scheduler(ScheduledExecutorService scheduler) {
      this.scheduler = requireNonNull(scheduler, "scheduler");
      return this;
    }

    /** Sets where it is logged, and what the log calls that which is asked. */
    Builder log(Logger logger, String asked) {
      this.logger = logger;
      this.asked = asked;
      return this;
    }

    /**
     * Returns the list; later changes of this builder do not affect it.
     *
     * @throws IllegalArgumentException if {@code minBackoff} is longer than {@code maxBackoff}
     */
    public PollingServerList build() {
      if (minBackoff.compareTo(maxBackoff) > 0) {
        throw new IllegalArgumentException(
            "minBackoff: " + minBackoff + " (expected: <= maxBackoff, " + maxBackoff + ")");
      }
      return new PollingServerList(new Builder(this));
    }

    static Duration checked(String name, Duration value, Duration least, Duration most) {
      requireNonNull(value, name);
      if (value.compareTo(least) < 0 || value.compareTo(most) > 0) {
        throw new IllegalArgumentException(
            name + ": " + value + " (expected: " + least + " to " + most + ")");
      }
      return value;
    }
  }
}
