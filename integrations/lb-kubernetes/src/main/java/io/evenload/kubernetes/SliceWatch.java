package io.evenload.kubernetes;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.ServerList;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import okhttp3.Call;
import okhttp3.Response;
import okio.BufferedSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One subscription to a {@link KubernetesServerList}: lists, watches and tells. */
final class SliceWatch implements ServerList.Subscription {

  /*
   * One thread does all: it lists the slices, then watches from the version of the list on. A watch that ends is followed
   * by another one from the last version seen, so that nothing is lost and nothing is sent twice. All is listed anew when
   * the API server has forgotten that version (410 Gone), when a watch broke or met an error, when it is time, and when it
   * is asked for; lists are a second apart at least. A list must not be older than what was seen before; if the API server
   * does not know a version so new, its data were lost, and the newest list counts. A partial list is never told.
   *
   * A watch tells nothing while nothing happens. So it has a time after which the API server has to end it, and a call
   * timeout a little later: one that is silent beyond that is dead.
   *
   * The lock guards what others may change: close and refresh, which cancel the running call or wake the thread.
   */

  static final String THREAD = "evenload-kubernetes";

  private static final Logger logger = LoggerFactory.getLogger(KubernetesServerList.class);
  private static final long LIST_GAP_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LIVED_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final int MOST_AT_ONCE = 100;
  private static final long LONGEST_EVENT = 16L << 20;
  private static final String ANY_VERSION = "0";
  private static final String NEWEST_VERSION = "";

  private final KubernetesServerList.Builder options;
  private final Teller teller;
  private final LongSupplier nanoTime = System::nanoTime;
  private final SliceApi api;
  private final Slices slices;
  private final Backoff backoff;

  private @Nullable String version; // that the next watch begins at; null: list first
  private @Nullable String seen; // the last version that anything had
  private boolean newestOnly; // as the API server refused what it was asked last
  private boolean listed;
  private long listedNanos;
  private long relistNanos;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  @GuardedBy("lock")
  private boolean closed;

  @GuardedBy("lock")
  private boolean relistWanted;

  @GuardedBy("lock")
  private boolean watching;

  @GuardedBy("lock")
  private @Nullable Call running;

  SliceWatch(KubernetesServerList.Builder options, ServerList.Listener listener) {
    this.options = options;
    this.teller = new Teller(options.toString(), listener);
    this.api = new SliceApi(options, this::execute);
    this.slices = options.slices();
    this.backoff = new Backoff(options.random());
  }

  /** Begins on a thread that takes nothing over from this one. */
  void start() {
    Thread thread = new Thread(null, this::run, THREAD, 0, false);
    thread.setDaemon(true);
    thread.setContextClassLoader(null);
    thread.start();
  }

  private void run() {
    ApiClient client = options.cluster().client();
    client.enter();
    try {
      while (!isClosed()) {
        turn();
      }
    } finally {
      client.leave();
    }
  }

  private void turn() {
    try {
      String from = version;
      if (from == null || relistIsDue()) {
        list();
      } else {
        watch(from);
      }
    } catch (Throwable e) {
      fault(e);
    }
  }

  private void list() throws IOException {
    if (listed) {
      pauseUntil(listedNanos + backoff.jittered(LIST_GAP_NANOS), false);
    }
    if (!beginList()) {
      return;
    }
    listed = true;
    listedNanos = nanoTime.getAsLong();
    SliceApi.Listing listing;
    try {
      listing = listing();
    } catch (ApiException e) {
      newestOnly = true;
      throw e;
    }
    newestOnly = false;
    slices.replace(listing.slices());
    version = listing.resourceVersion();
    seen = listing.resourceVersion();
    relistNanos = nanoTime.getAsLong() + backoff.jittered(options.relistInterval().toNanos());
    if (slices.isEmpty() && !teller.hasTold()) {
      logger.warn("{}: no EndpointSlice has the label of this service", options);
    }
    teller.tell(slices.known());
  }

  /** Returns what the API server has at hand, or the newest if that is older than what was seen. */
  private SliceApi.Listing listing() throws IOException {
    String last = seen;
    if (!newestOnly) {
      SliceApi.Listing any = api.list(ANY_VERSION);
      if (last == null || !isOlder(any.resourceVersion(), last)) {
        return any;
      }
    }
    return api.list(NEWEST_VERSION);
  }

  /** Whether one version is before the other, or that cannot be told. */
  private static boolean isOlder(String one, String other) {
    boolean numbers = one.matches("[0-9]{1,18}") && other.matches("[0-9]{1,18}");
    return numbers ? Long.parseLong(one) < Long.parseLong(other) : !one.equals(other);
  }

  private boolean beginList() {
    lock.lock();
    try {
      relistWanted = false;
      watching = false;
      return !closed;
    } finally {
      lock.unlock();
    }
  }

  private boolean relistIsDue() {
    lock.lock();
    try {
      return relistWanted || nanoTime.getAsLong() - relistNanos >= 0;
    } finally {
      lock.unlock();
    }
  }

  private void watch(String from) throws IOException {
    long begun = nanoTime.getAsLong();
    lock.lock();
    try {
      watching = true;
    } finally {
      lock.unlock();
    }
    int events = 0;
    try (Response response = api.watch(from, secondsOfWatch())) {
      BufferedSource source = response.body().source();
      while (!source.exhausted()) {
        events++;
        take(source);
      }
    } catch (IOException e) {
      version = null;
      throwUnlessGone(e);
    } finally {
      if (events > 0 || nanoTime.getAsLong() - begun > LIVED_NANOS) {
        backoff.reset();
      }
    }
    if (events == 0 && version != null && nanoTime.getAsLong() - begun < LIVED_NANOS) {
      throw new IOException("the watch ended at once");
    }
  }

  /** A watch broke; if its version is forgotten, all it takes is a new list. */
  private void throwUnlessGone(IOException cause) throws IOException {
    if (cause instanceof ApiException refusal) {
      newestOnly = true;
      if (refusal.isGone()) {
        return;
      }
    }
    if (cause instanceof InterruptedIOException) {
      throw new IOException("the watch was silent beyond its time, or not answered", cause);
    }
    throw cause;
  }

  private long secondsOfWatch() {
    long wanted = backoff.jittered(options.watchTimeout().toNanos());
    long untilRelist = relistNanos - nanoTime.getAsLong();
    return Math.max(1, Duration.ofNanos(Math.min(wanted, untilRelist)).toSeconds());
  }

  /** Takes an event, and those that came with it, and tells what follows from them all. */
  private void take(BufferedSource source) throws IOException {
    boolean bringsNews = false;
    int taken = 0;
    do {
      bringsNews |= take(line(source));
      taken++;
    } while (taken < MOST_AT_ONCE && source.getBuffer().indexOf((byte) '\n') >= 0);
    if (bringsNews) {
      teller.tell(slices.known());
    }
  }

  private static byte[] line(BufferedSource source) throws IOException {
    long end = source.indexOf((byte) '\n', 0, LONGEST_EVENT);
    if (end < 0) {
      throw new EOFException(
          "an event that is cut off, or longer than " + LONGEST_EVENT + " bytes");
    }
    byte[] line = source.readByteArray(end);
    source.skip(1);
    return line;
  }

  /** Takes one event; returns whether it says what the servers are, now or still. */
  private boolean take(byte[] line) throws IOException {
    if (isBlank(line)) {
      return false;
    }
    ApiObject event;
    try {
      event = ApiObject.read(line);
    } catch (IOException e) {
      throw new ApiException(0, "an event that cannot be read: " + e.getMessage(), Duration.ZERO);
    }
    ApiObject object = event.object == null ? new ApiObject() : event.object;
    switch (event.type) {
      case "ADDED", "MODIFIED" -> slices.put(object);
      case "DELETED" -> slices.remove(object);
      case "BOOKMARK" -> {} // a sign of life, with a version
      case "ERROR" -> {
        String text = "the watch ended with " + object.code + ": " + object.message;
        throw new ApiException(object.code, KubernetesCluster.shown(text, null), Duration.ZERO);
      }
      default -> {
        return false; // from a newer API
      }
    }
    if (!object.resourceVersion.isEmpty()) {
      version = object.resourceVersion;
      seen = object.resourceVersion;
    }
    return true;
  }

  private static boolean isBlank(byte[] line) {
    for (byte one : line) {
      if (one != ' ' && one != '\r') {
        return false;
      }
    }
    return true;
  }

  private void fault(Throwable cause) {
    if (isStoppedOnPurpose()) {
      return;
    }
    teller.failed(cause);
    pauseUntil(nanoTime.getAsLong() + backoff.next(cause), true);
  }

  private boolean isStoppedOnPurpose() {
    lock.lock();
    try {
      return closed || (watching && relistWanted);
    } finally {
      lock.unlock();
    }
  }

  /** Waits until then, or until this is closed or, if that matters, asked to list. */
  private void pauseUntil(long nanos, boolean orAsked) {
    lock.lock();
    try {
      long rest = nanos - nanoTime.getAsLong();
      while (rest > 0 && !closed && !(orAsked && relistWanted)) {
        long unused = changed.awaitNanos(rest);
        rest = nanos - nanoTime.getAsLong();
      }
    } catch (InterruptedException e) {
      // Nobody has a reason to interrupt this thread; it goes on.
    } finally {
      lock.unlock();
    }
  }

  private Response execute(Call call) throws IOException {
    lock.lock();
    try {
      if (closed || (watching && relistWanted)) {
        throw new IOException("not sent, as this was stopped");
      }
      running = call;
    } finally {
      lock.unlock();
    }
    return call.execute();
  }

  /** Lists anew, a second after the last time at least. */
  @Override
  public void refresh() {
    stop(false);
  }

  @Override
  public void close() {
    stop(true);
  }

  private void stop(boolean forGood) {
    if (forGood) {
      teller.close();
    }
    Call obsolete;
    lock.lock();
    try {
      closed |= forGood;
      relistWanted = true;
      obsolete = watching || closed ? running : null;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (obsolete != null) {
      obsolete.cancel();
    }
  }

  private boolean isClosed() {
    lock.lock();
    try {
      return closed;
    } finally {
      lock.unlock();
    }
  }
}
