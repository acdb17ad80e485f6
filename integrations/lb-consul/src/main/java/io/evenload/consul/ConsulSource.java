package io.evenload.consul;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import io.evenload.Server;
import io.evenload.discovery.PollingServerList;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import okhttp3.Call;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks an agent for the instances of one service, for one subscription. */
final class ConsulSource implements PollingServerList.Source {

  /*
   * A blocking query: the agent answers at once if its index is another one than that of the last answer, and else when the
   * index moves or the time is over. An index that goes back, as after a restore, is not to be waited with, nor is one from
   * before a failure: an agent that has lost its data would wait until it has caught up. Then the next query has none, and
   * is answered at once.
   *
   * Each answer has all instances, so one of thousands takes some time to read. While they change all the time, what is read
   * and made of it is bounded to a small part of a core: the next query comes thirty times that later, a second at most.
   *
   * Any agent may answer (stale), so that no leader is asked for each change by each client. An answer says how old it may
   * be; one that is older than the bound is not used, but the leader is asked.
   */

  private static final Logger logger = LoggerFactory.getLogger(ConsulServerList.class);
  private static final int LONGEST_MESSAGE = 500;
  private static final int SHARE = 30;
  private static final Duration LONGEST_REST = Duration.ofSeconds(1);

  private final ConsulServerList.Builder options;
  private final OkHttpClient client;
  private final LongSupplier nanoTime = System::nanoTime;
  private final Pace pace = new Pace();
  private long index; // 0: none
  private @Nullable List<Server> last;
  private Set<String> skipped = Set.of();

  @GuardedBy("this")
  private @Nullable Call running;

  @GuardedBy("this")
  private boolean closed;

  @GuardedBy("this")
  private boolean hurried; // so that the query was cancelled

  ConsulSource(ConsulServerList.Builder options) {
    this.options = options;
    this.client = options.client();
  }

  /**
   * What an agent said.
   *
   * @param index 0 if there is none
   * @param age that the answer may have
   * @param readNanos when it began to be read
   */
  private record Reply(
      List<HealthEntry> entries, long index, Duration age, boolean leader, long readNanos) {}

  @Override
  public PollingServerList.Answer look() throws IOException {
    long begun = nanoTime.getAsLong();
    long asked = index;
    index = 0; // unless this succeeds
    boolean unused = takeHurried(); // of the last query
    boolean stale = !options.maxStaleness().isZero();
    Reply reply;
    try {
      reply = ask(asked, stale);
    } catch (IOException e) {
      if (!takeHurried()) {
        throw e;
      }
      asked = 0;
      reply = ask(0, stale);
    }
    if (stale && (!reply.leader || reply.age.compareTo(options.maxStaleness()) > 0)) {
      reply = ask(0, false);
    }
    index = reply.index < asked ? 0 : reply.index;
    List<Server> servers = servers(reply.entries);
    boolean news = !servers.equals(last);
    last = servers;
    long now = nanoTime.getAsLong();
    boolean waited = asked > 0 && now - begun >= options.waitTime().toNanos() / 2;
    Duration next = pace.next(waited, news, reply.index != asked && reply.index > 0);
    return PollingServerList.Answer.of(servers, longer(next, restAfter(now - reply.readNanos)));
  }

  private static Duration restAfter(long nanos) {
    Duration rest = Duration.ofNanos(SHARE * nanos);
    return rest.compareTo(LONGEST_REST) < 0 ? rest : LONGEST_REST;
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }

  private Reply ask(long from, boolean stale) throws IOException {
    Call call = client.newCall(request(from, stale));
    Duration wait = options.waitTime();
    call.timeout().timeout(ConsulServerList.longest(wait).toNanos(), TimeUnit.NANOSECONDS);
    begin(call);
    try (Response response = call.execute()) {
      long readNanos = nanoTime.getAsLong();
      throwIfRefused(response);
      long lastContact = number(response.header("X-Consul-LastContact"));
      return new Reply(
          HealthEntry.read(response.body().byteStream()),
          number(response.header("X-Consul-Index")),
          Duration.ofMillis(lastContact),
          !"false".equalsIgnoreCase(response.header("X-Consul-KnownLeader")),
          readNanos);
    }
  }

  private synchronized boolean takeHurried() {
    boolean was = hurried && !closed;
    hurried = false;
    return was;
  }

  private synchronized void begin(Call call) throws IOException {
    if (closed) {
      throw new IOException("closed");
    }
    if (hurried) {
      throw new IOException("asked for what there is now");
    }
    running = call;
  }

  private static long number(@Nullable String text) {
    return text != null && text.matches("[0-9]{1,18}") ? Long.parseLong(text) : 0;
  }

  private Request request(long from, boolean stale) throws IOException {
    HttpUrl.Builder url = options.query();
    if (from > 0) {
      url.addQueryParameter("index", Long.toString(from))
          .addQueryParameter("wait", options.waitTime().toMillis() + "ms");
    }
    if (stale) {
      url.addQueryParameter("stale", "");
    }
    Request.Builder request = new Request.Builder().url(url.build());
    String token = options.currentToken();
    return (token == null ? request : request.header("X-Consul-Token", token)).build();
  }

  private static void throwIfRefused(Response response) throws IOException {
    if (response.isSuccessful()) {
      return;
    }
    String told = response.peekBody(LONGEST_MESSAGE).string();
    String sent = response.request().header("X-Consul-Token");
    String harmless = sent == null ? told : told.replace(sent, "…");
    throw new IOException("HTTP " + response.code() + ": " + oneLine(harmless));
  }

  /** The text as one line that is not too long. */
  private static String oneLine(String text) {
    String line = text.replaceAll("\\p{Cntrl}+", " ").strip();
    return line.length() > LONGEST_MESSAGE ? line.substring(0, LONGEST_MESSAGE) + "…" : line;
  }

  private List<Server> servers(List<HealthEntry> entries) {
    List<Server> servers = new ArrayList<>();
    Set<String> bad = new HashSet<>();
    for (HealthEntry entry : entries) {
      if (!entry.isUp(options.warningsToo())) {
        continue;
      }
      try {
        servers.add(entry.server(options.zoneKey()));
      } catch (IllegalArgumentException e) {
        bad.add(entry.name() + " (" + e.getMessage() + ")");
      }
    }
    if (!bad.isEmpty() && !bad.equals(skipped)) {
      logger.warn("{}: instances skipped: {}", options, oneLine(String.join("; ", bad)));
    }
    skipped = bad;
    return servers;
  }

  /** Asks for what there is now, in place of a query that waits. */
  @Override
  public void refresh() {
    stop(false);
  }

  @Override
  public void close() {
    stop(true);
    client.connectionPool().evictAll();
  }

  private void stop(boolean forGood) {
    Call call;
    synchronized (this) {
      hurried = true;
      closed |= forGood;
      call = running;
    }
    if (call != null) {
      call.cancel();
    }
  }
}
