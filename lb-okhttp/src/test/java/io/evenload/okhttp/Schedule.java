package io.evenload.okhttp;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.Episode.Answer;
import io.evenload.okhttp.Episode.Kind;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/**
 * Servers, calls, and the trouble that both are in, at times. The same seed gives the same.
 *
 * @param servers those that are there
 * @param callsPerSecond that one client makes, at random times
 * @param callTimeout after which nobody waits for an answer any more
 */
record Schedule(
    String name,
    List<Server> servers,
    double callsPerSecond,
    Duration callTimeout,
    Duration length,
    List<Episode> episodes) {

  private static final double MEAN_NANOS = TimeUnit.MILLISECONDS.toNanos(10);
  private static final long LONGEST_MILLIS = 12_000; // a read times out after 10 s
  private static final int MOST_CALLS = 20_000;
  private static final int ZONES = 3;
  private static final List<Kind> KINDS = List.of(Kind.values());
  private static final int[] STATUSES = {500, 502, 503};
  private static final double[] PARTS = {0.05, 0.1, 0.3, 0.6, 0.9, 1};

  /**
   * Returns one of the schedules that there are.
   *
   * @param zoned whether the servers are in zones, and the client prefers its own
   */
  static Schedule generated(long seed, boolean zoned) {
    RandomGenerator random = new SplittableRandom(seed);
    List<Server> servers = servers(random, zoned);
    double rate = Math.exp(random.nextDouble() * Math.log(1_000));
    double seconds = Math.max(40, Math.min(300, MOST_CALLS / rate));
    long length = (long) (seconds * 1e9);
    List<Episode> episodes = new ArrayList<>();
    int count = 1 + random.nextInt(3);
    for (int i = 0; i < count; i++) {
      episodes.add(episode(random, servers.size(), length));
    }
    long patience = random.nextBoolean() ? LONGEST_MILLIS : 1_000 + random.nextLong(LONGEST_MILLIS);
    return new Schedule(
        "seed " + seed,
        servers,
        rate,
        Duration.ofMillis(patience),
        Duration.ofNanos(length),
        episodes);
  }

  private static List<Server> servers(RandomGenerator random, boolean zoned) {
    int n = (int) Math.exp(Math.log(3) + random.nextDouble() * Math.log(100 / 3.0));
    boolean weighted = random.nextInt(3) == 0;
    boolean tiered = random.nextInt(5) == 0;
    List<Server> servers = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      servers.add(
          Server.builder("s" + i, 80)
              .weight(weighted ? 1 + random.nextInt(5) : 1)
              .priority(tiered && i >= (n + 1) / 2 ? 1 : 0)
              .zone(zoned ? "z" + i % ZONES : null)
              .build());
    }
    return servers;
  }

  private static Episode episode(RandomGenerator random, int n, long length) {
    Kind kind = KINDS.get(random.nextInt(KINDS.size()));
    long from = (long) (length * 0.6 * random.nextDouble());
    long until = from + (long) (length * (0.05 + 0.6 * random.nextDouble()));
    return new Episode(
        kind,
        from,
        until,
        some(random, n),
        PARTS[random.nextInt(PARTS.length)],
        kind == Kind.BROWNOUT ? 0.5 + 2.5 * random.nextDouble() : 2 + 48 * random.nextDouble(),
        STATUSES[random.nextInt(STATUSES.length)]);
  }

  /** One server mostly, or a part of them, or at times all. */
  private static BitSet some(RandomGenerator random, int n) {
    int count =
        switch (random.nextInt(8)) {
          case 0 -> n;
          case 1, 2 -> Math.max(1, n / 2);
          case 3, 4 -> 1 + random.nextInt(n);
          default -> 1;
        };
    List<Integer> places = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      places.add(i);
    }
    BitSet some = new BitSet();
    for (int i = 0; i < count; i++) {
      some.set(places.remove(random.nextInt(places.size())));
    }
    return some;
  }

  /**
   * Returns how a server ends an attempt that begins now.
   *
   * @param server its place; those that are not there are behind the others
   */
  Answer answer(int server, double route, double load, long now, RandomGenerator random) {
    if (server >= servers.size()) {
      return Episode.REFUSED;
    }
    Answer answer = Answer.ok((long) (MEAN_NANOS * (1 - Math.log(1 - random.nextDouble())) / 2));
    for (Episode episode : episodes) {
      answer = episode.change(answer, server, route, load, now, random);
    }
    return answer;
  }

  /** The zone of the client, which has as many clients as servers; empty if there are no zones. */
  String zone() {
    return Objects.requireNonNullElse(servers.get(0).zone(), "");
  }

  /**
   * The attempts in flight at each server if all is well.
   *
   * @param inZone whether calls stay in the client's zone then
   */
  double fairLoad(boolean inZone) {
    long used =
        servers.stream()
            .filter(
                server -> !inZone || zone().equals(Objects.requireNonNullElse(server.zone(), "")))
            .count();
    return Math.max(1, callsPerSecond * MEAN_NANOS / 1e9 / used);
  }

  /** What the source of servers says now. */
  List<Server> list(long now, RandomGenerator random) {
    List<Server> list = new ArrayList<>(servers);
    for (Episode episode : episodes) {
      if (episode.runs(now)) {
        switch (episode.kind()) {
          case STALE_LIST -> episode.servers().stream().forEach(i -> list.add(gone(i)));
          case EMPTY_LIST -> list.clear();
          case SHUFFLED_LIST -> {
            list.addAll(List.copyOf(list));
            Collections.shuffle(list, new Random(random.nextLong()));
          }
          case SHORT_LIST ->
              list.removeIf(
                  server -> {
                    int place = servers.indexOf(server);
                    return place > 0 && episode.servers().get(place);
                  });
          default -> {}
        }
      }
    }
    return list;
  }

  private Server gone(int place) {
    return Server.of("s" + (servers.size() + place), 80);
  }

  /** Whether a probe of this server passes. */
  boolean probePasses(int server, double load, long now, RandomGenerator random) {
    boolean falseAlarm =
        episodes.stream()
            .anyMatch(
                each ->
                    each.kind() == Kind.FALSE_ALARM
                        && each.runs(now)
                        && each.servers().get(server));
    return !falseAlarm && answer(server, 1, load, now, random).outcome() == Outcome.SUCCESS;
  }

  boolean has(Kind kind) {
    return episodes.stream().anyMatch(each -> each.kind() == kind);
  }

  @Override
  public String toString() {
    return String.format(
        Locale.ROOT,
        "%s: %d servers%s%s%s, %.1f calls/s, timeout %d ms, %d s; %s",
        name,
        servers.size(),
        servers.stream().anyMatch(server -> server.weight() != 1) ? " weighted" : "",
        servers.stream().anyMatch(server -> server.priority() != 0) ? " in two tiers" : "",
        zone().isEmpty() ? "" : " in zones",
        callsPerSecond,
        callTimeout.toMillis(),
        length.toSeconds(),
        episodes);
  }
}
