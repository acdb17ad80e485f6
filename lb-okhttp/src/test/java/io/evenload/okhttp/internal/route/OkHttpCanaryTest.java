package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.okhttp.UserSocketFactory;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import mockwebserver3.SocketEffect;
import okhttp3.Call;
import okhttp3.Callback;
import okhttp3.Connection;
import okhttp3.ConnectionPool;
import okhttp3.Dns;
import okhttp3.EventListener;
import okhttp3.HttpUrl;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.RequestBody;
import okhttp3.Response;
import okhttp3.Route;
import okhttp3.internal.http2.ConnectionShutdownException;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.Http2Writer;
import okhttp3.internal.http2.StreamResetException;
import okio.Buffer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * One test for each thing that OkHttp does without saying so, and that is relied on here. One that
 * fails with a new OkHttp names what broke; docs/okhttp-internals.md tells what comes of that.
 */
final class OkHttpCanaryTest {

  private static final Request REQUEST = new Request.Builder().url("http://orders/").build();

  private final MockWebServer a = new MockWebServer();
  private final MockWebServer b = new MockWebServer();
  private final ServerRoutes routes = new ServerRoutes("billing"::equals, false);
  private final Events events = new Events();
  private final AttemptTrace trace = new AttemptTrace() {};
  private final ConnectionPool pool = new ConnectionPool();

  @BeforeEach
  void start() throws IOException {
    a.start();
    b.start();
  }

  @AfterEach
  void close() {
    pool.evictAll();
    a.close();
    b.close();
  }

  @Test
  void detach_otherHost_releasesTheConnectionBeforeItIsResolved() throws IOException {
    a.enqueue(text("a"));
    b.enqueue(text("b"));
    assertThat(call(this::twiceDetached).execute().body().string()).isEqualTo("b");
    assertThat(events.names).containsSubsequence("connectionReleased", "dns lb-detach.invalid");
    assertThat(pool.connectionCount()).isEqualTo(2);
    assertThat(a.getRequestCount()).isEqualTo(1);
  }

  private Response twiceDetached(Interceptor.Chain chain) throws IOException {
    chain.call().addEventListener(trace);
    trace.expect(to(a));
    to(a).routed(chain, REQUEST.url()).proceed(REQUEST).close();
    assertThat(trace.attachedElsewhere(to(b))).as("why it has to be detached").isTrue();
    assertThat(trace.detach(chain, to(b))).isTrue();
    return to(b).routed(chain, REQUEST.url()).proceed(REQUEST);
  }

  @Test
  void events_connectionThatIsKept_areNone() throws IOException {
    a.enqueue(text("a"));
    a.enqueue(text("a again"));
    Response second =
        call(chain -> {
              to(a).routed(chain, REQUEST.url()).proceed(REQUEST).close();
              events.names.clear();
              return to(b).routed(chain, REQUEST.url()).proceed(REQUEST);
            })
            .execute();
    assertThat(second.body().string()).isEqualTo("a again");
    assertThat(events.names).startsWith("requestHeadersStart");
  }

  @Test
  void events_newConnection_comeInThisOrder() throws IOException {
    a.enqueue(text("a"));
    call(chain -> to(a).routed(chain, REQUEST.url()).proceed(REQUEST)).execute().close();
    assertThat(events.names)
        .containsSubsequence(
            "proxySelectStart orders",
            "dns orders",
            "connectStart",
            "connectionAcquired",
            "requestHeadersStart",
            "responseHeadersStart",
            "connectionReleased",
            "callEnd");
  }

  @Test
  void pool_dns_decidesWhatIsReused() throws IOException {
    a.enqueue(text("1"));
    a.enqueue(text("2"));
    b.enqueue(text("3"));
    assertThat(routed(to(a))).isEqualTo("1");
    assertThat(
            routed(new ServerRoutes(host -> false, false).to("orders", at(a), Dns.SYSTEM, false)))
        .isEqualTo("2");
    assertThat(routed(to(b))).isEqualTo("3");
    assertThat(pool.connectionCount()).isEqualTo(2);
  }

  @Test
  void pool_exclusiveUntilConnected_isReusedAfterwards() throws IOException {
    for (String text : List.of("1", "2", "3")) {
      a.enqueue(text(text));
    }
    routed(to(a));
    ServerDns fresh = routes.to("orders", at(a), Dns.SYSTEM, true);
    routed(fresh);
    assertThat(pool.connectionCount()).as("a fresh one").isEqualTo(2);
    fresh.share();
    pool.evictAll();
    routed(fresh);
    a.enqueue(text("4"));
    routed(to(a));
    assertThat(pool.connectionCount()).as("shared").isEqualTo(1);
  }

  @Test
  void pool_leftDns_isNotReused() throws IOException {
    a.enqueue(text("1"));
    a.enqueue(text("2"));
    ServerDns left = to(a);
    routed(left);
    left.leave();
    routed(to(a));
    assertThat(pool.connectionCount()).isEqualTo(2);
  }

  @Test
  void connect_addressOfTheDns_reachesTheSocketAsItIs() throws IOException {
    a.enqueue(text("a"));
    List<SocketAddress> asked = new CopyOnWriteArrayList<>();
    ServerDns server = to(a);
    OkHttpClient client =
        client(chain -> server.routed(chain, REQUEST.url()).proceed(REQUEST))
            .newBuilder()
            .socketFactory(recording(asked))
            .build();
    client.newCall(REQUEST).execute().close();
    assertThat(events.connected).hasSize(1);
    assertThat(server.names(events.connected.get(0))).isTrue();
    assertThat(asked).containsExactly(new InetSocketAddress(a.url("/").host(), a.getPort()));
    assertThat(asked.get(0).toString()).as("what the user's factory sees").startsWith("orders/");
  }

  @Test
  void connection_keepsWhatItWasMadeWith() throws IOException {
    a.enqueue(text("1"));
    a.enqueue(text("2"));
    ServerDns first = to(a);
    ServerDns equal = new ServerRoutes(host -> false, false).to("orders", at(a), Dns.SYSTEM, false);
    routed(first);
    routed(equal);
    assertThat(events.acquired).hasSize(2);
    assertThat(events.acquired.get(1)).isSameAs(events.acquired.get(0));
    Route route = events.acquired.get(1).route();
    assertThat(route.socketAddress()).isSameAs(events.connected.get(0));
    assertThat(route.address().dns()).isSameAs(first);
    assertThat(route.address().socketFactory()).isInstanceOf(ServerSocketFactory.class);
    assertThat(Destination.of(events.acquired.get(1), equal, true)).isSameAs(first);
  }

  @Test
  void connect_refused_isToldWithTheAddressAtTheEnd() throws IOException {
    ServerDns server = to(a);
    a.close();
    assertThatThrownBy(() -> routed(server))
        .isInstanceOfSatisfying(
            IOException.class,
            e ->
                assertThat(server.withItsPort(e, REQUEST.url()))
                    .hasMessageContaining("orders/")
                    .hasMessageEndingWith(":" + server.port()));
  }

  @Test
  void dns_hostThatIsNoAddress_isAsked() {
    for (String host :
        List.of("orders", "a.b", "1.2.3.4", "[::1]", "1.2", "1.2.3.a", "x1", "0x7f.1", "127.1")) {
      HttpUrl url = HttpUrl.parse("http://" + host + "/");
      if (url != null) {
        List<String> asked = new CopyOnWriteArrayList<>();
        OkHttpClient client =
            new OkHttpClient.Builder()
                .dns(
                    name -> {
                      asked.add(name);
                      throw new UnknownHostException(name);
                    })
                .socketFactory(UNCONNECTABLE)
                .build();
        assertThatThrownBy(() -> client.newCall(new Request.Builder().url(url).build()).execute())
            .isInstanceOf(IOException.class);
        assertThat(asked.isEmpty()).as(host).isEqualTo(ServerDns.isBypassedBy(url.host()));
      }
    }
  }

  @Test
  void redirect_otherHost_isResolvedAfterItIsTold() throws IOException {
    a.enqueue(
        new MockResponse.Builder().code(302).setHeader("Location", "http://billing/").build());
    Call call =
        call(
            chain -> {
              chain.call().addEventListener(trace);
              trace.expect(to(a));
              return to(a).routed(chain, REQUEST.url()).proceed(REQUEST);
            });
    assertThatThrownBy(call::execute)
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("billing is balanced");
    FollowUp followUp = trace.followUp();
    assertThat(followUp).isNotNull();
    assertThat(followUp.request().url().host()).isEqualTo("billing");
    assertThat(trace.resends()).isFalse();
  }

  @Test
  void redirect_whoIsToldThrows_isNotFollowedAndKeepsTheConnection() throws IOException {
    a.enqueue(
        new MockResponse.Builder().code(302).setHeader("Location", "/v2").body("gone").build());
    a.enqueue(text("next"));
    Call call =
        call(
            chain -> {
              chain.call().addEventListener(trace);
              trace.expect(to(a));
              trace.leavesFor(next -> next.url().encodedPath().equals("/v2"));
              return to(a).routed(chain, REQUEST.url()).proceed(REQUEST);
            });
    assertThatThrownBy(call::execute)
        .isExactlyInstanceOf(IOException.class)
        .hasMessage("orders: redirected to another service");
    assertThat(trace.leaves()).isTrue();
    assertThat(routed(to(a))).isEqualTo("next");
    assertThat(pool.connectionCount()).isEqualTo(1);
    assertThat(a.getRequestCount()).isEqualTo(2);
  }

  @Test
  void client_ofACall_isTold() throws IOException {
    OkHttpClient client = new OkHttpClient();
    assertThat(ClientView.of(client.newCall(REQUEST))).isSameAs(client);
  }

  @Test
  void chain_placeOfItsInterceptor_isTold() throws IOException {
    List<Integer> passed = new CopyOnWriteArrayList<>();
    Interceptor noting =
        chain -> {
          passed.add(ClientView.passed(chain.withReadTimeout(1, TimeUnit.SECONDS)));
          return passed.size() == 2 ? answer(200) : chain.proceed(chain.request());
        };
    new OkHttpClient.Builder()
        .addInterceptor(noting)
        .addInterceptor(noting)
        .build()
        .newCall(REQUEST)
        .execute()
        .close();
    assertThat(passed).containsExactly(1, 2);
  }

  @Test
  void client_poolSize_isTold() {
    assertThat(ClientView.maxIdle(new ConnectionPool(7, 1, TimeUnit.MINUTES))).isEqualTo(7);
  }

  @Test
  void thread_ofAnEnqueuedCall_isNamedByTheUrl() throws Exception {
    List<Boolean> enqueued = new CopyOnWriteArrayList<>();
    Interceptor answering =
        chain -> {
          enqueued.add(ClientView.isEnqueued(chain.call()));
          return answer(200);
        };
    call(answering).execute().close();
    CompletableFuture<Response> answer = new CompletableFuture<>();
    call(answering)
        .enqueue(
            new Callback() {
              @Override
              public void onFailure(Call call, IOException failure) {
                answer.completeExceptionally(failure);
              }

              @Override
              public void onResponse(Call call, Response response) {
                answer.complete(response);
              }
            });
    answer.get(20, TimeUnit.SECONDS).close();
    assertThat(enqueued).containsExactly(false, true);
  }

  @Test
  void unavailable_retryAfterZero_isResentUnlessHidden() throws IOException {
    UnaryOperator<MockResponse.Builder> comeAtOnce =
        response -> response.code(503).setHeader("Retry-After", "0");
    a.enqueue(comeAtOnce.apply(new MockResponse.Builder()).build());
    a.enqueue(text("resent, though it is a POST"));
    assertThat(post(client(chain -> to(a).routed(chain, REQUEST.url()).proceed(chain.request()))))
        .isEqualTo(200);
    assertThat(a.getRequestCount()).as("why it is hidden").isEqualTo(2);

    a.enqueue(comeAtOnce.apply(new MockResponse.Builder()).build());
    assertThat(post(withNetworkHalf(builder -> builder))).isEqualTo(503);
    assertThat(a.getRequestCount()).isEqualTo(3);
    assertThat(trace.restored(answer(503)).header("Retry-After")).isEqualTo("0");
  }

  @Test
  void broken_protocolException_isNotSentAgain() throws IOException {
    OkHttpClient repeating = client(this::withRetries);
    OkHttpClient disguising =
        repeating
            .newBuilder()
            .addNetworkInterceptor(
                chain -> {
                  try {
                    return chain.proceed(chain.request());
                  } catch (IOException e) {
                    throw UnrepeatableException.of(e);
                  }
                })
            .build();
    MockResponse broken =
        new MockResponse.Builder().onResponseStart(new SocketEffect.CloseSocket()).build();
    a.enqueue(text("connected"));
    a.enqueue(broken);
    a.enqueue(text("sent again, though it is a POST"));
    assertThat(post(repeating)).isEqualTo(200);
    assertThat(post(repeating)).isEqualTo(200);
    assertThat(a.getRequestCount()).as("why it is disguised").isEqualTo(3);

    a.enqueue(broken);
    assertThatThrownBy(() -> post(disguising)).isInstanceOf(UnrepeatableException.class);
    assertThat(a.getRequestCount()).isEqualTo(4);
  }

  @Test
  void timeout_retryAfterOne_isNotResent() throws IOException {
    OkHttpClient client = client(this::withRetries);
    MockResponse timeout = new MockResponse.Builder().code(408).build();
    a.enqueue(timeout);
    a.enqueue(text("sent again, though it is a POST"));
    assertThat(post(client)).isEqualTo(200);

    a.enqueue(timeout.newBuilder().setHeader("Retry-After", "1").build());
    assertThat(post(client)).isEqualTo(408);
    assertThat(a.getRequestCount()).isEqualTo(3);
  }

  private Response withRetries(Interceptor.Chain chain) throws IOException {
    return to(a)
        .routed(chain, REQUEST.url())
        .withRetryOnConnectionFailure(true)
        .proceed(chain.request());
  }

  @Test
  void unavailable_resentAllTheSame_isStopped() {
    a.enqueue(new MockResponse.Builder().code(503).build());
    OkHttpClient client =
        withNetworkHalf(
            builder -> {
              builder
                  .networkInterceptors()
                  .add(
                      0,
                      chain ->
                          chain
                              .proceed(chain.request())
                              .newBuilder()
                              .header("Retry-After", "0")
                              .build());
              return builder;
            });
    assertThatThrownBy(() -> post(client))
        .isInstanceOf(IOException.class)
        .hasMessageStartingWith("orders: stopped OkHttp from sending the request again");
    assertThat(a.getRequestCount()).isEqualTo(1);
  }

  @Test
  void unavailable_retryAfterTooLarge_isNoNumberToOkHttp() {
    a.enqueue(new MockResponse.Builder().code(503).setHeader("Retry-After", "2147483648").build());
    Call call = call(chain -> to(a).routed(chain, REQUEST.url()).proceed(REQUEST));
    assertThatThrownBy(call::execute).isInstanceOf(NumberFormatException.class);
  }

  @Test
  void status_negative_isAnIllegalState() {
    assertThatThrownBy(() -> answer(-1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageStartingWith("code < 0");
  }

  @Test
  void signs_ofHttp2_areReadByNameAndWords() throws IOException {
    assertThat(FailureSigns.isShutDown(new ConnectionShutdownException())).isTrue();
    StreamResetException refused = new StreamResetException(ErrorCode.REFUSED_STREAM);
    assertThat(FailureSigns.isRefused(refused)).isTrue();
    assertThat(FailureSigns.isResetByServer(refused)).isTrue();
    StreamResetException canceled = new StreamResetException(ErrorCode.CANCEL);
    assertThat(FailureSigns.isRefused(canceled)).isFalse();
    assertThat(FailureSigns.isResetByServer(canceled)).isFalse();
    Http2Writer writer = new Http2Writer(new Buffer(), true);
    writer.close();
    assertThatThrownBy(() -> writer.headers(false, 3, List.of()))
        .isInstanceOfSatisfying(
            IOException.class, e -> assertThat(FailureSigns.isShutDown(e)).isTrue());
    assertThat(FailureSigns.isShutDown(new IOException("closed"))).isFalse();
  }

  @Test
  void misroute_addressThatTheDnsDidNotName_isNoticed() throws IOException {
    ServerDns server = routes.to("orders", Server.of("10.0.0.1", 8080), Dns.SYSTEM, false);
    InetAddress address = InetAddress.getByName("10.0.0.1");
    assertThat(server.names(new InetSocketAddress(server.lookup("orders").get(0), 80))).isTrue();
    assertThat(server.names(new InetSocketAddress(address, 80))).isFalse();
    ServerDns reached = server.reached("10.0.0.1", 80);
    assertThat(server.sameServer(reached)).isFalse();
    assertThat(reached.authority()).isEqualTo("10.0.0.1:80");
    assertThat(server.reached("10.0.0.1", 8080)).isSameAs(server);
  }

  private ServerDns to(MockWebServer server) {
    return routes.to("orders", at(server), Dns.SYSTEM, false);
  }

  private static Server at(MockWebServer server) {
    return Server.of(server.getHostName(), server.getPort());
  }

  private String routed(ServerDns dns) throws IOException {
    return call(chain -> dns.routed(chain, REQUEST.url()).proceed(REQUEST))
        .execute()
        .body()
        .string();
  }

  private Call call(Interceptor interceptor) {
    return client(interceptor).newCall(REQUEST);
  }

  private OkHttpClient client(Interceptor interceptor) {
    return new OkHttpClient.Builder()
        .connectionPool(pool)
        .eventListener(events)
        .addInterceptor(interceptor)
        .build();
  }

  private OkHttpClient withNetworkHalf(UnaryOperator<OkHttpClient.Builder> change) {
    OkHttpClient client =
        client(
            chain -> {
              chain.call().addEventListener(trace);
              trace.expect(to(a));
              return to(a).routed(chain, REQUEST.url()).proceed(chain.request());
            });
    return change
        .apply(client.newBuilder().addNetworkInterceptor(new NetworkHalf(call -> trace)))
        .build();
  }

  private static int post(OkHttpClient client) throws IOException {
    Request request = REQUEST.newBuilder().post(RequestBody.create("pay", null)).build();
    try (Response response = client.newCall(request).execute()) {
      return response.code();
    }
  }

  private static MockResponse text(String body) {
    return new MockResponse.Builder().body(body).build();
  }

  private static Response answer(int status) {
    return new Response.Builder()
        .request(REQUEST)
        .protocol(Protocol.HTTP_1_1)
        .code(status)
        .message("")
        .build();
  }

  private static final UserSocketFactory UNCONNECTABLE =
      new UserSocketFactory() {
        @Override
        public Socket createSocket() throws IOException {
          throw new IOException("no socket");
        }
      };

  private static UserSocketFactory recording(List<SocketAddress> asked) {
    return new UserSocketFactory() {
      @Override
      public Socket createSocket() {
        return new Socket() {
          @Override
          public void connect(SocketAddress address, int timeout) throws IOException {
            asked.add(address);
            super.connect(address, timeout);
          }
        };
      }
    };
  }

  /** What OkHttp told, in its order. */
  private static final class Events extends EventListener {
    final List<String> names = new CopyOnWriteArrayList<>();
    final List<InetSocketAddress> connected = new CopyOnWriteArrayList<>();
    final List<Connection> acquired = new CopyOnWriteArrayList<>();

    @Override
    public void proxySelectStart(Call call, HttpUrl url) {
      names.add("proxySelectStart " + url.host());
    }

    @Override
    public void dnsStart(Call call, String domainName) {
      names.add("dns " + domainName);
    }

    @Override
    public void connectStart(Call call, InetSocketAddress address, Proxy proxy) {
      names.add("connectStart");
      connected.add(address);
    }

    @Override
    public void connectionAcquired(Call call, Connection connection) {
      names.add("connectionAcquired");
      acquired.add(connection);
    }

    @Override
    public void connectionReleased(Call call, Connection connection) {
      names.add("connectionReleased");
    }

    @Override
    public void requestHeadersStart(Call call) {
      names.add("requestHeadersStart");
    }

    @Override
    public void responseHeadersStart(Call call) {
      names.add("responseHeadersStart");
    }

    @Override
    public void callEnd(Call call) {
      names.add("callEnd");
    }
  }
}
