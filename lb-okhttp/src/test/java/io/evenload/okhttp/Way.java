package io.evenload.okhttp;

import io.evenload.Server;
import io.evenload.okhttp.BalancedClient.Ended;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.RequestBody;
import org.jspecify.annotations.Nullable;

/** The ways in which a call to one server may be made, the first of which is OkHttp's alone. */
enum Way {
  /** OkHttp as it is. */
  OKHTTP(options -> {}),
  /** The call itself makes its attempts. */
  BALANCED(options -> {}),
  /** The same, with no attempt after the first. */
  NOT_RETRIED(options -> options.retry(RetryPolicy.none())),
  /** Each attempt is a call of its own, since it has a timeout. */
  TIMED(
      options ->
          options.retry(Policies.immediate(3).attemptTimeout(Duration.ofMinutes(1)).build())),
  /** Each attempt is a call of its own, since another may begin beside it. */
  HEDGED(
      options ->
          options.retry(
              Policies.immediate(3).hedge(HedgePolicy.after(Duration.ofMinutes(1))).build())),
  /** Each attempt is a call of its own, which relies on little of OkHttp. */
  SEPARATE(LoadBalancingInterceptor.Builder::separateCalls);

  @SuppressWarnings("ImmutableEnumChecker") // it holds nothing
  private final Consumer<LoadBalancingInterceptor.Builder> options;

  Way(Consumer<LoadBalancingInterceptor.Builder> options) {
    this.options = options;
  }

  boolean balances() {
    return this != OKHTTP;
  }

  /** Makes the calls of an interceptor go this way. */
  void set(LoadBalancingInterceptor.Builder interceptor) {
    options.accept(interceptor);
  }

  /**
   * Returns a client of one server.
   *
   * @param change of the client, before anything is installed
   * @param addresses of the server, whose name stands for them in this order
   */
  Caller caller(
      Backends backends,
      Wire wire,
      int port,
      Consumer<OkHttpClient.Builder> change,
      String... addresses) {
    Dns dns = host -> resolved(host, addresses);
    String url = wire.scheme + "://" + BalancedClient.HOST;
    if (balances()) {
      BalancedClient client =
          backends
              .client(wire, Server.builder("orders-1.test", port).id("orders-1").build())
              .balancing(options)
              .http(http -> change.accept(http.dns(dns)))
              .build();
      return new Caller(client.http(), url, client);
    }
    OkHttpClient.Builder builder = new OkHttpClient.Builder().dns(dns);
    wire.configure(builder);
    change.accept(builder);
    OkHttpClient http = builder.build();
    var unused = backends.closeAfterTest(() -> http.connectionPool().evictAll());
    return new Caller(http, url + ":" + port, null);
  }

  private static List<InetAddress> resolved(String host, String... addresses)
      throws UnknownHostException {
    List<InetAddress> found = new ArrayList<>();
    for (String address : addresses) {
      found.add(InetAddress.getByAddress(host, InetAddress.getByName(address).getAddress()));
    }
    return found;
  }

  /** Makes calls to the server. */
  record Caller(OkHttpClient http, String url, @Nullable BalancedClient balanced) {

    Request.Builder request(String path) {
      return new Request.Builder().url(url + path);
    }

    Reply get(String path) throws IOException {
      return execute(request(path).build());
    }

    Reply post(String path) throws IOException {
      return execute(request(path).post(RequestBody.create("one order", null)).build());
    }

    Reply execute(Request request) throws IOException {
      return Reply.read(http.newCall(request).execute());
    }

    /** The attempts that ended; none if the calls are not balanced. */
    List<Ended> ended() {
      return balanced == null ? List.of() : balanced.ended();
    }
  }
}
