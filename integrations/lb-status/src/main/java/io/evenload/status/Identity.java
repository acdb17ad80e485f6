package io.evenload.status;

import io.evenload.Server;

/**
 * What makes a server the same one, however it is described: what it is called, and where it is.
 */
record Identity(String id, String host, int port) {

  static Identity of(Server server) {
    return new Identity(server.id(), server.host(), server.port());
  }
}
