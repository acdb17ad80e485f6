package io.evenload.testing;

import io.evenload.Attempt;
import io.evenload.LoadBalancerListener;
import io.evenload.Server;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** Writes every event down as one line. */
public final class RecordingListener implements LoadBalancerListener {

  public final List<String> lists = Collections.synchronizedList(new ArrayList<>());
  public final List<String> states = Collections.synchronizedList(new ArrayList<>());
  public final List<String> attempts = Collections.synchronizedList(new ArrayList<>());

  @Override
  public void serversChanged(ServersChanged event) {
    lists.add(String.join(",", event.servers().stream().map(Server::id).toList()));
  }

  @Override
  public void serversFailed(ServersFailed event) {
    lists.add("failed: " + event.cause().getMessage());
  }

  @Override
  public void stateChanged(StateChanged event) {
    states.add(
        event.server().id()
            + ": "
            + event.from().name()
            + " to "
            + event.to().name()
            + " ("
            + event.reason()
            + ")");
  }

  @Override
  public void drained(Drained event) {
    states.add(event.server().id() + ": drained");
  }

  @Override
  public void attemptEnded(Attempt attempt) {
    String message = attempt.cause() == null ? "" : " " + attempt.cause().getMessage();
    attempts.add(
        attempt.server().id() + " " + attempt.outcome() + " " + attempt.latencyNanos() + message);
  }
}
