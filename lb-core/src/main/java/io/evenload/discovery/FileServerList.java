package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.PollingServerList.Answer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The servers that a file names, read anew twice a second.
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
 * does for a ConfigMap) or written in place, which is believed when two readings, a tenth of a
 * second apart, are the same; a half-written file is not of the form. It works on every file
 * system, as it reads what is there and waits for no event. Replacing is better: a writer that
 * stops half-way in place leaves a file that cannot be used at the next start, and one that writes
 * ten times a second in place is never seen to have ended.
 *
 * <p>Immutable and thread-safe. Files are read on the threads that {@link PollingServerList} uses.
 */
public final class FileServerList implements ServerList {

  /**
   * Half a second: with the jitter, and a second reading of what is new, a change is known within
   * three quarters of a second; reading a file of thousands of servers takes a millisecond.
   */
  public static final Duration DEFAULT_INTERVAL = Duration.ofMillis(500);

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

    /*
     * Of a file that is overwritten in place one may read the beginning of the new content with the end of the old, which
     * can look well: so it has to be the same a moment later. Another file in its place never had other content; if it is
     * of the form it is whole, as the last character alone closes the outermost bracket. It counts at once, or a file that
     * is replaced all the time would never be the same twice. (File systems give the number of a file that is gone to
     * another one, which is then taken for the same: it has to be read twice, or is another one by then.)
     */

    private final Path file;
    private byte @Nullable [] believed;
    private @Nullable Object believedKey; // which file that was, if the file system tells
    private byte @Nullable [] seen; // another content, read once
    private List<Server> servers = List.of();

    Reading(Path file) {
      this.file = file;
    }

    @Override
    public Answer look() throws IOException {
      Object before = key();
      byte[] content = SmallFile.read(file);
      Object key = Objects.equals(before, key()) ? before : null; // else replaced meanwhile
      if (Arrays.equals(content, believed)) {
        seen = null;
        believedKey = key;
        return Answer.of(servers);
      }
      boolean again = believed == null || Arrays.equals(content, seen);
      boolean another = key != null && believedKey != null && !key.equals(believedKey);
      seen = content;
      if (again || another) {
        try {
          servers = ServersJson.parse(SmallFile.text(content)).servers();
          believed = content;
          believedKey = key;
          return Answer.of(servers);
        } catch (IllegalArgumentException e) {
          if (again) {
            throw new IOException(file + ": " + e.getMessage(), e);
          }
        }
      }
      return Answer.of(servers, SETTLE);
    }

    private @Nullable Object key() throws IOException {
      BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
      if (attributes.isOther()) {
        throw new IOException(file + ": a pipe or a device (expected: a file)"); // that might block
      }
      return attributes.fileKey();
    }
  }
}
