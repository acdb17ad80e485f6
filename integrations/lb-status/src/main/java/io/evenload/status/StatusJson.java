package io.evenload.status;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import io.evenload.EndpointState;
import io.evenload.LoadBalancerStatus;
import io.evenload.LoadBalancerStatus.EndpointStatus;
import io.evenload.LoadBalancerStatus.GroupStatus;
import io.evenload.LoadBalancerStatus.ListStatus;
import io.evenload.Server;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/** A balancer's status as JSON. */
public final class StatusJson {

  private static final JsonFactory JSON = new JsonFactory();

  private StatusJson() {}

  /**
   * Returns the status as one JSON object, with the names and values that {@link
   * LoadBalancerStatus} documents:
   *
   * <pre>{@code
   * {
   *   "name": "orders",
   *   "closed": false,
   *   "panic": false,
   *   "leakedAttempts": 0,
   *   "listAgeSeconds": 1.5,    // since its source gave or confirmed it; absent before the first
   *   "list": {                 // absent before the balancer has begun
   *     "source": "DnsServerList orders:8080",
   *     "failing": false,       // whether it failed, and gave or confirmed nothing since
   *     "failureAgeSeconds": 60.5,    // since it failed last; both absent if it never did
   *     "failure": "java.net.UnknownHostException: orders"
   *   },
   *   "notices": [              // what is done with the calls; absent if there is nothing to tell
   *     "orders: throttled: 62 % of the calls are not sent, as the service refuses them"
   *   ],
   *   "groups": [
   *     {"priority": 0, "zone": null, "share": 1.0, "candidates": 1}
   *   ],
   *   "endpoints": [
   *     {
   *       "server": {
   *         "id": "10.0.0.1:8080",
   *         "host": "10.0.0.1",
   *         "port": 8080,
   *         "weight": 1,          // as configured
   *         "zone": "eu-1a",      // null if not known
   *         "priority": 0,
   *         "metadata": []
   *       },
   *       "state": "ELIGIBLE",    // the constants of EndpointState
   *       "reason": "",
   *       "weight": 1.0,          // the effective one
   *       "inFlight": 3,
   *       "latencyNanos": 1.2E7,  // null until the first sample
   *       "failureRate": 0.0
   *     }
   *   ]
   * }
   * }</pre>
   *
   * Fields may be added.
   */
  public static String of(LoadBalancerStatus status) {
    return written(
        json -> {
          json.writeStartObject();
          status(json, status, endpoint -> {});
          json.writeEndObject();
        });
  }

  /** Returns what {@link StatusPage#json()} documents. */
  static String page(List<BalancerView> views, Instant now) {
    return written(
        json -> {
          json.writeStartObject();
          json.writeStringField("time", now.toString());
          json.writeNumberField("slotSeconds", ServerCounts.SLOT.toSeconds());
          json.writeArrayFieldStart("balancers");
          for (BalancerView view : views) {
            view(json, view);
          }
          json.writeEndArray();
          json.writeEndObject();
        });
  }

  private static void view(JsonGenerator json, BalancerView view) throws IOException {
    long attempts = view.minute().attempts();
    json.writeStartObject();
    status(json, view.status(), endpoint -> lastMinute(json, view.minute(endpoint), attempts));
    json.writeObjectFieldStart("attempts");
    json.writeNumberField("succeeded", view.succeeded());
    json.writeNumberField("failed", view.failed());
    json.writeNumberField("cancelled", view.cancelled());
    json.writeEndObject();
    json.writeArrayFieldStart("changes");
    for (Change change : view.changes()) {
      change(json, change);
    }
    json.writeEndArray();
    json.writeEndObject();
  }

  private static void lastMinute(JsonGenerator json, Minute minute, long ofAll) throws IOException {
    json.writeObjectFieldStart("lastMinute");
    json.writeNumberField("share", ofAll == 0 ? 0 : (double) minute.attempts() / ofAll);
    slots(json, "attempts", minute::attempts);
    slots(json, "failures", minute::failures);
    json.writeEndObject();
  }

  private static void slots(JsonGenerator json, String name, IntUnaryOperator slot)
      throws IOException {
    json.writeArrayFieldStart(name);
    for (int i = 0; i < ServerCounts.SLOTS; i++) {
      json.writeNumber(slot.applyAsInt(i));
    }
    json.writeEndArray();
  }

  private static void change(JsonGenerator json, Change change) throws IOException {
    json.writeStartObject();
    json.writeStringField("time", change.time().toString());
    json.writeStringField("kind", change.kind().name());
    json.writeStringField("server", change.server());
    json.writeStringField("from", name(change.from()));
    json.writeStringField("to", name(change.to()));
    json.writeStringField("text", change.text());
    json.writeEndObject();
  }

  private static @Nullable String name(@Nullable EndpointState state) {
    return state == null ? null : state.name();
  }

  /** Writes the fields of a status, and at the end of each endpoint what else is to be there. */
  private static void status(JsonGenerator json, LoadBalancerStatus status, Further further)
      throws IOException {
    json.writeStringField("name", status.name());
    json.writeBooleanField("closed", status.closed());
    json.writeBooleanField("panic", status.panic());
    json.writeNumberField("leakedAttempts", status.leakedAttempts());
    Duration age = status.listAge();
    if (age != null) {
      json.writeNumberField("listAgeSeconds", age.toMillis() / 1e3);
    }
    ListStatus list = status.list();
    if (list != null) {
      list(json, list);
    }
    if (!status.notices().isEmpty()) {
      json.writeArrayFieldStart("notices");
      for (String notice : status.notices()) {
        json.writeString(notice);
      }
      json.writeEndArray();
    }
    json.writeArrayFieldStart("groups");
    for (GroupStatus group : status.groups()) {
      json.writeStartObject();
      json.writeNumberField("priority", group.priority());
      json.writeStringField("zone", group.zone());
      json.writeNumberField("share", group.share());
      json.writeNumberField("candidates", group.candidates());
      json.writeEndObject();
    }
    json.writeEndArray();
    json.writeArrayFieldStart("endpoints");
    for (EndpointStatus endpoint : status.endpoints()) {
      json.writeStartObject();
      endpoint(json, endpoint);
      further.write(endpoint);
      json.writeEndObject();
    }
    json.writeEndArray();
  }

  private static void list(JsonGenerator json, ListStatus list) throws IOException {
    json.writeObjectFieldStart("list");
    json.writeStringField("source", list.source());
    json.writeBooleanField("failing", list.failing());
    Duration age = list.failureAge();
    if (age != null) {
      json.writeNumberField("failureAgeSeconds", age.toMillis() / 1e3);
      json.writeStringField("failure", list.failure());
    }
    json.writeEndObject();
  }

  private static void endpoint(JsonGenerator json, EndpointStatus endpoint) throws IOException {
    Server server = endpoint.server();
    json.writeObjectFieldStart("server");
    json.writeStringField("id", server.id());
    json.writeStringField("host", server.host());
    json.writeNumberField("port", server.port());
    json.writeNumberField("weight", server.weight());
    json.writeStringField("zone", server.zone());
    json.writeNumberField("priority", server.priority());
    json.writeArrayFieldStart("metadata");
    for (String key : server.metadata().keySet()) { // values may be what no page should have
      json.writeString(key);
    }
    json.writeEndArray();
    json.writeEndObject();
    json.writeStringField("state", endpoint.state().name());
    json.writeStringField("reason", endpoint.reason());
    json.writeNumberField("weight", endpoint.weight());
    json.writeNumberField("inFlight", endpoint.inFlight());
    if (Double.isNaN(endpoint.latencyNanos())) {
      json.writeNullField("latencyNanos");
    } else {
      json.writeNumberField("latencyNanos", endpoint.latencyNanos());
    }
    json.writeNumberField("failureRate", endpoint.failureRate());
  }

  private static String written(Content content) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = JSON.createGenerator(text)) {
      content.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // a StringWriter throws none
    }
    return text.toString();
  }

  @FunctionalInterface
  private interface Content {
    void write(JsonGenerator json) throws IOException;
  }

  @FunctionalInterface
  private interface Further {
    void write(EndpointStatus endpoint) throws IOException;
  }
}
