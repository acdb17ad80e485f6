package io.evenload.testing;

import io.evenload.EndpointState;
import io.evenload.LoadBalancerListener;
import io.evenload.Outcome;
import io.evenload.Server;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Writes every event down as one line. */
public final class RecordingListener implements LoadBalancerListener {

  public final List<String> lists = Collections.synchronizedList(new ArrayList<>());
  public final List<String> states = Collections.synchronizedList(new ArrayList<>());
  public final List<String> attempts = Collections.synchronizedList(new ArrayList<>());

  @Override
  public void serversChanged(List<Server> servers) {
    lists.add(String.join(",", servers.stream().map(Server::id).toList()));
  }

  @Override
  public void serversFailed(Throwable cause) {
    lists.add("failed: " + cause.getMessage());
  }

  @Override
  public void stateChanged(Server server, EndpointState from, EndpointState to, String reason) {
    states.add(server.id() + ": " + from.name() + " to " + to.name() + " (" + reason + ")");
  }

  @Override
  public void drained(Server server) {
    states.add(server.id() + ": drained");
  }

  @Override
  public void attemptEnded(
      Server server, Outcome outcome, long latencyNanos, @Nullable Throwable cause) {
    String message = cause == null ? "" : " " + cause.getMessage();
    attempts.add(server.id() + " " + outcome + " " + latencyNanos + message);
  }
}
