package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A list whose last good state is kept in a file, so that a process can start while its source is
 * down.
 *
 * <pre>{@code
 * ServerList orders = StoredServerList.of(consul, Path.of("/var/cache/shop/orders.json"));
 * }</pre>
 *
 * <p>The file is read if the source fails, or cannot be subscribed to, before its first list, if
 * that is empty, as of a registry that has lost its data, or has not come within {@link
 * #DEFAULT_PATIENCE}. Its servers are then the list until the source answers, which counts as
 * {@linkplain ServerList.Listener#failed failed} and is logged, both with the age of the file; an
 * empty list is passed on after it, so that the balancer believes it after its grace. A file that
 * is corrupted or older than {@link #DEFAULT_MAX_AGE} is ignored with a warning.
 *
 * <p>Every list that has servers is written, at most once in 10 seconds, and again after 10 minutes
 * in which the source confirmed it, so that its age is known. Writing replaces the file at once: a
 * crash leaves the old one or the new one. It is the format of {@link FileServerList}. What is
 * stored is all that the source says of each server: id, host, port, weight, zone, priority and
 * <em>its metadata</em>; if those have secrets in them, remove them by {@link ServerLists#map}
 * before. Credentials of the source are no part of a list and are not stored. The owner alone may
 * read the file; whoever can write it says where calls go until the source answers.
 *
 * <p>Immutable and thread-safe. The directory must exist. Of two processes that share a file the
 * last one wins.
 */
public final class StoredServerList implements ServerList {

  /** 2 seconds: longer than a source takes that works, shorter than a start may wait. */
  public static final Duration DEFAULT_PATIENCE = Duration.ofSeconds(2);

  /** 1 day: longer than most outages; addresses that are older may be somebody else's by now. */
  public static final Duration DEFAULT_MAX_AGE = Duration.ofDays(1);

  private static final Logger LOGGER = LoggerFactory.getLogger(ServerLists.class);
  private static final String SILENT = "the source has not answered yet";

  private final ServerList source;
  private final Path file;
  private final Duration patience;
  private final Duration maxAge;
  private final Timing timing;
  private final InstantSource clock;

  private StoredServerList(
      ServerList source,
      Path file,
      Duration patience,
      Duration maxAge,
      Timing timing,
      InstantSource clock) {
    this.source = source;
    this.file = file;
    this.patience = patience;
    this.maxAge = maxAge;
    this.timing = timing;
    this.clock = clock;
  }

  /** Returns a list that keeps the last good state of the source in this file. */
  public static StoredServerList of(ServerList source, Path file) {
    return new StoredServerList(
        requireNonNull(source, "source"),
        requireNonNull(file, "file"),
        DEFAULT_PATIENCE,
        DEFAULT_MAX_AGE,
        Timing.SYSTEM,
        InstantSource.system());
  }

  /**
   * Returns the same list with another time that the source has for its first answer; zero has the
   * file read at once.
   *
   * @throws IllegalArgumentException if the time is not 0 to 1 hour
   */
  public StoredServerList patience(Duration patience) {
    return new StoredServerList(
        source,
        file,
        PollingServerList.Builder.checked("patience", patience, Duration.ZERO, Duration.ofHours(1)),
        maxAge,
        timing,
        clock);
  }

  /**
   * Returns the same list with another age above which a file is ignored.
   *
   * @throws IllegalArgumentException if the age is not 1 minute to 365 days
   */
  public StoredServerList maxAge(Duration maxAge) {
    return new StoredServerList(
        source,
        file,
        patience,
        PollingServerList.Builder.checked(
            "maxAge", maxAge, Duration.ofMinutes(1), Duration.ofDays(365)),
        timing,
        clock);
  }

  /**
   * Returns the same list that lives by these clocks, such as those of a test.
   *
   * @param nanoTime the source of time in nanoseconds
   * @param scheduler where the file is written; the caller shuts it down
   * @param clock says when a file was written
   */
  public StoredServerList timedBy(
      LongSupplier nanoTime, ScheduledExecutorService scheduler, InstantSource clock) {
    return new StoredServerList(
        source,
        file,
        patience,
        maxAge,
        Timing.of(nanoTime, scheduler),
        requireNonNull(clock, "clock"));
  }

  @Override
  public Subscription subscribe(Listener listener) {
    Storing storing = new Storing(listener);
    try {
      storing.start(source);
    } catch (Throwable e) { // who subscribes tries again, and has the stored list meanwhile
      storing.subscriber.execute(() -> storing.failed(e));
      storing.close();
      throw e;
    }
    storing.wait(patience);
    return storing;
  }

  @Override
  public String toString() {
    return "stored[" + source + "]";
  }

  private final class Storing extends Stage {
    private final ListWriter writer;
    private boolean answered; // by the source
    private boolean read;

    Storing(Listener listener) {
      super(StoredServerList.this.toString(), StoredServerList.this.timing, listener);
      writer = new ListWriter(toString(), file, timing, clock);
    }

    void wait(Duration patience) {
      subscriber.execute(
          () -> {
            if (patience.isZero()) {
              readFile(SILENT);
            } else if (!answered && !read) {
              after(patience.toNanos(), () -> readFile(SILENT));
            }
          });
    }

    @Override
    void updated(List<Server> servers) {
      if (servers.isEmpty()) {
        readFile("the source knows of no server"); // which the balancer gives some time, too
      }
      answered = true;
      subscriber.updated(servers);
      if (!servers.isEmpty()) {
        writer.write(servers);
      }
    }

    @Override
    void confirmed() {
      if (answered) {
        subscriber.confirmed();
        writer.confirmed();
      }
    }

    @Override
    void failed(Throwable cause) {
      readFile(SILENT);
      subscriber.failed(cause);
    }

    /** Has the stored servers be the list, for this reason, if nothing else ever was. */
    private void readFile(String why) {
      if (answered || read) {
        return;
      }
      read = true;
      try {
        take(ServersJson.parse(SmallFile.text(SmallFile.read(file))), why);
      } catch (NoSuchFileException e) {
        LOGGER.info("{}: there is no {} yet", subscriber, file);
      } catch (IOException | IllegalArgumentException e) {
        LOGGER.warn("{}: {} is ignored", subscriber, file, e);
      }
    }

    private void take(ServersJson stored, String why) {
      Duration age = age(stored.written());
      if (age != null && age.compareTo(maxAge) > 0) {
        LOGGER.warn("{}: {} is ignored, as it is {} old", subscriber, file, age);
        return;
      }
      List<Server> servers =
          new Entries(toString(), LOGGER, timing.nanoTime()).of(stored.servers());
      if (servers.isEmpty()) {
        return;
      }
      String from =
          servers.size()
              + " servers from "
              + file
              + ", "
              + (age == null ? "of unknown age" : age + " old");
      LOGGER.warn("{}: no list yet, so it is {}", subscriber, from);
      subscriber.updated(servers);
      subscriber.failed(new IOException(why + ": " + from));
    }

    private @Nullable Duration age(@Nullable Instant written) {
      if (written == null) {
        return null;
      }
      Duration age = Duration.between(written, clock.instant());
      return age.isNegative() ? Duration.ZERO : Duration.ofSeconds(age.toSeconds());
    }

    @Override
    public void close() {
      super.close();
      writer.close();
    }

    @Override
    public String toString() {
      return StoredServerList.this.toString();
    }
  }
}
