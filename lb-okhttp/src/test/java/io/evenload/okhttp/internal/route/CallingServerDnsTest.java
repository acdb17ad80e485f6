package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.discovery.Networks;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import mockwebserver3.MockResponse;
import mockwebserver3.MockWebServer;
import okhttp3.Call;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.Test;

/** What OkHttp 5.5 and newer ask a Dns for. */
final class CallingServerDnsTest {

  private final ServerRoutes routes = new ServerRoutes("billing"::equals, false);
  private final CallingDns users = new CallingDns();

  @Test
  void exist_thisOkHttp_isTrue() {
    assertThat(DnsCalls.exist()).isTrue();
  }

  @Test
  void newCall_serverWithHostName_isTheUsersAndLeadsToTheServersPort() throws IOException {
    try (MockWebServer web = new MockWebServer()) {
      web.enqueue(new MockResponse.Builder().body("here").build());
      web.start();
      ServerDns dns = routes.to("orders", Server.of("db.local", web.getPort()), users, false);
      assertThat(get(dns, "http://orders/")).isEqualTo("here");
      assertThat(users.called).containsExactly("db.local:" + web.getPort());
    }
  }

  @Test
  void newCall_otherHost_isTheUsers() throws IOException {
    try (MockWebServer web = new MockWebServer()) {
      web.enqueue(new MockResponse.Builder().body("elsewhere").build());
      web.start();
      ServerDns dns = routes.to("orders", Server.of("10.0.0.1", 80), users, false);
      assertThat(get(dns, "http://other:" + web.getPort() + "/")).isEqualTo("elsewhere");
      assertThat(users.called).containsExactly("other:" + web.getPort());
    }
  }

  @Test
  void newCall_serverWithAddress_asksNobody() {
    ServerDns dns = routes.to("orders", Server.of("10.0.0.1", 80), users, false);
    assertThat(dns.newCall(new Dns.Request("orders"))).isNotInstanceOf(UsersCall.class);
    assertThat(users.called).isEmpty();
  }

  @Test
  void newCall_otherService_failsBeforeAnyoneIsAsked() {
    ServerDns dns = routes.to("orders", Server.of("10.0.0.1", 80), users, false);
    assertThatThrownBy(() -> get(dns, "http://billing/"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("billing is balanced");
    assertThat(users.called).isEmpty();
  }

  @Test
  void newCall_failureAndCancel_arePassedOn() {
    ServerDns dns = routes.to("orders", Server.of("nowhere", 80), users, false);
    assertThatThrownBy(() -> get(dns, "http://orders/"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("nowhere");
    Dns.Request asked = new Dns.Request("orders");
    Dns.Call call = dns.newCall(asked);
    assertThat(call.getRequest()).isSameAs(asked);
    assertThat(call.isCanceled()).isFalse();
    call.cancel();
    assertThat(call.isCanceled()).isTrue();
  }

  @Test
  void newCall_addressesOutsideTheNetworks_areLeftOut() throws IOException {
    try (MockWebServer web = new MockWebServer()) {
      web.enqueue(new MockResponse.Builder().body("here").build());
      web.start();
      Server server = Server.of("mixed", web.getPort());
      ServerDns dns = routes.to("orders", server, users, false).within(Networks.defaults());
      assertThat(get(dns, "http://orders/")).isEqualTo("here");
    }
  }

  @Test
  void newCall_allAddressesOutsideTheNetworks_fails() {
    ServerDns dns =
        routes.to("orders", Server.of("metadata", 80), users, false).within(Networks.defaults());
    assertThatThrownBy(() -> get(dns, "http://orders/"))
        .isInstanceOf(UnknownHostException.class)
        .hasMessageContaining("metadata: refused, as it leads to 169.254.169.254");
  }

  @Test
  void newCall_dnsThatOnlyLooksUp_needsNoCall() {
    ServerDns dns = routes.to("orders", Server.of("db.local", 80), host -> List.of(), false);
    Dns lookingUp = host -> List.of();
    assertThat(dns.newCall(new Dns.Request("orders")))
        .as("what OkHttp answers by lookup, on the thread of the call")
        .hasSameClassAs(lookingUp.newCall(new Dns.Request("orders")));
  }

  private static String get(ServerDns dns, String url) throws IOException {
    OkHttpClient client =
        new OkHttpClient.Builder()
            .addInterceptor(
                chain -> dns.routed(chain, chain.request().url()).proceed(chain.request()))
            .build();
    Call call = client.newCall(new Request.Builder().url(url).build());
    try (Response response = call.execute()) {
      return response.body().string();
    } finally {
      client.connectionPool().evictAll();
    }
  }

  /** A user's Dns that resolves without a thread that waits, and in no other way. */
  private static final class CallingDns implements Dns {
    final List<String> called = new CopyOnWriteArrayList<>();

    @Override
    public List<InetAddress> lookup(String hostname) throws UnknownHostException {
      throw new UnknownHostException(hostname + " was looked up");
    }

    @Override
    public Dns.Call newCall(Dns.Request request) {
      called.add(request.hostname() + ":" + request.port());
      return new UsersCall(request);
    }
  }

  private static final class UsersCall implements Dns.Call {
    private final Dns.Request request;
    private volatile boolean canceled;

    UsersCall(Dns.Request request) {
      this.request = request;
    }

    @Override
    public Dns.Request getRequest() {
      return request;
    }

    @Override
    public void enqueue(Dns.Callback callback) {
      if (request.hostname().equals("nowhere")) {
        callback.onFailure(this, new UnknownHostException("nowhere"));
        return;
      }
      boolean metadataAlone = request.hostname().equals("metadata");
      if (metadataAlone || request.hostname().equals("mixed")) {
        callback.onRecords(this, metadataAlone, List.of(record("169.254.169.254")));
      }
      if (metadataAlone) {
        return;
      }
      callback.onRecords(
          this,
          true,
          List.of(new Dns.Record.IpAddress(request.hostname(), InetAddress.getLoopbackAddress())));
    }

    private Dns.Record.IpAddress record(String address) {
      try {
        return new Dns.Record.IpAddress(request.hostname(), InetAddress.getByName(address));
      } catch (UnknownHostException e) {
        throw new IllegalStateException(e);
      }
    }

    @Override
    public void cancel() {
      canceled = true;
    }

    @Override
    public boolean isCanceled() {
      return canceled;
    }
  }
}
