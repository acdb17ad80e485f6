package io.evenload.benchmarks.sim;

import io.evenload.Outcome;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The model of another's client: what is common to all. A node that leaves the list and returns is
 * a new one.
 *
 * @param <N> what it knows of each server
 */
abstract class PeerModel<N extends PeerModel.Node> implements Strategy.Client {

  final SimulatedTime time;
  final RandomGenerator random;
  final List<N> nodes = new ArrayList<>();

  PeerModel(Strategy.Setting setting) {
    time = setting.time();
    random = setting.random();
  }

  /** Makes what is known of a server that is new. */
  abstract N node(int server);

  /** Chooses one of the nodes, of which there is one at least. */
  abstract N pick();

  /** Takes the end of a request, which took so long; it is not pending any more. */
  void ended(N node, Outcome outcome, long nanos) {}

  /** The list is another one now. */
  void updated() {}

  @Override
  public final Strategy.@Nullable Sent send() {
    if (nodes.isEmpty()) {
      return null;
    }
    N node = nodes.size() == 1 ? nodes.get(0) : pick();
    node.pending++;
    return new Sent(node, time.now());
  }

  @Override
  public final void update(int[] servers) {
    Map<Integer, N> known = new HashMap<>();
    nodes.forEach(node -> known.put(node.server, node));
    nodes.clear();
    for (int server : servers) {
      N node = known.get(server);
      nodes.add(node == null ? node(server) : node);
    }
    updated();
  }

  /** Draws another one than that at this place. */
  final N other(int drawn) {
    int another = random.nextInt(nodes.size() - 1);
    return nodes.get(another >= drawn ? another + 1 : another);
  }

  /** What is known of a server. */
  static class Node {
    final int server;
    int pending;

    Node(int server) {
      this.server = server;
    }
  }

  private final class Sent implements Strategy.Sent {
    private final N node;
    private final long began;

    Sent(N node, long began) {
      this.node = node;
      this.began = began;
    }

    @Override
    public int server() {
      return node.server;
    }

    @Override
    public void ended(Outcome outcome) {
      node.pending--;
      PeerModel.this.ended(node, outcome, time.now() - began);
    }

    @Override
    public Strategy.@Nullable Sent again() {
      return send();
    }
  }
}
