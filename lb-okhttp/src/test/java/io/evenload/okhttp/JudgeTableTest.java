package io.evenload.okhttp;

import static io.evenload.Outcome.ABANDONED;
import static io.evenload.Outcome.CANCELLED;
import static io.evenload.Outcome.FAILURE;
import static io.evenload.Outcome.REFUSED;
import static io.evenload.Outcome.SUCCESS;
import static io.evenload.Outcome.TIMED_OUT;
import static io.evenload.okhttp.Seen.Sign.BROKE_LATE;
import static io.evenload.okhttp.Seen.Sign.CANCELED;
import static io.evenload.okhttp.Seen.Sign.EXCHANGE_FAILED;
import static io.evenload.okhttp.Seen.Sign.FAILED_BEFORE_SENDING;
import static io.evenload.okhttp.Seen.Sign.FOREIGN;
import static io.evenload.okhttp.Seen.Sign.FOUND_SHUT_DOWN;
import static io.evenload.okhttp.Seen.Sign.HEADERS_STARTED;
import static io.evenload.okhttp.Seen.Sign.INTERRUPTED;
import static io.evenload.okhttp.Seen.Sign.LEFT_EARLY;
import static io.evenload.okhttp.Seen.Sign.MISROUTED;
import static io.evenload.okhttp.Seen.Sign.REFUSED_BY_SERVER;
import static io.evenload.okhttp.Seen.Sign.RESET_BY_SERVER;
import static io.evenload.okhttp.Seen.Sign.RESPONSE_STARTED;
import static io.evenload.okhttp.Seen.Sign.REUSED_CONNECTION;
import static io.evenload.okhttp.Seen.Sign.SHARED_CONNECTION;
import static io.evenload.okhttp.Seen.Sign.STALLED;
import static io.evenload.okhttp.Seen.Sign.STARVED;
import static io.evenload.okhttp.Seen.Sign.UPGRADED;
import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Outcome;
import io.evenload.Server;
import io.evenload.okhttp.Seen.Sign;
import java.io.EOFException;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownServiceException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** All that an attempt can come to, by what was seen of it. */
final class JudgeTableTest {

  private static final Server SERVER = Server.of("10.0.0.1", 80);
  private static final RetryPolicy DEFAULTS = RetryPolicy.defaults();
  private static final RetryPolicy ALWAYS =
      RetryPolicy.builder().retryIf((response, failure) -> true).build();
  private static final RetryPolicy NEVER =
      RetryPolicy.builder().retryIf((response, failure) -> false).build();
  private static final RetryPolicy BROKEN =
      RetryPolicy.builder()
          .retryIf(
              (response, failure) -> {
                throw new IllegalStateException("broken");
              })
          .build();
  private static final boolean RETRYABLE = true;
  private static final boolean FINAL = false;

  private final Judge judge = new Judge(null, DEFAULTS, new RateLimitedLog(System::nanoTime));

  static List<Arguments> answers() {
    return List.of(
        answer(DEFAULTS, network(200), Seen.of(), SUCCESS, FINAL, true),
        answer(DEFAULTS, network(404), Seen.of(), SUCCESS, FINAL, true),
        answer(DEFAULTS, network(500), Seen.of(), FAILURE, FINAL, true),
        answer(DEFAULTS, network(502), Seen.of(), FAILURE, RETRYABLE, true),
        answer(DEFAULTS, network(503), Seen.of(), FAILURE, RETRYABLE, true),
        answer(DEFAULTS, network(504), Seen.of(), FAILURE, FINAL, true),
        answer(DEFAULTS, network(429), Seen.of(), CANCELLED, FINAL, true),
        answer(DEFAULTS, saysWhen(network(429)), Seen.of(), CANCELLED, RETRYABLE, true),
        answer(ALWAYS, network(200), Seen.of(), SUCCESS, RETRYABLE, true),
        answer(NEVER, network(503), Seen.of(), FAILURE, FINAL, true),
        answer(BROKEN, network(503), Seen.of(), FAILURE, FINAL, true),
        answer(RetryPolicy.none(), network(503), Seen.of(), FAILURE, RETRYABLE, true),
        // Whoever else answered says nothing of the server, nor do its headers.
        answer(DEFAULTS, cached(200), Seen.of(), CANCELLED, FINAL, false),
        answer(DEFAULTS, cached(504), Seen.of(), CANCELLED, FINAL, false),
        answer(ALWAYS, cached(503), Seen.of(), CANCELLED, FINAL, false),
        answer(DEFAULTS, network(503), Seen.of(MISROUTED), CANCELLED, FINAL, false),
        answer(DEFAULTS, network(503), Seen.of(FOREIGN, MISROUTED), CANCELLED, FINAL, false),
        // The server itself answered with a redirect to the host that this is from.
        answer(DEFAULTS, network(503), Seen.of(FOREIGN), SUCCESS, FINAL, false),
        answer(ALWAYS, network(200), Seen.of(FOREIGN), SUCCESS, FINAL, false));
  }

  @ParameterizedTest
  @MethodSource("answers")
  void answered(
      RetryPolicy policy,
      Response response,
      Seen seen,
      Outcome outcome,
      boolean retryable,
      boolean fromServer) {
    assertThat(judge.answered(response, seen, policy, SERVER))
        .isEqualTo(new Verdict(outcome, retryable, fromServer, null));
  }

  @Test
  void answered_408_isForTheConnectionOnlyIfThatWasIdleAndCloses() {
    Response closing = network(408).newBuilder().header("Connection", "close").build();
    Verdict forTheConnection = new Verdict(CANCELLED, RETRYABLE, false, FailureKind.IDLE_TOO_LONG);
    Verdict plain = new Verdict(SUCCESS, FINAL, true, null);

    assertThat(judge.answered(closing, Seen.of(REUSED_CONNECTION), DEFAULTS, SERVER))
        .isEqualTo(forTheConnection);
    assertThat(judge.answered(closing, Seen.of(), DEFAULTS, SERVER)).isEqualTo(plain);
    assertThat(judge.answered(network(408), Seen.of(REUSED_CONNECTION), DEFAULTS, SERVER))
        .isEqualTo(plain);
    Response later = closing.newBuilder().priorResponse(cached(401)).build();
    assertThat(judge.answered(later, Seen.of(REUSED_CONNECTION), DEFAULTS, SERVER))
        .isEqualTo(plain);
  }

  static List<Arguments> failures() {
    return List.of(
        // On the way to the server.
        failure(
            new ConnectException("refused"),
            Seen.of(FAILED_BEFORE_SENDING, EXCHANGE_FAILED),
            FailureKind.NOT_SENT,
            REFUSED,
            RETRYABLE),
        failure(
            new UnknownServiceException("CLEARTEXT"),
            Seen.of(FAILED_BEFORE_SENDING),
            FailureKind.CALLER,
            CANCELLED,
            FINAL),
        failure(
            new IOException("closed"),
            Seen.of(FOUND_SHUT_DOWN, REUSED_CONNECTION, HEADERS_STARTED),
            FailureKind.SHUT_DOWN,
            CANCELLED,
            RETRYABLE),
        failure(
            new IOException("stream was reset: REFUSED_STREAM"),
            Seen.of(
                REFUSED_BY_SERVER,
                RESET_BY_SERVER,
                REUSED_CONNECTION,
                HEADERS_STARTED,
                EXCHANGE_FAILED),
            FailureKind.REFUSED,
            REFUSED,
            RETRYABLE),
        // After something was sent.
        failure(
            new EOFException(),
            Seen.of(REUSED_CONNECTION, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_STALE,
            CANCELLED,
            RETRYABLE),
        failure(
            new IOException("stream was reset: CANCEL"),
            Seen.of(REUSED_CONNECTION, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_STALE,
            CANCELLED,
            RETRYABLE),
        failure(
            new IOException("stream was reset: INTERNAL_ERROR"),
            Seen.of(RESET_BY_SERVER, REUSED_CONNECTION, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_SENT,
            FAILURE,
            RETRYABLE),
        failure(
            new SocketTimeoutException("timeout"),
            Seen.of(REUSED_CONNECTION, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_SENT,
            TIMED_OUT,
            RETRYABLE),
        failure(
            new EOFException(),
            Seen.of(REUSED_CONNECTION, HEADERS_STARTED, RESPONSE_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_SENT,
            FAILURE,
            RETRYABLE),
        failure(
            new SocketException("reset"),
            Seen.of(HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_SENT,
            FAILURE,
            RETRYABLE),
        // A connection that had not been idle, or broke while the server worked.
        failure(
            new EOFException(),
            Seen.of(REUSED_CONNECTION, HEADERS_STARTED, EXCHANGE_FAILED, BROKE_LATE),
            FailureKind.MAYBE_SENT,
            FAILURE,
            RETRYABLE),
        failure(
            new EOFException(),
            Seen.of(REUSED_CONNECTION, SHARED_CONNECTION, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_SENT,
            FAILURE,
            RETRYABLE),
        // Its own timeout, for which its call was canceled.
        failure(
            new AttemptTimeoutException(Duration.ofMillis(100)),
            Seen.of(CANCELED, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.MAYBE_SENT,
            TIMED_OUT,
            RETRYABLE),
        failure(
            new AttemptTimeoutException(Duration.ofMillis(100)),
            Seen.of(CANCELED, FAILED_BEFORE_SENDING),
            FailureKind.NOT_SENT,
            REFUSED,
            RETRYABLE),
        // The same, but it came much later than it was to.
        failure(
            new AttemptTimeoutException(Duration.ofMillis(100)),
            Seen.of(CANCELED, HEADERS_STARTED, EXCHANGE_FAILED, STARVED),
            FailureKind.MAYBE_SENT,
            CANCELLED,
            RETRYABLE),
        failure(
            new AttemptTimeoutException(Duration.ofMillis(100)),
            Seen.of(CANCELED, FAILED_BEFORE_SENDING, STARVED),
            FailureKind.NOT_SENT,
            CANCELLED,
            RETRYABLE),
        // An interrupt closes the socket of a virtual thread, whatever is thrown then.
        failure(
            new SocketException("Closed by interrupt"),
            Seen.of(INTERRUPTED, REUSED_CONNECTION, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.CANCELED,
            CANCELLED,
            FINAL),
        failure(
            new ConnectException("Closed by interrupt"),
            Seen.of(INTERRUPTED, FAILED_BEFORE_SENDING, EXCHANGE_FAILED),
            FailureKind.CANCELED,
            CANCELLED,
            FINAL),
        failure(
            new AttemptTimeoutException(Duration.ofMillis(100)),
            Seen.of(INTERRUPTED, CANCELED, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.CANCELED,
            CANCELLED,
            FINAL),
        // The caller.
        failure(
            new SocketException("Socket closed"),
            Seen.of(CANCELED, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.CANCELED,
            CANCELLED,
            FINAL),
        failure(
            new InterruptedIOException("interrupted"),
            Seen.of(INTERRUPTED, HEADERS_STARTED, EXCHANGE_FAILED),
            FailureKind.CANCELED,
            CANCELLED,
            FINAL),
        failure(
            new IOException("no such file"),
            Seen.of(HEADERS_STARTED),
            FailureKind.CALLER,
            CANCELLED,
            FINAL),
        failure(new IOException("no token"), Seen.of(), FailureKind.CALLER, CANCELLED, FINAL),
        // Another host, or another server.
        failure(
            new ConnectException("refused"),
            Seen.of(HEADERS_STARTED, RESPONSE_STARTED, EXCHANGE_FAILED, FOREIGN),
            FailureKind.CALLER,
            CANCELLED,
            FINAL),
        failure(
            new SocketException("reset"),
            Seen.of(HEADERS_STARTED, EXCHANGE_FAILED, MISROUTED),
            FailureKind.MAYBE_SENT,
            CANCELLED,
            RETRYABLE));
  }

  @ParameterizedTest
  @MethodSource("failures")
  void failed(
      IOException failure, Seen seen, FailureKind kind, Outcome outcome, boolean retryable) {
    assertThat(judge.failed(failure, seen, DEFAULTS, SERVER))
        .isEqualTo(new Verdict(outcome, retryable, false, kind));
    assertThat(judge.failed(failure, seen, ALWAYS, SERVER).retryable()).isEqualTo(retryable);
    assertThat(judge.failed(failure, seen, NEVER, SERVER).retryable()).isFalse();
    assertThat(judge.failed(failure, seen, BROKEN, SERVER).retryable()).isFalse();
  }

  static List<Arguments> ends() {
    IOException broke = new IOException("broke");
    IOException timeout = new InterruptedIOException("timeout");
    return List.of(
        end(null, Seen.of(), null),
        end(null, Seen.of(CANCELED, EXCHANGE_FAILED), null),
        end(broke, Seen.of(RESPONSE_STARTED, EXCHANGE_FAILED), FAILURE),
        end(broke, Seen.of(RESPONSE_STARTED), null), // thrown by the caller's own code
        end(broke, Seen.of(RESPONSE_STARTED, EXCHANGE_FAILED, UPGRADED), null),
        end(broke, Seen.of(RESPONSE_STARTED, EXCHANGE_FAILED, FOREIGN), null),
        end(broke, Seen.of(RESPONSE_STARTED, EXCHANGE_FAILED, MISROUTED), null),
        end(broke, Seen.of(CANCELED, EXCHANGE_FAILED), CANCELLED),
        end(timeout, Seen.of(CANCELED, EXCHANGE_FAILED), ABANDONED),
        end(timeout, Seen.of(CANCELED, EXCHANGE_FAILED, RESPONSE_STARTED), CANCELLED),
        end(timeout, Seen.of(CANCELED, EXCHANGE_FAILED, RESPONSE_STARTED, STALLED), FAILURE),
        end(broke, Seen.of(CANCELED, EXCHANGE_FAILED, RESPONSE_STARTED, STALLED), CANCELLED),
        end(timeout, Seen.of(CANCELED, RESPONSE_STARTED, STALLED, STARVED), CANCELLED),
        end(timeout, Seen.of(CANCELED, INTERRUPTED, EXCHANGE_FAILED), CANCELLED),
        end(timeout, Seen.of(CANCELED, EXCHANGE_FAILED, STARVED), CANCELLED),
        end(broke, Seen.of(INTERRUPTED, RESPONSE_STARTED, EXCHANGE_FAILED), CANCELLED),
        end(timeout, Seen.of(CANCELED, FOREIGN), null));
  }

  @ParameterizedTest
  @MethodSource("ends")
  void ended(@Nullable IOException failure, Seen seen, @Nullable Outcome outcome) {
    assertThat(Judge.ended(failure, seen)).isEqualTo(outcome);
  }

  @Test
  void closed_halfRead_isNoSuccessAndStaysAFailure() {
    assertThat(Judge.closed(SUCCESS, Seen.of(RESPONSE_STARTED))).isEqualTo(SUCCESS);
    assertThat(Judge.closed(SUCCESS, Seen.of(LEFT_EARLY))).isEqualTo(CANCELLED);
    assertThat(Judge.closed(FAILURE, Seen.of(LEFT_EARLY))).isEqualTo(FAILURE);
    assertThat(Judge.closed(CANCELLED, Seen.of(LEFT_EARLY))).isEqualTo(CANCELLED);
  }

  @Test
  void failed_whateverIsSeen_keepsTheRules() {
    for (Seen seen : all()) {
      for (IOException failure : exceptions()) {
        Verdict verdict = judge.failed(failure, seen, DEFAULTS, SERVER);
        boolean ownTimeout = failure instanceof AttemptTimeoutException && !seen.interrupted();

        assertThat(verdict.outcome()).as("%s: %s", failure, seen).isNotEqualTo(SUCCESS);
        assertThat(verdict.fromServer()).isFalse();
        if (seen.misrouted()) {
          assertThat(verdict.outcome()).as("%s: %s", failure, seen).isEqualTo(CANCELLED);
        }
        if (seen.canceled() && !ownTimeout) {
          assertThat(verdict.canceled()).as("%s: %s", failure, seen).isTrue();
          assertThat(verdict.retryable()).as("%s: %s", failure, seen).isFalse();
        }
        if (verdict.stale()) {
          assertThat(verdict.outcome()).as("%s: %s", failure, seen).isEqualTo(CANCELLED);
          assertThat(verdict.retryable()).as("%s: %s", failure, seen).isTrue();
        }
      }
    }
  }

  @Test
  void ended_whateverIsSeen_isNeverBetterThanTheVerdict() {
    for (Seen seen : all()) {
      for (IOException failure : exceptions()) {
        assertThat(Judge.ended(failure, seen)).as("%s: %s", failure, seen).isNotEqualTo(SUCCESS);
      }
      assertThat(Judge.ended(null, seen)).isNull();
    }
  }

  private static List<IOException> exceptions() {
    return List.of(
        new IOException("broke"),
        new SocketTimeoutException("timeout"),
        new InterruptedIOException("timeout"),
        new AttemptTimeoutException(Duration.ofMillis(100)));
  }

  /** All combinations of signs. */
  private static List<Seen> all() {
    List<Seen> all = new ArrayList<>(List.of(Seen.of()));
    for (Sign sign : Sign.values()) {
      for (Seen without : List.copyOf(all)) {
        Set<Sign> signs = EnumSet.of(sign);
        signs.addAll(without.signs());
        all.add(new Seen(signs));
      }
    }
    return all;
  }

  private static Arguments answer(
      RetryPolicy policy,
      Response response,
      Seen seen,
      Outcome outcome,
      boolean retryable,
      boolean fromServer) {
    return Arguments.of(policy, response, seen, outcome, retryable, fromServer);
  }

  private static Arguments failure(
      IOException failure, Seen seen, FailureKind kind, Outcome outcome, boolean retryable) {
    return Arguments.of(failure, seen, kind, outcome, retryable);
  }

  private static Arguments end(
      @Nullable IOException failure, Seen seen, @Nullable Outcome outcome) {
    return Arguments.of(failure, seen, outcome);
  }

  private static Response network(int status) {
    return cached(status).newBuilder().networkResponse(cached(status)).build();
  }

  private static Response saysWhen(Response response) {
    return response.newBuilder().header("Retry-After", "2").build();
  }

  private static Response cached(int status) {
    return new Response.Builder()
        .request(new Request.Builder().url("http://orders/").build())
        .protocol(Protocol.HTTP_1_1)
        .code(status)
        .message("")
        .build();
  }
}
