package io.evenload.discovery;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.Server;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes the last list into a file, by a timer and never on the thread that brings it: one write at
 * a time, and a gap between two. Thread-safe.
 */
final class ListWriter {

  private static final Logger LOGGER = LoggerFactory.getLogger(ServerLists.class);
  private static final long GAP_NANOS = TimeUnit.SECONDS.toNanos(10);
  private static final long RENEW_NANOS = TimeUnit.MINUTES.toNanos(10);

  private final String list;
  private final Path file;
  private final Timing timing;
  private final InstantSource clock;
  private boolean failing; // within a write

  @GuardedBy("this")
  private @Nullable List<Server> latest;

  @GuardedBy("this")
  private @Nullable List<Server> written;

  @GuardedBy("this")
  private @Nullable Instant since; // when the latest was given or confirmed

  @GuardedBy("this")
  private long wroteNanos;

  @GuardedBy("this")
  private boolean wrote;

  @GuardedBy("this")
  private boolean planned; // or running

  @GuardedBy("this")
  private @Nullable Future<?> timer;

  @GuardedBy("this")
  private boolean closed;

  ListWriter(String list, Path file, Timing timing, InstantSource clock) {
    this.list = list;
    this.file = file;
    this.timing = timing;
    this.clock = clock;
  }

  /** Has the list written soon. */
  void write(List<Server> servers) {
    synchronized (this) {
      latest = servers;
      since = clock.instant();
    }
    plan();
  }

  /** Has the last list written again, with the time, if that was long ago. */
  void confirmed() {
    synchronized (this) {
      since = clock.instant();
      if (wrote && timing.now() - wroteNanos < RENEW_NANOS) {
        return;
      }
      written = null;
    }
    plan();
  }

  private synchronized void plan() {
    if (planned || closed || latest == null || latest.equals(written)) {
      return;
    }
    long wait = wrote ? Math.max(0, wroteNanos + GAP_NANOS - timing.now()) : 0;
    try {
      timer = timing.after(wait, this::run);
      planned = true;
    } catch (RejectedExecutionException e) {
      LOGGER.warn("{}: its scheduler refused, so {} is not written", list, file, e);
    }
  }

  private void run() {
    ServersJson content;
    synchronized (this) {
      if (closed || latest == null) {
        return;
      }
      written = latest;
      content = new ServersJson(latest, since);
    }
    try {
      SmallFile.replace(file, content.text());
      failing = false;
    } catch (IOException | RuntimeException e) {
      if (!failing) {
        LOGGER.warn("{}: {} could not be written; it is tried again", list, file, e);
      }
      failing = true;
    }
    synchronized (this) {
      wrote = true;
      wroteNanos = timing.now();
      planned = false;
      if (failing) {
        written = null;
      }
    }
    plan();
  }

  /** Nothing begins to be written after this. */
  void close() {
    Future<?> waiting;
    synchronized (this) {
      closed = true;
      waiting = timer;
      timer = null;
    }
    if (waiting != null) {
      waiting.cancel(false);
    }
  }
}
