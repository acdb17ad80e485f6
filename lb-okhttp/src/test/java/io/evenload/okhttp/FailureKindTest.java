package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.internal.route.ServerDns;
import io.evenload.okhttp.internal.route.ServerRoutes;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownServiceException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import okhttp3.Call;
import okhttp3.Dns;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.internal.http2.ConnectionShutdownException;
import okhttp3.internal.http2.ErrorCode;
import okhttp3.internal.http2.Http2Writer;
import okhttp3.internal.http2.StreamResetException;
import okio.Buffer;
import org.junit.jupiter.api.Test;

final class FailureKindTest {

  private static final InetSocketAddress ADDRESS = InetSocketAddress.createUnresolved("orders", 80);

  private final Call call =
      new OkHttpClient().newCall(new Request.Builder().url("http://orders/").build());
  private final Carrier trace = balanced(new VirtualTiming()).carrier();
  private final ServerRoutes routes = new ServerRoutes(host -> false, false);
  private final ServerDns server =
      routes.to("orders", Server.of("10.0.0.1", 80), Dns.SYSTEM, false);

  FailureKindTest() {
    trace.expect(server);
  }

  @Test
  void of_connectionRefused_isNotSent() {
    route();
    connect();
    ConnectException refused = new ConnectException("refused");
    trace.connectFailed(call, ADDRESS, Proxy.NO_PROXY, null, refused);
    assertThat(kind(refused)).isEqualTo(FailureKind.NOT_SENT);
    assertThat(FailureKind.NOT_SENT.outcome()).isEqualTo(Outcome.FAILURE);
    assertThat(FailureKind.NOT_SENT.unprocessed()).isTrue();
  }

  @Test
  void of_connectTimeout_isNotSent() {
    route();
    connect();
    assertThat(kind(new SocketTimeoutException("connect timed out")))
        .isEqualTo(FailureKind.NOT_SENT);
  }

  @Test
  void of_cleartextForbidden_isTheCallers() {
    route();
    assertThat(kind(new UnknownServiceException("CLEARTEXT"))).isEqualTo(FailureKind.CALLER);
  }

  @Test
  void of_canceled_isCanceled() {
    route();
    call.cancel();
    assertThat(kind(new SocketException("Socket closed"))).isEqualTo(FailureKind.CANCELED);
    assertThat(FailureKind.CANCELED.retryable()).isFalse();
  }

  @Test
  void of_interrupted_isCanceled() {
    send(true);
    Thread.currentThread().interrupt();
    try {
      assertThat(kind(new InterruptedIOException("interrupted"))).isEqualTo(FailureKind.CANCELED);
      assertThat(kind(new SocketException("Closed by interrupt"))).isEqualTo(FailureKind.CANCELED);
      assertThat(kind(new SocketTimeoutException("timeout"))).isEqualTo(FailureKind.CANCELED);
      assertThat(kind(new AttemptTimeoutException(Duration.ofSeconds(1))))
          .isEqualTo(FailureKind.CANCELED);
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  @Test
  void of_refusedStream_isRefused() {
    send(false);
    trace.responseFailed(call, new IOException());
    assertThat(kind(new StreamResetException(ErrorCode.REFUSED_STREAM)))
        .isEqualTo(FailureKind.REFUSED);
    assertThat(kind(new StreamResetException(ErrorCode.INTERNAL_ERROR)))
        .isNotEqualTo(FailureKind.REFUSED);
    assertThat(FailureKind.REFUSED.unprocessed()).isTrue();
  }

  @Test
  void of_connectionShutDown_isUnprocessedAndBlamesNoOne() {
    send(false);
    assertThat(kind(new ConnectionShutdownException())).isEqualTo(FailureKind.SHUT_DOWN);
    assertThat(FailureKind.SHUT_DOWN.unprocessed()).isTrue();
    assertThat(FailureKind.SHUT_DOWN.stale()).isTrue();
    assertThat(FailureKind.SHUT_DOWN.outcome()).isEqualTo(Outcome.CANCELLED);
  }

  @Test
  void of_connectionClosedBeforeTheHeaders_isUnprocessed() throws IOException {
    send(false);
    trace.requestFailed(call, new IOException("closed"));
    Http2Writer writer = new Http2Writer(new Buffer(), true);
    writer.close();

    IOException headers =
        catchThrowableOfType(IOException.class, () -> writer.headers(false, 3, List.of()));
    IOException flush = catchThrowableOfType(IOException.class, writer::flush);

    assertThat(kind(headers)).isEqualTo(FailureKind.SHUT_DOWN);
    assertThat(flush).hasMessage(headers.getMessage());
    assertThat(kind(flush).unprocessed()).as("headers may have been written before").isFalse();
  }

  @Test
  void of_pooledConnectionBroke_isMaybeStale() {
    send(false);
    trace.responseFailed(call, new EOFException());
    assertThat(kind(new IOException("unexpected end of stream")))
        .isEqualTo(FailureKind.MAYBE_STALE);
    assertThat(FailureKind.MAYBE_STALE.outcome()).isEqualTo(Outcome.CANCELLED);
    assertThat(FailureKind.MAYBE_STALE.unprocessed()).isFalse();
  }

  @Test
  void of_pooledConnectionTimedOut_isMaybeSent() {
    send(false);
    trace.responseFailed(call, new SocketTimeoutException());
    assertThat(kind(new SocketTimeoutException("timeout"))).isEqualTo(FailureKind.MAYBE_SENT);
  }

  @Test
  void of_pooledConnectionBrokeInTheResponse_isMaybeSent() {
    send(false);
    trace.responseHeadersStart(call);
    trace.responseFailed(call, new EOFException());
    assertThat(kind(new EOFException())).isEqualTo(FailureKind.MAYBE_SENT);
  }

  @Test
  void of_streamResetOnPooledConnection_isMaybeStaleOnlyIfItMayHaveClosed() {
    send(false);
    trace.responseFailed(call, new IOException());
    assertThat(kind(new StreamResetException(ErrorCode.INTERNAL_ERROR)))
        .isEqualTo(FailureKind.MAYBE_SENT);
    assertThat(kind(new StreamResetException(ErrorCode.CANCEL))).isEqualTo(FailureKind.MAYBE_STALE);
  }

  @Test
  void of_freshConnectionBroke_isMaybeSent() {
    send(true);
    trace.requestFailed(call, new SocketException());
    assertThat(kind(new SocketException("reset"))).isEqualTo(FailureKind.MAYBE_SENT);
    assertThat(FailureKind.MAYBE_SENT.outcome()).isEqualTo(Outcome.FAILURE);
  }

  @Test
  void of_requestBodyThrew_isTheCallers() {
    send(true);
    trace.requestBodyStart(call);
    assertThat(kind(new IOException("no such file"))).isEqualTo(FailureKind.CALLER);
    assertThat(FailureKind.CALLER.outcome()).isEqualTo(Outcome.CANCELLED);
    assertThat(FailureKind.CALLER.retryable()).isFalse();
  }

  @Test
  void of_requestBodyThrewAfterAnAddressFailed_isTheCallers() {
    route();
    connect();
    trace.connectFailed(call, ADDRESS, Proxy.NO_PROXY, null, new ConnectException());
    trace.connectionAcquired(call, new FakeConnection("http://orders/", server));
    trace.requestHeadersStart(call);
    assertThat(kind(new IOException("no such file"))).isEqualTo(FailureKind.CALLER);
  }

  @Test
  void of_interceptorThrewBeforeRouting_isTheCallers() {
    assertThat(kind(new IOException("no token"))).isEqualTo(FailureKind.CALLER);
  }

  @Test
  void of_redirectTargetFailed_isTheCallers() {
    send(true);
    trace.responseHeadersStart(call);
    trace.proxySelectStart(call, new Request.Builder().url("http://elsewhere/").build().url());
    trace.connectFailed(call, ADDRESS, Proxy.NO_PROXY, null, new ConnectException());
    assertThat(kind(new ConnectException("refused"))).isEqualTo(FailureKind.CALLER);
  }

  @Test
  void expect_nextAttempt_forgetsTheLast() {
    send(true);
    trace.responseFailed(call, new EOFException());
    trace.expect(server);
    assertThat(kind(new IOException("no token"))).isEqualTo(FailureKind.CALLER);
  }

  @Test
  void pause_latchOpen_takesNoTime() throws IOException {
    VirtualTiming time = new VirtualTiming();
    BalancedCall balanced =
        requireNonNull(BalancedCall.of(new OkHttpClient().newCall(call.request()), time.timing()));
    balanced.pause(1_000, new CountDownLatch(0));
    assertThat(time.nanos()).isZero();
    balanced.pause(1_000, new CountDownLatch(1));
    assertThat(time.nanos()).isEqualTo(1_000);
  }

  private BalancedCall balanced(VirtualTiming time) {
    return requireNonNull(BalancedCall.of(call, time.timing()));
  }

  private FailureKind kind(IOException failure) {
    return FailureKind.of(failure, trace, RetryPolicy.DEFAULT_STALE_WITHIN.toNanos());
  }

  private void route() {
    trace.proxySelectStart(call, call.request().url());
  }

  private void connect() {
    trace.connectStart(call, ADDRESS, Proxy.NO_PROXY);
  }

  private void send(boolean freshConnection) {
    if (freshConnection) {
      route();
      connect();
    }
    trace.connectionAcquired(call, new FakeConnection("http://orders/", server));
    trace.requestHeadersStart(call);
  }
}
