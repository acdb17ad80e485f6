package io.evenload.kubernetes;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import javax.net.ssl.SSLSocketFactory;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockResponseBody;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;
import okhttp3.HttpUrl;
import okio.BufferedSink;
import org.jspecify.annotations.Nullable;

/**
 * An API server that knows EndpointSlices alone: the wire format of the real one, and its ways to
 * fail. Thread-safe.
 */
final class StubApi implements AutoCloseable {

  private static final String END = "";
  private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private MockWebServer server = new MockWebServer();
  private final Map<String, String> slices = new TreeMap<>(); // JSON without braces, by name
  private final List<String> history = new ArrayList<>(); // events by version, from 1 on
  private final Set<Watch> watches = ConcurrentHashMap.newKeySet();
  private final List<RecordedRequest> requests = new CopyOnWriteArrayList<>();
  private volatile Function<RecordedRequest, @Nullable MockResponse> script = request -> null;
  private volatile String apiVersion = "v1";
  private volatile int pageSize = Integer.MAX_VALUE;
  private volatile boolean endsWatches = true;
  private volatile boolean killed;
  private int forgotten; // versions below it are gone

  StubApi() throws IOException {
    this(null);
  }

  StubApi(@Nullable SSLSocketFactory tls) throws IOException {
    start(freePort(), tls);
  }

  /** One that is given by number can be used again at once. */
  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private void start(int port, @Nullable SSLSocketFactory tls) throws IOException {
    if (tls != null) {
      server.useHttps(tls);
    }
    server.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            requests.add(request);
            MockResponse scripted = script.apply(request);
            return scripted == null ? answer(request) : scripted;
          }
        });
    server.start(port);
  }

  String url() {
    String url = server.url("/").toString();
    return url.substring(0, url.length() - 1);
  }

  /** The server dies, and all connections with it. */
  int kill() {
    int port = server.getPort();
    killed = true;
    server.close();
    return port;
  }

  /** Another server begins at this port. */
  void restart(int port) throws IOException {
    killed = false;
    server = new MockWebServer();
    start(port, null);
  }

  /** All data are lost, and versions begin anew. */
  synchronized void loseData() {
    slices.clear();
    history.clear();
    forgotten = 0;
  }

  /** Answers requests this way, those excepted for which the script returns null. */
  void script(Function<RecordedRequest, @Nullable MockResponse> script) {
    this.script = script;
  }

  void apiVersion(String version) {
    apiVersion = version;
  }

  /** Lists come in pages of so many slices. */
  void pageSize(int slices) {
    pageSize = slices;
  }

  /** Watches do not end at the time that was agreed on. */
  void neverEndWatches() {
    endsWatches = false;
  }

  /** Adds or changes a slice. */
  synchronized void put(String name, String json) {
    String type = slices.put(name, json) == null ? "ADDED" : "MODIFIED";
    happen(type, object(name, json, history.size() + 1));
  }

  /** Adds or changes a slice, and loses the event. */
  synchronized void putUnseen(String name, String json) {
    slices.put(name, json);
  }

  synchronized void delete(String name) {
    String json = slices.remove(name);
    happen("DELETED", object(name, json, history.size() + 1));
  }

  private void happen(String type, String object) {
    String event = "{\"type\":\"" + type + "\",\"object\":" + object + "}";
    history.add(event);
    send(event);
  }

  /** Keeps no event in memory that all watches have been sent. */
  synchronized void forgetHistory() {
    forgotten = history.size();
    Collections.fill(history, "");
  }

  /** Sends this line to all watches. */
  void send(String line) {
    watches.forEach(watch -> watch.lines.add(line));
  }

  /** Ends all watches in good order. */
  void endWatches() {
    send(END);
  }

  /** From now on nobody can begin at a version that was before this. */
  synchronized void compact() {
    forgotten = history.size() + 1;
    history.add("{\"type\":\"BOOKMARK\",\"object\":{}}");
  }

  int watching() {
    return watches.size();
  }

  List<RecordedRequest> requests() {
    return requests;
  }

  long lists() {
    return requests.stream().filter(request -> !isWatch(request)).count();
  }

  static boolean isWatch(RecordedRequest request) {
    return request.getUrl().queryParameter("watch") != null;
  }

  private MockResponse answer(RecordedRequest request) {
    HttpUrl url = request.getUrl();
    String path = "/apis/discovery.k8s.io/" + apiVersion + "/namespaces/shop/endpointslices";
    if (!url.encodedPath().equals(path)) {
      return status(404, "the server could not find the requested resource");
    }
    if (!"kubernetes.io/service-name=orders".equals(url.queryParameter("labelSelector"))) {
      return status(400, "no label");
    }
    return isWatch(request) ? watch(request) : list(url);
  }

  private synchronized MockResponse list(HttpUrl url) {
    String from = url.queryParameter("resourceVersion");
    if (from != null && !from.isEmpty() && Integer.parseInt(from) > history.size()) {
      return status(504, "Timeout: Too large resource version: " + from);
    }
    String next = url.queryParameter("continue");
    int first = next == null ? 0 : Integer.parseInt(next);
    List<String> items = new ArrayList<>();
    slices.forEach((name, json) -> items.add(object(name, json, 1)));
    int end = (int) Math.min(items.size(), (long) first + pageSize);
    String more = end < items.size() ? ",\"continue\":\"" + end + "\"" : "";
    return json(
        200,
        "{\"kind\":\"EndpointSliceList\",\"apiVersion\":\"discovery.k8s.io/"
            + apiVersion
            + "\",\"metadata\":{\"resourceVersion\":\""
            + history.size()
            + "\""
            + more
            + "},\"items\":["
            + String.join(",", items.subList(first, end))
            + "]}");
  }

  private synchronized MockResponse watch(RecordedRequest request) {
    HttpUrl url = request.getUrl();
    boolean chunked = request.getVersion().startsWith("HTTP/1");
    int from = Integer.parseInt(url.queryParameter("resourceVersion"));
    if (from < forgotten) {
      return stream(new Watch(List.of(gone(), END), 60, chunked));
    }
    List<String> missed = history.subList(Math.min(from, history.size()), history.size());
    int seconds = Integer.parseInt(url.queryParameter("timeoutSeconds"));
    Watch watch = new Watch(missed, seconds, chunked);
    watches.add(watch);
    return stream(watch);
  }

  static String gone() {
    return "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"status\":\"Failure\",\"message\":"
        + "\"too old resource version: 1 (5)\",\"reason\":\"Expired\",\"code\":410}}";
  }

  static MockResponse status(int code, String message) {
    return json(
        code,
        "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},\"status\":\"Failure\","
            + "\"message\":\""
            + message
            + "\",\"code\":"
            + code
            + "}");
  }

  static MockResponse json(int code, String json) {
    return new MockResponse.Builder()
        .code(code)
        .setHeader("Content-Type", "application/json")
        .body(json)
        .build();
  }

  private static String object(String name, String json, int version) {
    return "{\"metadata\":{\"name\":\""
        + name
        + "\",\"managedFields\":[{\"manager\":\"controller\",\"fieldsV1\":{\"f:endpoints\":{}}}],"
        + "\"resourceVersion\":\""
        + version
        + "\"},"
        + json
        + "}";
  }

  private static MockResponse stream(Watch watch) {
    MockResponse.Builder response =
        new MockResponse.Builder()
            .setHeader("Content-Type", "application/json")
            .body(watch)
            .removeHeader("Content-Length");
    if (watch.chunked) {
      response.setHeader("Transfer-Encoding", "chunked");
    }
    return response.build();
  }

  @Override
  public void close() {
    kill();
  }

  /** The body of a running watch: chunks that come when something happens. */
  private final class Watch implements MockResponseBody {
    private final BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    private final long endNanos;
    private final boolean chunked; // else HTTP/2, which frames by itself

    Watch(List<String> missed, int seconds, boolean chunked) {
      this.chunked = chunked;
      lines.addAll(missed);
      endNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    }

    @Override
    public long getContentLength() {
      return -1;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      try {
        sink.flush();
        for (String line = next(); !line.equals(END); line = next()) {
          int length = line.getBytes(StandardCharsets.UTF_8).length + 1;
          frame(sink, Integer.toHexString(length) + "\r\n");
          sink.writeUtf8(line + "\n");
          frame(sink, "\r\n");
          sink.flush();
        }
        frame(sink, "0\r\n"); // and trailers, of which the server writes none
        sink.flush();
      } catch (InterruptedException e) {
        throw new IOException(e);
      } finally {
        watches.remove(this);
      }
    }

    private void frame(BufferedSink sink, String text) throws IOException {
      if (chunked) {
        sink.writeUtf8(text);
      }
    }

    private String next() throws InterruptedException {
      long rest = endsWatches ? endNanos - System.nanoTime() : Long.MAX_VALUE;
      String line = null;
      while (line == null && rest > 0 && !killed) {
        line = lines.poll(Math.min(rest, LOOK_NANOS), TimeUnit.NANOSECONDS);
        rest = endsWatches ? endNanos - System.nanoTime() : Long.MAX_VALUE;
      }
      return line == null ? END : line;
    }
  }
}
