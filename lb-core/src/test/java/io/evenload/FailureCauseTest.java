package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpTimeoutException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

final class FailureCauseTest {

  static List<Arguments> causes() {
    return List.of(
        Arguments.of(null, Outcome.FAILURE),
        Arguments.of(new IOException("broken"), Outcome.FAILURE),
        Arguments.of(new EOFException(), Outcome.FAILURE),
        Arguments.of(new SocketException("Connection reset"), Outcome.FAILURE),
        Arguments.of(new IOException(new ConnectException()), Outcome.FAILURE),
        Arguments.of(new ConnectException("Connection refused"), Outcome.REFUSED),
        Arguments.of(new NoRouteToHostException(), Outcome.REFUSED),
        Arguments.of(new UnknownHostException("db"), Outcome.REFUSED),
        Arguments.of(new HttpConnectTimeoutException("HTTP connect timed out"), Outcome.REFUSED),
        Arguments.of(new SocketTimeoutException("Connect timed out"), Outcome.REFUSED),
        Arguments.of(new SocketTimeoutException("connect timed out"), Outcome.REFUSED),
        Arguments.of(new SocketTimeoutException("Read timed out"), Outcome.TIMED_OUT),
        Arguments.of(new SocketTimeoutException(), Outcome.TIMED_OUT),
        Arguments.of(new HttpTimeoutException("request timed out"), Outcome.TIMED_OUT),
        Arguments.of(new TimeoutException(), Outcome.TIMED_OUT),
        Arguments.of(new ExecutionException(new TimeoutException()), Outcome.TIMED_OUT),
        Arguments.of(
            new CompletionException(new ExecutionException(new ConnectException())),
            Outcome.REFUSED),
        Arguments.of(new CompletionException("no cause", null), Outcome.FAILURE));
  }

  @ParameterizedTest
  @MethodSource("causes")
  void failure_tellsWhatIsCertain(@Nullable Throwable cause, Outcome outcome) {
    assertThat(FailureCause.failure(cause)).isEqualTo(outcome);
  }

  @Test
  void failure_causesInACircle_comesToAnEnd() {
    Circle first = new Circle();
    Circle second = new Circle();
    first.next = second;
    second.next = first;

    assertThat(FailureCause.failure(first)).isEqualTo(Outcome.FAILURE);
  }

  private static final class Circle extends CompletionException {
    private static final long serialVersionUID = 1;
    private @Nullable Circle next;

    @Override
    public synchronized @Nullable Throwable getCause() {
      return next;
    }
  }
}
