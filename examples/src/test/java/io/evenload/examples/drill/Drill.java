package io.evenload.examples.drill;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.evenload.EndpointState;
import io.evenload.Server;
import io.evenload.UpdatableServerList;
import io.evenload.examples.drill.DrillClient.StateChange;
import io.evenload.examples.drill.Finding.Fate;
import io.evenload.examples.drill.Timeline.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** One incident: four servers, the clients that call them, and who looks at it. */
final class Drill implements AutoCloseable {

  private static final List<String> IDS = List.of("a", "b", "c", "d");
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final long LOOK_AGAIN_MILLIS = 50;

  private final String name;
  private final Timeline timeline = new Timeline();
  private final Witnesses witnesses;
  private final List<ServerProcess> servers = new ArrayList<>();
  private final UpdatableServerList list = new UpdatableServerList();
  private final List<DrillClient> clients = new ArrayList<>();
  private final CountDownLatch never = new CountDownLatch(1);
  private Instant broken = Instant.MAX;
  private Instant mended = Instant.MAX;

  /**
   * Starts the servers, and lets the clients call until each has had answers of all of them.
   *
   * @param log where the log is written
   */
  Drill(String name, Path directory, Path log, DrillClient.Options... clients) throws IOException {
    this.name = name;
    witnesses = new Witnesses(timeline, log);
    for (String id : IDS) {
      servers.add(new ServerProcess(id, directory).start());
    }
    list();
    for (DrillClient.Options options : clients) {
      DrillClient client = new DrillClient(options, list, witnesses.registry());
      this.clients.add(client);
      witnesses.watch(client.balancer());
      client.start();
    }
    Instant start = Instant.now();
    awaitGoodAnswers(start);
    IDS.forEach(id -> awaitAnswerOf(id, Instant.MIN));
    witnesses.begin();
  }

  String name() {
    return name;
  }

  ServerProcess server(String id) {
    return servers.get(IDS.indexOf(id));
  }

  List<ServerProcess> servers() {
    return servers;
  }

  List<DrillClient> clients() {
    return clients;
  }

  Timeline timeline() {
    return timeline;
  }

  /** When trouble began. */
  Instant broken() {
    return broken;
  }

  /** Lists all servers but these. */
  void list(String... without) {
    list.update(
        servers.stream()
            .filter(server -> !List.of(without).contains(server.id()))
            .map(ServerProcess::server)
            .sorted(Comparator.comparing(Server::id))
            .toList());
  }

  /** Notes what is about to be done, with which trouble begins. */
  void breaking(String what) {
    broken = Instant.now();
    timeline.add(broken, Source.DRILL, what);
  }

  /** Notes what has been done, after which all is well again. */
  void mended(String what) {
    mended = Instant.now();
    timeline.add(mended, Source.DRILL, what);
  }

  /** Notes what is done otherwise. */
  void doing(String what) {
    timeline.add(Instant.now(), Source.DRILL, what);
  }

  /** Lets the calls go on for so long. */
  void goOn(Duration time) {
    try {
      if (never.await(time.toMillis(), MILLISECONDS)) {
        throw new AssertionError("over already");
      }
    } catch (InterruptedException e) {
      throw new AssertionError("interrupted", e);
    }
  }

  /** Waits until every busy client has taken a server out since trouble began. */
  void awaitOut() {
    await(() -> busy().allMatch(client -> out(client) != null));
  }

  /** Waits until the server may be chosen by every client, and answers the busy ones well. */
  void awaitBack(String server) {
    await(() -> clients.stream().allMatch(c -> c.state(server) == EndpointState.ELIGIBLE));
    awaitAnswerOf(server, mended);
  }

  /** Waits until the last calls of every client, all made since, had good answers. */
  void awaitGoodAnswers(Instant since) {
    await(
        () ->
            clients.stream()
                .allMatch(c -> c.answeredSince(since, Math.max(2, 10 * c.options().users()))));
  }

  /** Waits until every busy client has a good answer of the server to a call made since. */
  void awaitAnswerOf(String server, Instant since) {
    await(() -> busy().allMatch(client -> client.answeredBy(server, since)));
  }

  private Stream<DrillClient> busy() {
    return clients.stream().filter(client -> client.options().users() > 0);
  }

  /** Waits until every client was told that the server drained and has nothing in flight. */
  void awaitDrained(String server) {
    await(() -> clients.stream().allMatch(client -> client.toldDrained(server)));
  }

  private void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(name + ": waited in vain for " + PATIENCE);
      }
      goOn(Duration.ofMillis(LOOK_AGAIN_MILLIS));
    }
  }

  /**
   * Ends the calls and the servers, and returns what it came to for each client.
   *
   * @param victim the server of the incident; null if it was all of them
   */
  List<Finding> end(@Nullable String victim) throws IOException {
    clients.forEach(DrillClient::stop);
    witnesses.end();
    for (ServerProcess server : servers) { // so that all that they got is executed
      server.terminate();
    }
    servers.forEach(ServerProcess::awaitEnd);
    Map<String, Integer> got = noted(ServerProcess.GOT);
    Map<String, Integer> done = noted(ServerProcess.DONE);
    return clients.stream().map(client -> finding(client, victim, got, done)).toList();
  }

  private Map<String, Integer> noted(String what) throws IOException {
    Map<String, Integer> times = new HashMap<>();
    for (ServerProcess server : servers) {
      server.noted(what).forEach(order -> times.merge(order, 1, Integer::sum));
    }
    return times;
  }

  private Finding finding(
      DrillClient client,
      @Nullable String victim,
      Map<String, Integer> got,
      Map<String, Integer> done) {
    List<DrillCall> calls =
        client.calls().stream().filter(call -> call.end().isAfter(broken)).toList();
    List<DrillCall> posts = calls.stream().filter(DrillCall::isPost).toList();
    List<DrillCall> gets = calls.stream().filter(call -> !call.isPost()).toList();
    Map<Fate, List<DrillCall>> lost = new EnumMap<>(Fate.class);
    for (DrillCall post : posts) {
      if (post.succeeded() && !done.containsKey(post.order())) {
        throw new AssertionError("answered, and not executed: " + post);
      }
      if (!post.succeeded() && post.status() != 500) {
        Fate fate = fate(post, client, got, done);
        lost.computeIfAbsent(fate, any -> new ArrayList<>()).add(post);
      }
    }
    Instant out = out(client);
    return new Finding(
        client.options().name(),
        gets.size(),
        gets.stream().filter(get -> !get.succeeded()).toList(),
        posts.size(),
        client.calls().stream()
            .map(DrillCall::order)
            .filter(order -> got.getOrDefault(order, 0) > 1)
            .toList(),
        lost,
        lost.values().stream()
            .flatMap(List::stream)
            .filter(post -> victim != null && !post.lastServer().equals(victim))
            .toList(),
        count(calls, call -> call.status() == 500),
        errorsBeforeOut(calls, victim, out == null ? mended : out),
        count(calls, call -> !call.succeeded() && call.start().isAfter(mended)),
        calls.stream()
            .mapToInt(c -> count(c.attempts(), attempt -> attempt.outcome().failed()))
            .sum(),
        gets.stream()
            .filter(DrillCall::succeeded)
            .mapToDouble(get -> seconds(get.start(), get.end()))
            .max()
            .orElse(0),
        out == null ? null : seconds(broken, out),
        secondsUntilBack(calls, victim));
  }

  /**
   * Since the last good answer of the server: until then it did not answer 500 to all. What was at
   * work there when the last that counts was seen could not be kept from it any more.
   */
  private static int errorsBeforeOut(List<DrillCall> calls, @Nullable String victim, Instant out) {
    Instant lastGood =
        calls.stream()
            .filter(call -> call.succeeded() && call.lastServer().equals(victim))
            .map(DrillCall::end)
            .filter(end -> end.isBefore(out))
            .reduce(Instant.MIN, (first, second) -> second);
    List<DrillCall> seen =
        calls.stream()
            .filter(call -> call.status() == 500)
            .filter(call -> call.end().isAfter(lastGood) && call.start().isBefore(out))
            .sorted(Comparator.comparing(DrillCall::end))
            .toList();
    int enough = Math.min(Finding.ENOUGH_ERRORS, seen.size());
    Instant known = enough == 0 ? out : seen.get(enough - 1).end();
    return enough + count(seen, call -> call.start().isAfter(known));
  }

  private static <T> int count(List<T> all, Predicate<T> which) {
    return (int) all.stream().filter(which).count();
  }

  private static Fate fate(
      DrillCall post, DrillClient client, Map<String, Integer> got, Map<String, Integer> done) {
    if (done.containsKey(post.order())) {
      return Fate.EXECUTED;
    }
    if (got.containsKey(post.order())) {
      return Fate.BEGUN;
    }
    return client.sent(post.order()) ? Fate.SENT : Fate.NEVER_SENT;
  }

  /** When a server was not chosen any more by the client, for the first time; null if never. */
  private @Nullable Instant out(DrillClient client) {
    return client.changes().stream()
        .filter(change -> change.at().isAfter(broken) && change.state() != EndpointState.ELIGIBLE)
        .findFirst()
        .map(StateChange::at)
        .orElse(null);
  }

  private @Nullable Double secondsUntilBack(List<DrillCall> calls, @Nullable String victim) {
    return calls.stream()
        .filter(call -> call.succeeded() && call.start().isAfter(mended))
        .filter(call -> victim == null || call.lastServer().equals(victim))
        .findFirst()
        .map(call -> seconds(mended, call.end()))
        .orElse(null);
  }

  static double seconds(Instant from, Instant to) {
    return Duration.between(from, to).toMillis() / 1e3;
  }

  @Override
  public void close() {
    clients.forEach(DrillClient::close);
    witnesses.close();
    servers.forEach(ServerProcess::close);
  }
}
