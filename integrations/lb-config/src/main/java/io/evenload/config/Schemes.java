package io.evenload.config;

import static java.util.stream.Collectors.joining;

import io.evenload.Server;
import io.evenload.ServerList;
import io.evenload.discovery.DnsServerList;
import io.evenload.discovery.FileServerList;
import io.evenload.discovery.ServerListProvider;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.ServiceConfigurationError;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Which source of servers a text names by its scheme. */
final class Schemes {

  /** How sources are written, for people. */
  static final String WORDS = "source of servers";

  /** The modules that have the other schemes of this project. */
  private static final Map<String, String> MODULES =
      Map.of("srv", "lb-dns", "k8s", "lb-kubernetes", "consul", "lb-consul");

  private static final Map<String, ServerListProvider> OWN =
      Map.of(
          "static",
          new Own(
              "static",
              "static:<host:port,...>, such as static:10.0.0.1:8080,10.0.0.2:8080",
              Schemes::fixed),
          "dns",
          new Own("dns", "dns:<host:port>, such as dns:orders.prod.internal:8080", Schemes::dns),
          "file",
          new Own("file", "file:<path>, such as file:/etc/orders/servers.json", Schemes::file));

  private Schemes() {}

  /**
   * Returns the list that a text names.
   *
   * @throws IllegalArgumentException if there is no such scheme, its module is not there, or the
   *     text is not of its form; the message ends with what was expected
   */
  static ServerList list(String text) {
    int colon = text.indexOf(':');
    String scheme = text.substring(0, Math.max(0, colon));
    ServerListProvider provider = provider(scheme);
    if (provider == null) {
      throw new IllegalArgumentException("(expected: " + expected(scheme) + ")");
    }
    try {
      return provider.list(text.substring(colon + 1));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("(expected: " + provider.form() + ")", e);
    }
  }

  private static String expected(String scheme) {
    String module = MODULES.get(scheme);
    if (module != null) {
      return "io.evenload:" + module + " on the class path, which has " + scheme + ":";
    }
    Map<String, String> all = new TreeMap<>(MODULES);
    OWN.keySet().forEach(own -> all.put(own, ""));
    found().keySet().forEach(other -> all.put(other, ""));
    return all.keySet().stream().map(each -> each + ":").collect(joining(", ", "one of ", ""));
  }

  private static @Nullable ServerListProvider provider(String scheme) {
    ServerListProvider other = found().get(scheme);
    return other == null ? OWN.get(scheme) : other;
  }

  /** Those that modules beside this one have: they come before those of this module. */
  private static Map<String, ServerListProvider> found() {
    Map<String, ServerListProvider> found = new TreeMap<>();
    add(ServiceLoader.load(ServerListProvider.class), found);
    add(ServiceLoader.load(ServerListProvider.class, Schemes.class.getClassLoader()), found);
    return found;
  }

  private static void add(
      ServiceLoader<ServerListProvider> loader, Map<String, ServerListProvider> found) {
    try {
      for (ServerListProvider each : loader) {
        ServerListProvider known = found.putIfAbsent(each.scheme(), each);
        if (known != null && !known.getClass().getName().equals(each.getClass().getName())) {
          throw new IllegalArgumentException(
              "(expected: one module with %s:, not both %s and %s)"
                  .formatted(each.scheme(), known.getClass().getName(), each.getClass().getName()));
        }
      }
    } catch (ServiceConfigurationError e) {
      throw new IllegalArgumentException(
          "(expected: providers that can be loaded, but " + e.getMessage() + ")", e);
    }
  }

  private static ServerList fixed(String location) {
    return ServerList.of(
        Arrays.stream(location.split(",", -1)).map(String::strip).map(Server::parse).toList());
  }

  private static ServerList file(String location) {
    if (location.isBlank()) {
      throw new IllegalArgumentException(location);
    }
    return FileServerList.of(Path.of(location)); // InvalidPathException is such an exception, too
  }

  private static ServerList dns(String location) {
    Server server = Server.parse(location);
    return DnsServerList.of(server.host(), server.port());
  }

  /** One of this module's own. */
  private record Own(String scheme, String form, Function<String, ServerList> lists)
      implements ServerListProvider {
    @Override
    public ServerList list(String location) {
      return lists.apply(location);
    }
  }
}
