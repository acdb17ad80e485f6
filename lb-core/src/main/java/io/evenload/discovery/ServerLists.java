package io.evenload.discovery;

import static java.util.Objects.requireNonNull;

import io.evenload.Server;
import io.evenload.ServerList;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Server lists made of others.
 *
 * <pre>{@code
 * ServerList orders = ServerLists.firstNonEmpty(consul, dns, ServerList.of(Server.parse("10.0.0.1:80")));
 * }</pre>
 *
 * <p>Each passes on what its sources tell (confirmations, failures) and is asked (refresh), keeps
 * the last good list of a source that fails, and sorts by id. Immutable and thread-safe. See also
 * {@link LingeringServerList}, {@link SteadyServerList} and {@link StoredServerList}.
 */
public final class ServerLists {

  private ServerLists() {}

  /**
   * Returns the first of these lists that is not empty, whole: the others stand by. One that has
   * not answered yet counts as empty, and one that fails as what it gave last. The result is empty
   * if each has answered so. It is confirmed when the list in use is, while none before it fails.
   *
   * @throws IllegalArgumentException if there is no list
   */
  public static ServerList firstNonEmpty(ServerList... lists) {
    return new MergedServerList("firstNonEmpty", List.of(requireNonNull(lists, "lists")), true);
  }

  /**
   * Returns the servers of all these lists together. Of servers with one id the one in the first
   * such list counts. A list that has not answered yet counts as empty, and one that fails as what
   * it gave last. The result is empty if each has answered so. It is confirmed when all lists are
   * that ever confirm anything, while none fails.
   *
   * @throws IllegalArgumentException if there is no list
   */
  public static ServerList union(ServerList... lists) {
    return new MergedServerList("union", List.of(requireNonNull(lists, "lists")), false);
  }

  /**
   * Returns the servers of all these lists together, as {@link #union} does, with the place of
   * their list as {@linkplain Server#priority() priority}: 0 for those of the first list, 1 for
   * those of the second, which take over what the first cannot carry, and so on.
   *
   * @throws IllegalArgumentException if there is no list
   */
  public static ServerList failover(ServerList... lists) {
    List<ServerList> levels = new ArrayList<>();
    for (ServerList list : List.of(requireNonNull(lists, "lists"))) {
      int level = levels.size();
      levels.add(
          new MappedServerList(
              list.toString(), list, server -> copy(server).priority(level).build()));
    }
    return new MergedServerList("failover", levels, false);
  }

  /**
   * Returns the servers of the list that the filter accepts. It should be quick, as it runs on the
   * thread of the source. A server for which it throws is left out and named in the log; if no
   * other is left, the list has failed, and the last good one stays.
   */
  public static ServerList filter(ServerList list, Predicate<? super Server> filter) {
    requireNonNull(list, "list");
    requireNonNull(filter, "filter");
    return new MappedServerList(
        "filter[" + list + "]", list, server -> filter.test(server) ? server : null);
  }

  /**
   * Returns the servers of the list as the function changes them, as to give them a zone. It should
   * be quick, as it runs on the thread of the source. A server for which it throws or returns null
   * is left out and named in the log; if no other is left, the list has failed, and the last good
   * one stays.
   */
  public static ServerList map(ServerList list, UnaryOperator<Server> function) {
    requireNonNull(list, "list");
    requireNonNull(function, "function");
    return new MappedServerList(
        "map[" + list + "]",
        list,
        server -> requireNonNull(function.apply(server), "the function returned null"));
  }

  /** Returns a builder with all that the server has. */
  static Server.Builder copy(Server server) {
    return Server.builder(server.host(), server.port())
        .id(server.id())
        .weight(server.weight())
        .zone(server.zone())
        .priority(server.priority())
        .metadata(server.metadata());
  }

  /** What becomes of a server; null to leave it out. */
  @FunctionalInterface
  interface Change {
    @Nullable Server apply(Server server);
  }
}
