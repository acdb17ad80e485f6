package io.evenload;

import org.jspecify.annotations.Nullable;

/** What makes a server the same one in every list: what it is called, and where it is. */
record Identity(String id, String host, int port) {

  static Identity of(Server server) {
    return new Identity(server.id(), server.host(), server.port());
  }

  /** Whether both are the same server, however they are described. */
  static boolean same(Server one, @Nullable Server other) {
    return other != null && of(one).equals(of(other));
  }
}
