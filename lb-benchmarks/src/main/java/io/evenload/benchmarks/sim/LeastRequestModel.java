package io.evenload.benchmarks.sim;

/** gRPC's {@code least_request}: of two random nodes, which may be the same, the less busy one. */
final class LeastRequestModel extends PeerModel<PeerModel.Node> {

  LeastRequestModel(Strategy.Setting setting, int[] servers) {
    super(setting);
    update(servers);
  }

  @Override
  Node node(int server) {
    return new Node(server);
  }

  @Override
  Node pick() {
    Node a = nodes.get(random.nextInt(nodes.size()));
    Node b = nodes.get(random.nextInt(nodes.size()));
    return b.pending < a.pending ? b : a;
  }
}
