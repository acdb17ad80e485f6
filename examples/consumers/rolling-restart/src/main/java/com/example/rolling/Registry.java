package com.example.rolling;

import io.evenload.Server;
import io.evenload.UpdatableServerList;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Where instances are registered. */
public interface Registry {

  /** Makes an instance known. */
  void register(String name, int port) throws Exception;

  /** Takes an instance out. */
  void deregister(String name) throws Exception;

  /** Returns a registry that is a list in this process. */
  static Registry of(UpdatableServerList list) {
    Map<String, Server> servers = new ConcurrentHashMap<>();
    return new Registry() {
      @Override
      public void register(String name, int port) {
        servers.put(name, Server.builder("127.0.0.1", port).id(name).build());
        list.update(servers.values());
      }

      @Override
      public void deregister(String name) {
        servers.remove(name);
        list.update(servers.values());
      }
    };
  }
}
