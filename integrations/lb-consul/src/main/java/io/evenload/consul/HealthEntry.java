package io.evenload.consul;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import io.evenload.Server;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What counts here of one instance, as Consul's health endpoint tells it. */
final class HealthEntry {

  /** More than ten times what thousands of instances take; a longer answer is a failure. */
  static final long LONGEST_ANSWER = 64L << 20;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxDocumentLength(LONGEST_ANSWER).build())
          .build();

  private String node = "";
  private String nodeAddress = "";
  private String datacenter = "";
  private final Map<String, String> nodeMeta = new LinkedHashMap<>();
  private String id = "";
  private String address = "";
  private int port;
  private final List<String> tags = new ArrayList<>();
  private final Map<String, String> meta = new LinkedHashMap<>();
  private int passingWeight = Server.DEFAULT_WEIGHT;
  private int warningWeight = Server.DEFAULT_WEIGHT;
  private final List<String> checks = new ArrayList<>();

  private HealthEntry() {}

  /**
   * Reads an answer.
   *
   * @throws IOException if it is no JSON of that form
   */
  static List<HealthEntry> read(InputStream bytes) throws IOException {
    try (JsonParser json = JSON.createParser(bytes)) {
      if (json.nextToken() != JsonToken.START_ARRAY) {
        throw new IOException("the agent's answer is no JSON array");
      }
      List<HealthEntry> entries = new ArrayList<>();
      while (json.nextToken() != JsonToken.END_ARRAY) {
        HealthEntry entry = new HealthEntry();
        entry.read(json);
        entries.add(entry);
      }
      return entries;
    }
  }

  private void read(JsonParser json) throws IOException {
    for (String field = first(json); field != null; field = json.nextFieldName()) {
      json.nextToken();
      switch (field) {
        case "Node" -> readNode(json);
        case "Service" -> readService(json);
        case "Checks" -> readChecks(json);
        default -> json.skipChildren();
      }
    }
  }

  private void readNode(JsonParser json) throws IOException {
    for (String field = first(json); field != null; field = json.nextFieldName()) {
      json.nextToken();
      switch (field) {
        case "Node" -> node = text(json);
        case "Address" -> nodeAddress = text(json);
        case "Datacenter" -> datacenter = text(json);
        case "Meta" -> readTexts(json, nodeMeta);
        default -> json.skipChildren();
      }
    }
  }

  private void readService(JsonParser json) throws IOException {
    for (String field = first(json); field != null; field = json.nextFieldName()) {
      json.nextToken();
      switch (field) {
        case "ID" -> id = text(json);
        case "Address" -> address = text(json);
        case "Port" -> port = json.getValueAsInt();
        case "Tags" -> readTags(json);
        case "Meta" -> readTexts(json, meta);
        case "Weights" -> readWeights(json);
        default -> json.skipChildren();
      }
    }
  }

  private void readTags(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.START_ARRAY) {
      while (json.nextToken() != JsonToken.END_ARRAY) {
        tags.add(text(json));
      }
    }
  }

  private void readWeights(JsonParser json) throws IOException {
    for (String field = first(json); field != null; field = json.nextFieldName()) {
      json.nextToken();
      switch (field) {
        case "Passing" -> passingWeight = json.getValueAsInt(Server.DEFAULT_WEIGHT);
        case "Warning" -> warningWeight = json.getValueAsInt(Server.DEFAULT_WEIGHT);
        default -> json.skipChildren();
      }
    }
  }

  private void readChecks(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      return;
    }
    while (json.nextToken() != JsonToken.END_ARRAY) {
      for (String field = first(json); field != null; field = json.nextFieldName()) {
        json.nextToken();
        if (field.equals("Status")) {
          checks.add(text(json));
        }
        json.skipChildren();
      }
    }
  }

  private static void readTexts(JsonParser json, Map<String, String> into) throws IOException {
    for (String field = first(json); field != null; field = json.nextFieldName()) {
      json.nextToken();
      into.put(field, text(json));
    }
  }

  /** The first field of the object that the parser is at; null if it is null or has none. */
  private static @Nullable String first(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return null;
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw new IOException("the agent's answer has a " + json.currentToken() + " for an object");
    }
    return json.nextFieldName();
  }

  private static String text(JsonParser json) throws IOException {
    String text = json.getValueAsString("");
    json.skipChildren();
    return text;
  }

  /** Whether each check says that the instance is well, or, if that is enough, nearly so. */
  boolean isUp(boolean warningsToo) {
    return checks.stream()
        .allMatch(status -> status.equals("passing") || (warningsToo && isWarning(status)));
  }

  private static boolean isWarning(String status) {
    return status.equals("warning");
  }

  /** The name to blame where this makes no server. */
  String name() {
    return node + "/" + id;
  }

  /**
   * Returns the server.
   *
   * @param zoneKey of the metadata that name the zone
   * @throws IllegalArgumentException if it has no address or port that can be called
   */
  Server server(String zoneKey) {
    Server.Builder server =
        Server.builder(address.isEmpty() ? nodeAddress : address, port)
            .id(name())
            .weight(weight())
            .zone(zone(zoneKey))
            .metadata(meta)
            .metadata("node", node)
            .metadata("datacenter", datacenter);
    return (tags.isEmpty() ? server : server.metadata("tags", String.join(",", tags))).build();
  }

  private int weight() {
    boolean warns = checks.stream().anyMatch(HealthEntry::isWarning);
    int weight = warns ? warningWeight : passingWeight;
    return Math.max(0, Math.min(weight, Server.MAX_WEIGHT));
  }

  private @Nullable String zone(String key) {
    String zone = meta.getOrDefault(key, nodeMeta.getOrDefault(key, ""));
    return zone.isBlank() ? null : zone;
  }
}
