package io.evenload.discovery;

import io.evenload.Server;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Servers as JSON, the format of {@link FileServerList} and {@link StoredServerList}.
 *
 * @param servers as they stand there
 * @param written when it was written; null if it does not say
 */
record ServersJson(List<Server> servers, @Nullable Instant written) {

  /**
   * Returns what the text says. What it complains of has no value of the text.
   *
   * @throws IllegalArgumentException if it is not of the format
   */
  static ServersJson parse(String text) {
    if (!(Json.parse(text) instanceof Map<?, ?> object)) {
      throw new IllegalArgumentException("expected an object with \"servers\"");
    }
    only(object, "the file", "servers", "written");
    if (!(object.get("servers") instanceof List<?> entries)) {
      throw new IllegalArgumentException("servers: expected an array");
    }
    List<Server> servers = new ArrayList<>(entries.size());
    for (Object entry : entries) {
      String where = "servers[" + servers.size() + "]";
      try {
        servers.add(server(entry, where));
      } catch (NullPointerException | ClassCastException e) {
        throw new IllegalArgumentException(where + ": expected a server", e);
      }
    }
    return new ServersJson(servers, written(object.get("written")));
  }

  private static @Nullable Instant written(@Nullable Object value) {
    try {
      return value instanceof String text ? Instant.parse(text) : null;
    } catch (DateTimeException e) {
      throw new IllegalArgumentException("written: expected a time such as 2026-01-31T12:00:00Z");
    }
  }

  private static Server server(@Nullable Object entry, String where) {
    if (entry instanceof String authority) {
      return Server.parse(authority);
    }
    if (!(entry instanceof Map<?, ?> fields)) {
      throw new IllegalArgumentException(where + ": expected an object or \"host:port\"");
    }
    only(fields, where, "id", "host", "port", "weight", "zone", "priority", "metadata");
    Server.Builder server =
        Server.builder(string(fields, where, "host", null), number(fields, where, "port", null))
            .weight(number(fields, where, "weight", Server.DEFAULT_WEIGHT))
            .priority(number(fields, where, "priority", 0));
    if (fields.get("zone") != null) {
      server.zone(string(fields, where, "zone", null));
    }
    if (fields.get("id") != null) {
      server.id(string(fields, where, "id", null));
    }
    if (fields.get("metadata") != null) {
      if (!(fields.get("metadata") instanceof Map<?, ?> metadata)) {
        throw new IllegalArgumentException(where + ".metadata: expected an object");
      }
      for (Object key : metadata.keySet()) {
        String name = String.valueOf(key);
        server.metadata(name, string(metadata, where + ".metadata", name, null));
      }
    }
    return server.build();
  }

  private static String string(
      Map<?, ?> fields, String where, String name, @Nullable String otherwise) {
    Object value = fields.get(name);
    if (value instanceof String string) {
      return string;
    }
    if (value == null && otherwise != null) {
      return otherwise;
    }
    throw new IllegalArgumentException(where + "." + name + ": expected a string");
  }

  private static int number(
      Map<?, ?> fields, String where, String name, @Nullable Integer otherwise) {
    Object value = fields.get(name);
    if (value instanceof Long number && number == number.intValue()) {
      return number.intValue();
    }
    if (value == null && otherwise != null) {
      return otherwise;
    }
    throw new IllegalArgumentException(where + "." + name + ": expected a whole number");
  }

  private static void only(Map<?, ?> fields, String where, String... known) {
    for (Object name : fields.keySet()) {
      if (!List.of(known).contains(name)) {
        throw new IllegalArgumentException(
            where + ": a field that is not known (expected: " + String.join(", ", known) + ")");
      }
    }
  }

  /** The text, a server a line. */
  String text() {
    StringBuilder text = new StringBuilder("{\n");
    if (written != null) {
      field(text, "written", written.toString()).append(",\n");
    }
    text.append("\"servers\": [");
    String separator = "\n";
    for (Server server : servers) {
      text.append(separator);
      append(server, text);
      separator = ",\n";
    }
    return text.append("\n]}\n").toString();
  }

  private static void append(Server server, StringBuilder text) {
    text.append('{');
    field(text, "id", server.id()).append(", ");
    field(text, "host", server.host()).append(", \"port\": ").append(server.port());
    if (server.weight() != Server.DEFAULT_WEIGHT) {
      text.append(", \"weight\": ").append(server.weight());
    }
    if (server.priority() != 0) {
      text.append(", \"priority\": ").append(server.priority());
    }
    String zone = server.zone();
    if (zone != null) {
      field(text.append(", "), "zone", zone);
    }
    if (!server.metadata().isEmpty()) {
      text.append(", \"metadata\": {");
      String separator = "";
      for (Map.Entry<String, String> entry : server.metadata().entrySet()) {
        field(text.append(separator), entry.getKey(), entry.getValue());
        separator = ", ";
      }
      text.append('}');
    }
    text.append('}');
  }

  private static StringBuilder field(StringBuilder text, String name, String value) {
    Json.quote(name, text);
    text.append(": ");
    Json.quote(value, text);
    return text;
  }
}
