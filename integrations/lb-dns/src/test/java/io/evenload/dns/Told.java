package io.evenload.dns;

import io.evenload.Server;
import io.evenload.ServerList;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What a listener was told, one line each. */
final class Told implements ServerList.Listener {

  private final List<String> lines = new ArrayList<>();
  private List<Server> servers = List.of();

  @Override
  public synchronized void updated(List<Server> list) {
    servers = list;
    lines.add(list.stream().map(Server::toString).collect(Collectors.joining(", ")));
  }

  @Override
  public synchronized void confirmed() {
    lines.add("confirmed");
  }

  @Override
  public synchronized void failed(Throwable cause) {
    lines.add("failed: " + cause.getMessage());
  }

  synchronized List<Server> servers() {
    return servers;
  }

  /** Returns what was told since this was last called. */
  synchronized List<String> take() {
    List<String> all = List.copyOf(lines);
    lines.clear();
    return all;
  }
}
