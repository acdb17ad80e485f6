package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.PollingServerList.Answer;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The servers that a file names, read anew every second.
 *
 * <pre>{@code
 * {"servers": [
 *   "10.0.0.1:8080",
 *   {"host": "10.0.0.2", "port": 8080, "weight": 2, "zone": "eu-1a"}
 * ]}
 * }</pre>
 *
 * <p>It is JSON in UTF-8. A server is a text {@code host:port} or an object with {@code host} and
 * {@code port} and, if they are not the defaults of {@link Server}, {@code id}, {@code weight},
 * {@code zone}, {@code priority} and {@code metadata}, an object of texts; beside the servers the
 * file may say when it was {@code written}. A file that is not of that form is reported as
 * {@linkplain ServerList.Listener#failed failed}, with the place, and so is one that is missing,
 * not readable or larger than 64 MB: the last good list stays. An empty array is an empty list.
 *
 * <p>The file may be replaced (by renaming another, or by turning a symbolic link, as Kubernetes
 * does for a ConfigMap) or written in place: a change is believed when two readings, a tenth of a
 * second apart, are the same, and a half-written file is not of the form. It works on every file
 * system, as it reads what is there and waits for no event. Replacing is safer: a writer that stops
 * half-way in place leaves a file that cannot be used at the next start.
 *
 * <p>Immutable and thread-safe. Files are read on the threads that {@link PollingServerList} uses.
 */
public final class FileServerList implements ServerList {

  /** 1 second: soon enough for people, and reading a file that often costs nothing. */
  public static final Duration DEFAULT_INTERVAL = Duration.ofSeconds(1);

  private static final Duration SETTLE = Duration.ofMillis(100);
  private static final Duration MAX_BACKOFF = Duration.ofSeconds(5);

  private final Path file;
  private final PollingServerList list;
  private final Duration interval;
  private final Timing timing;

  private FileServerList(Path file, Duration interval, Timing timing) {
    this.file = file;
    this.interval = interval;
    this.timing = timing;
    Duration backoff = interval.compareTo(MAX_BACKOFF) < 0 ? interval : MAX_BACKOFF;
    PollingServerList.Builder options =
        PollingServerList.sourceBuilder(() -> new Reading(file))
            .name(toString())
            .interval(interval)
            .minBackoff(backoff)
            .maxBackoff(backoff)
            .minGap(SETTLE)
            .nanoTime(timing.nanoTime());
    ScheduledExecutorService scheduler = timing.scheduler();
    this.list = (scheduler == null ? options : options.scheduler(scheduler)).build();
  }

  /** Returns the list of the servers in the file, which need not exist yet. */
  public static FileServerList of(Path file) {
    return new FileServerList(requireNonNull(file, "file"), DEFAULT_INTERVAL, Timing.SYSTEM);
  }

  /**
   * Returns the same list, read that often.
   *
   * @param interval before a jitter of a fifth
   * @throws IllegalArgumentException if the interval is not 100 ms to 1 day
   */
  public FileServerList interval(Duration interval) {
    return new FileServerList(file, interval, timing);
  }

  /**
   * Returns the same list that lives by this clock, such as one of a test.
   *
   * @param nanoTime the source of time in nanoseconds
   * @param scheduler where the file is read; the caller shuts it down
   */
  public FileServerList timedBy(LongSupplier nanoTime, ScheduledExecutorService scheduler) {
    return new FileServerList(file, interval, Timing.of(nanoTime, scheduler));
  }

  @Override
  public Subscription subscribe(Listener listener) {
    return list.subscribe(listener);
  }

  @Override
  public String toString() {
    return "FileServerList " + file;
  }

  /** What one subscription has read. */
  private static final class Reading implements PollingServerList.Source {
    private final Path file;
    private byte @Nullable [] believed;
    private byte @Nullable [] seen; // another content, read once
    private List<Server> servers = List.of();

    Reading(Path file) {
      this.file = file;
    }

    @Override
    public Answer look() throws IOException {
      byte[] content = SmallFile.read(file);
      if (Arrays.equals(content, believed)) {
        seen = null;
        return Answer.of(servers);
      }
      boolean settled = believed == null || Arrays.equals(content, seen);
      seen = content;
      if (!settled) {
        return Answer.of(servers, SETTLE);
      }
      try {
        servers = ServersJson.parse(SmallFile.text(content)).servers();
      } catch (IllegalArgumentException e) {
        throw new IOException(file + ": " + e.getMessage(), e);
      }
      believed = content;
      return Answer.of(servers);
    }
  }
}
