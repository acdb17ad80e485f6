package io.evenload.okhttp;

import static io.evenload.okhttp.BalancedClient.Ended.cancelled;
import static io.evenload.okhttp.BalancedClient.Ended.failed;
import static io.evenload.okhttp.BalancedClient.Ended.succeeded;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.evenload.Server;
import io.evenload.okhttp.BalancedClient.Reply;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okhttp3.Response;
import okio.BufferedSink;
import okio.BufferedSource;
import okio.Okio;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Request bodies that cannot be sent twice, and those that cannot be sent at all. */
class RequestBodyTest {

  @RegisterExtension final Backends backends = new Backends();

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("39: a one-shot body that was sent is not sent again, even for a PUT")
  void put_oneShotBodySent_isNotRetried(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    OneShotBody body = new OneShotBody();

    Reply reply = client.execute(client.request("/").put(body).build());

    assertThat(reply.code()).isEqualTo(503);
    assertThat(body.writes).hasValue(1);
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("39: a one-shot body that was not touched goes to the next server")
  void put_oneShotBodyNotSent_isRetried(Wire wire) throws IOException {
    Server down = backends.refusing("down");
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(wire, down, b.server()).build();
    OneShotBody body = new OneShotBody();

    Reply reply = client.execute(client.request("/").put(body).build());

    assertThat(reply.server()).isEqualTo("b");
    assertThat(body.writes).hasValue(1);
    assertThat(b.onlyRequest().getBody().utf8()).isEqualTo("once");
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("39: a body that can be sent again is, for a PUT")
  void put_repeatableBody_isRetried(Wire wire) throws IOException {
    Backend a = backends.start("a", wire).next(response -> response.code(503));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();

    Reply reply = client.execute(client.request("/").put(RequestBody.create("data", null)).build());

    assertThat(reply.server()).isEqualTo("b");
    assertThat(b.onlyRequest().getBody().utf8()).isEqualTo("data");
    assertThat(client.ended()).containsExactly(failed(a.server()), succeeded(b));
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("40: a duplex call talks both ways with the server chosen")
  void duplex_conversation_reachesOneServer(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.nextBare(
        response ->
            response
                .removeHeader("Content-Length")
                .socketHandler(
                    socket -> {
                      try (BufferedSource in = Okio.buffer(socket.getSource());
                          BufferedSink out = Okio.buffer(socket.getSink())) {
                        for (String line = in.readUtf8Line();
                            line != null;
                            line = in.readUtf8Line()) {
                          out.writeUtf8("echo " + line + "\n").flush();
                        }
                      } catch (IOException e) {
                        throw new UncheckedIOException(e);
                      }
                    }));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    DuplexBody body = new DuplexBody();

    try (Response response =
        client.http().newCall(client.request("/talk").post(body).build()).execute()) {
      assertThat(response.header(Backend.ID)).isEqualTo("a");
      BufferedSource in = response.body().source();
      for (String word : new String[] {"one", "two"}) {
        body.sink.get().writeUtf8(word + "\n").flush();
        assertThat(in.readUtf8Line()).isEqualTo("echo " + word);
      }
      assertThat(client.inFlight()).isEqualTo(1);
      body.sink.get().close();
      assertThat(in.exhausted()).isTrue();
    }

    assertThat(client.ended()).containsExactly(succeeded(a));
    assertThat(b.hits()).isZero();
  }

  @ParameterizedTest
  @EnumSource(
      value = Wire.class,
      names = {"HTTP_2", "HTTP_2_CLEARTEXT"})
  @DisplayName("40: a duplex call is not retried, since its body has begun")
  void duplex_unavailable_isNotRetried(Wire wire) throws IOException {
    Backend a = backends.start("a", wire);
    a.nextBare(
        response ->
            response
                .code(503)
                .removeHeader("Content-Length")
                .socketHandler(RequestBodyTest::closeBothEnds));
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    DuplexBody body = new DuplexBody();

    try (Response response =
        client.http().newCall(client.request("/talk").put(body).build()).execute()) {
      assertThat(response.code()).isEqualTo(503);
      body.sink.get().close();
    }

    assertThat(b.hits()).isZero();
    assertThat(client.ended()).containsExactly(failed(a.server()));
  }

  @ParameterizedTest
  @EnumSource(Wire.class)
  @DisplayName("41: a body that throws is the caller's failure, not the server's")
  void put_bodyThrows_serverIsNotBlamed(Wire wire) {
    Backend a = backends.start("a", wire);
    Backend b = backends.start("b", wire);
    BalancedClient client = backends.client(a, b).build();
    IOException callersOwn = new IOException("the file is gone");

    RequestBody body =
        new RequestBody() {
          @Override
          public MediaType contentType() {
            return MediaType.get("text/plain");
          }

          @Override
          public void writeTo(BufferedSink sink) throws IOException {
            sink.writeUtf8("some of it").flush();
            throw callersOwn;
          }
        };

    assertThatThrownBy(() -> client.execute(client.request("/").put(body).build()))
        .isSameAs(callersOwn);
    assertThat(b.hits()).isZero();
    assertThat(client.ended()).containsExactly(cancelled(a.server()));
  }

  private static void closeBothEnds(okio.Socket socket) {
    try {
      socket.getSink().close();
      socket.getSource().close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static final class OneShotBody extends RequestBody {
    final AtomicInteger writes = new AtomicInteger();

    @Override
    public MediaType contentType() {
      return MediaType.get("text/plain");
    }

    @Override
    public boolean isOneShot() {
      return true;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
      writes.incrementAndGet();
      sink.writeUtf8("once");
    }
  }

  private static final class DuplexBody extends RequestBody {
    final AtomicReference<BufferedSink> sink = new AtomicReference<>();

    @Override
    public MediaType contentType() {
      return MediaType.get("text/plain");
    }

    @Override
    public boolean isDuplex() {
      return true;
    }

    @Override
    public void writeTo(BufferedSink sink) {
      this.sink.set(sink);
    }
  }
}
