package io.evenload.kubernetes;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What counts here of an object of the API, be it an EndpointSlice, a list of them, a Status, a
 * Node or the event of a watch; what the JSON does not have is empty, null or 0.
 */
final class ApiObject {

  /** More than ten times what thousands of pods take; a longer answer is a failure. */
  static final long LONGEST_ANSWER = 64L << 20;

  private static final JsonFactory JSON =
      JsonFactory.builder()
          .streamReadConstraints(
              StreamReadConstraints.builder().maxDocumentLength(LONGEST_ANSWER).build())
          .build();

  String name = "";
  String resourceVersion = "";
  String continuation = ""; // of a list that goes on
  final Map<String, String> labels = new HashMap<>();

  String addressType = ""; // of a slice
  final List<Member> members = new ArrayList<>();
  final List<Port> ports = new ArrayList<>();

  final List<ApiObject> items = new ArrayList<>(); // of a list

  int code; // of a status
  String message = "";

  String type = ""; // of an event
  @Nullable ApiObject object;

  /** One endpoint of a slice. */
  static final class Member {
    String address = "";
    @Nullable Boolean ready;
    @Nullable Boolean serving;
    boolean terminating;
    @Nullable String zone;
    @Nullable String node;
    @Nullable String pod;
  }

  /** One port of a slice; 0 where it stands for all ports. */
  static final class Port {
    String name = "";
    int number;
    String protocol = "TCP";
  }

  /** Takes the value of one field, or leaves it alone. */
  private interface FieldReader {
    void read(String field, JsonParser json) throws IOException;
  }

  /**
   * Reads one object.
   *
   * @throws IOException if it is no JSON of that form
   */
  static ApiObject read(InputStream bytes) throws IOException {
    try (JsonParser json = JSON.createParser(bytes)) {
      return first(json);
    }
  }

  /**
   * Reads one object.
   *
   * @throws IOException if it is no JSON of that form
   */
  static ApiObject read(byte[] bytes) throws IOException {
    try (JsonParser json = JSON.createParser(bytes)) {
      return first(json);
    }
  }

  private static ApiObject first(JsonParser json) throws IOException {
    if (json.nextToken() != JsonToken.START_OBJECT) {
      throw new IOException("the API server's answer is no JSON object");
    }
    return object(json);
  }

  private static ApiObject object(JsonParser json) throws IOException {
    ApiObject object = new ApiObject();
    fields(json, object::take);
    return object;
  }

  private void take(String field, JsonParser json) throws IOException {
    switch (field) {
      case "metadata" -> fields(json, this::takeMetadata);
      case "addressType" -> addressType = text(json);
      case "endpoints" -> elements(json, () -> members.add(member(json)));
      case "ports" -> elements(json, () -> ports.add(port(json)));
      case "items" -> elements(json, () -> items.add(object(json)));
      case "code" -> code = json.getValueAsInt();
      case "message" -> message = text(json);
      case "type" -> type = text(json);
      case "object" -> object = object(json);
      default -> {} // of no interest
    }
  }

  private void takeMetadata(String field, JsonParser json) throws IOException {
    switch (field) {
      case "name" -> name = text(json);
      case "resourceVersion" -> resourceVersion = text(json);
      case "continue" -> continuation = text(json);
      case "labels" -> fields(json, (label, value) -> labels.put(label, text(value)));
      default -> {} // of no interest
    }
  }

  private static Member member(JsonParser json) throws IOException {
    Member member = new Member();
    Map<String, String> topology = new HashMap<>();
    fields(
        json,
        (field, value) -> {
          switch (field) {
            case "addresses" -> member.address = firstOf(value);
            case "conditions" -> fields(value, (name, is) -> takeCondition(member, name, is));
            case "zone" -> member.zone = textOrNull(value);
            case "nodeName" -> member.node = textOrNull(value);
            case "topology", "deprecatedTopology" ->
                fields(value, (label, of) -> topology.put(label, text(of)));
            case "targetRef" -> takeTarget(member, value);
            default -> {} // of no interest
          }
        });
    if (member.zone == null) {
      member.zone = zone(topology);
    }
    if (member.node == null) {
      member.node = topology.get("kubernetes.io/hostname");
    }
    return member;
  }

  /** The zone that the labels of a node, or of what is on it, tell; null if they tell none. */
  static @Nullable String zone(Map<String, String> labels) {
    String zone = labels.get("topology.kubernetes.io/zone");
    return zone != null ? zone : labels.get("failure-domain.beta.kubernetes.io/zone");
  }

  private static void takeCondition(Member member, String name, JsonParser is) throws IOException {
    Boolean value = is.currentToken().isBoolean() ? is.getBooleanValue() : null;
    switch (name) {
      case "ready" -> member.ready = value;
      case "serving" -> member.serving = value;
      case "terminating" -> member.terminating = Boolean.TRUE.equals(value);
      default -> {} // of no interest
    }
  }

  private static void takeTarget(Member member, JsonParser json) throws IOException {
    String[] kindAndName = {"", ""};
    fields(
        json,
        (field, value) -> {
          switch (field) {
            case "kind" -> kindAndName[0] = text(value);
            case "name" -> kindAndName[1] = text(value);
            default -> {} // of no interest
          }
        });
    if (kindAndName[0].equals("Pod") && !kindAndName[1].isBlank()) {
      member.pod = kindAndName[1];
    }
  }

  private static Port port(JsonParser json) throws IOException {
    Port port = new Port();
    fields(
        json,
        (field, value) -> {
          switch (field) {
            case "name" -> port.name = text(value);
            case "port" -> port.number = value.getValueAsInt();
            case "protocol" -> port.protocol = text(value);
            default -> {} // of no interest
          }
        });
    return port;
  }

  /** The first of several addresses, which all lead to the same; empty if there is none. */
  private static String firstOf(JsonParser json) throws IOException {
    List<String> all = new ArrayList<>();
    if (json.currentToken() == JsonToken.START_ARRAY) {
      while (json.nextToken() != JsonToken.END_ARRAY) {
        all.add(text(json));
        json.skipChildren();
      }
    }
    return all.isEmpty() ? "" : all.get(0);
  }

  private static String text(JsonParser json) throws IOException {
    String text = textOrNull(json);
    return text == null ? "" : text;
  }

  private static @Nullable String textOrNull(JsonParser json) throws IOException {
    return json.currentToken() == JsonToken.VALUE_STRING ? json.getText() : null;
  }

  /** Reads the fields of the object that the parser is at; null has none. */
  private static void fields(JsonParser json, FieldReader reader) throws IOException {
    if (!begins(json, JsonToken.START_OBJECT)) {
      return;
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String field = json.currentName();
      json.nextToken();
      reader.read(field, json);
      json.skipChildren(); // what the reader left alone
    }
  }

  /** Has each object of the array that the parser is at read; null has none. */
  private static void elements(JsonParser json, Element element) throws IOException {
    if (!begins(json, JsonToken.START_ARRAY)) {
      return;
    }
    while (json.nextToken() != JsonToken.END_ARRAY) {
      element.read();
      json.skipChildren();
    }
  }

  private static boolean begins(JsonParser json, JsonToken with) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return false;
    }
    if (json.currentToken() != with) {
      throw new IOException(
          "the API server's answer has "
              + json.currentToken()
              + " at "
              + json.getParsingContext().pathAsPointer()
              + " (expected: "
              + with
              + ")");
    }
    return true;
  }

  /** Reads the element that the parser is at. */
  private interface Element {
    void read() throws IOException;
  }
}
