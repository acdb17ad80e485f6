package io.evenload.okhttp;

import io.evenload.Server;
import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import mockwebserver3.Dispatcher;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.RecordedRequest;

/**
 * A server that says who it is: every response has its id in the header {@value #ID}, and, unless
 * scripted otherwise, in the body. It answers with what {@link #next} scripted, then with what
 * {@link #always} says, which is 200 by default.
 */
final class Backend implements AutoCloseable {

  static final String ID = "Server-Id";

  private final String id;
  private final Wire wire;
  private final MockWebServer web = new MockWebServer();
  private final ConcurrentLinkedDeque<MockResponse> script = new ConcurrentLinkedDeque<>();
  private final Queue<RecordedRequest> requests = new ConcurrentLinkedQueue<>();
  private final Signal signal;
  private volatile MockResponse normal;
  private volatile Supplier<MockResponse> fallback;

  Backend(String id, Wire wire, Signal signal) {
    this.id = id;
    this.wire = wire;
    this.signal = signal;
    always(response -> response);
    web.setServerSocketFactory(new PromptSockets());
    web.setProtocols(wire.protocols);
    if (wire.tls()) {
      web.useHttps(Wire.held(Wire.LOGICAL).sslSocketFactory());
    }
    web.setDispatcher(
        new Dispatcher() {
          @Override
          public MockResponse dispatch(RecordedRequest request) {
            requests.add(request);
            MockResponse scripted = script.poll();
            Backend.this.signal.changed();
            return scripted != null ? scripted : fallback.get();
          }

          @Override
          public MockResponse peek() {
            MockResponse scripted = script.peek();
            return scripted != null ? scripted : normal;
          }
        });
  }

  /** The server underneath, for what this class does not offer. */
  MockWebServer web() {
    return web;
  }

  Backend start(String host, int port) throws IOException {
    web.start(InetAddress.getByName(host), port);
    return this;
  }

  Wire wire() {
    return wire;
  }

  String id() {
    return id;
  }

  int port() {
    return web.getPort();
  }

  /** What discovery would say of it. */
  Server server() {
    return Server.builder(web.getSocketAddress().getAddress().getHostAddress(), port())
        .id(id)
        .build();
  }

  /** Scripts one response, made from a 200 with the id as its body. */
  Backend next(UnaryOperator<MockResponse.Builder> change) {
    script.add(change.apply(response()).build());
    return this;
  }

  /** Scripts one response, made from a 200 without a body. */
  Backend nextBare(UnaryOperator<MockResponse.Builder> change) {
    script.add(change.apply(bare()).build());
    return this;
  }

  /** Drops what is scripted and was not asked for. */
  void forgetScript() {
    script.clear();
  }

  /** Sets what is answered when the script is at its end. */
  Backend always(UnaryOperator<MockResponse.Builder> change) {
    MockResponse same = change.apply(response()).build();
    normal = same;
    fallback = () -> same;
    return this;
  }

  /**
   * Sets what makes the answers when the script is at its end, from 200s without a body: such a
   * response leaves the server in one piece or not at all.
   */
  Backend answering(Function<Supplier<MockResponse.Builder>, MockResponse> answer) {
    fallback = () -> answer.apply(this::bare);
    return this;
  }

  /** The requests that arrived, among them those that were not answered. */
  List<RecordedRequest> requests() {
    return List.copyOf(requests);
  }

  /** The number of requests that arrived. */
  int hits() {
    return requests.size();
  }

  /** The only request that arrived. */
  RecordedRequest onlyRequest() {
    List<RecordedRequest> seen = requests();
    if (seen.size() != 1) {
      throw new AssertionError(id + " got " + seen.size() + " requests (expected: 1): " + seen);
    }
    return seen.get(0);
  }

  /** The number of connections over which requests arrived. */
  long connections() {
    return requests.stream().mapToInt(RecordedRequest::getConnectionIndex).distinct().count();
  }

  private MockResponse.Builder bare() {
    return new MockResponse.Builder().setHeader(ID, id);
  }

  private MockResponse.Builder response() {
    return bare().body(id);
  }

  @Override
  public void close() {
    web.close();
  }

  @Override
  public String toString() {
    return id;
  }
}
