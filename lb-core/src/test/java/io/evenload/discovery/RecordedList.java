package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.ServerList;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What a list tells, as text: the servers' hosts with weights, "confirmed", or the failure. */
final class RecordedList implements ServerList.Listener {

  final List<String> events = new ArrayList<>();

  /** The servers of a text such as "a b=2": hosts, and weights if they are not 1. */
  static List<Server> servers(String text) {
    List<Server> servers = new ArrayList<>();
    for (String word : text.split(" ", -1)) {
      if (!word.isEmpty()) {
        int sign = word.indexOf('=');
        int weight = sign < 0 ? 1 : Integer.parseInt(word.substring(sign + 1));
        String host = sign < 0 ? word : word.substring(0, sign);
        servers.add(Server.builder(host, 80).weight(weight).build());
      }
    }
    return servers;
  }

  private static String text(Server server) {
    String weight = server.weight() == 1 ? "" : "=" + server.weight();
    String priority = server.priority() == 0 ? "" : "@" + server.priority();
    return server.host() + weight + priority;
  }

  /** Returns what was told since this was last asked. */
  List<String> take() {
    List<String> taken = List.copyOf(events);
    events.clear();
    return taken;
  }

  @Override
  public void updated(List<Server> servers) {
    events.add(servers.stream().map(RecordedList::text).collect(Collectors.joining(" ")));
  }

  @Override
  public void confirmed() {
    events.add("confirmed");
  }

  @Override
  public void failed(Throwable cause) {
    events.add("failed: " + cause.getMessage());
  }
}
