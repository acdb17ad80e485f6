package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.evenload.testing.World;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.NoSuchFileException;
import java.text.ParseException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code call}: who is blamed for what an action throws. */
final class LoadBalancerCallTest {

  private final World world = new World(171);
  private final LoadBalancer balancer =
      world.balancer(World.servers(4).toArray(new Server[0])).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void call_oneServerOfFourThrows_isEjectedWithinTenOfItsCalls() {
    int failed = 0;
    for (int i = 0; i < 2_000 && state("s1") == EndpointState.ELIGIBLE; i++) {
      try {
        String unused = balancer.call(this::send);
      } catch (IOException | NoServerAvailableException e) {
        failed++;
      }
    }

    assertThat(state("s1")).isEqualTo(EndpointState.EJECTED);
    assertThat(failed).isBetween(1, 10);
  }

  /** The form by hand that the Javadoc of Attempt shows. */
  @Test
  void start_oneServerOfFourThrows_isEjectedWithinTenOfItsCalls() {
    int failed = 0;
    for (int i = 0; i < 2_000 && state("s1") == EndpointState.ELIGIBLE; i++) {
      try (Attempt attempt = balancer.start()) {
        try {
          String unused = send(attempt.server());
          attempt.succeed();
        } catch (IOException e) {
          attempt.fail(e);
          throw e;
        }
      } catch (IOException | NoServerAvailableException e) {
        failed++;
      }
    }

    assertThat(state("s1")).isEqualTo(EndpointState.EJECTED);
    assertThat(failed).isBetween(1, 10);
  }

  private String send(Server server) throws IOException {
    world.time.advance(Duration.ofMillis(50)); // the balancer does its part meanwhile
    if (server.id().equals("s1")) {
      throw new IOException("reset");
    }
    return "answer of " + server.id();
  }

  static List<Arguments> thrown() {
    return List.of(
        Arguments.of(new IOException("reset"), Outcome.FAILURE),
        Arguments.of(new IllegalStateException("bad"), Outcome.FAILURE),
        Arguments.of(new ConnectException("refused"), Outcome.REFUSED),
        Arguments.of(new CompletionException(new ConnectException("refused")), Outcome.REFUSED),
        Arguments.of(new SocketTimeoutException("Read timed out"), Outcome.TIMED_OUT),
        Arguments.of(new TimeoutException(), Outcome.TIMED_OUT),
        Arguments.of(new InterruptedException(), Outcome.CANCELLED),
        Arguments.of(new InterruptedIOException("interrupted"), Outcome.CANCELLED),
        Arguments.of(new ClosedByInterruptException(), Outcome.CANCELLED),
        Arguments.of(new CancellationException(), Outcome.CANCELLED),
        Arguments.of(new AssertionError("mine"), Outcome.CANCELLED));
  }

  @ParameterizedTest
  @MethodSource("thrown")
  void call_actionThrows_passesItOnAndEndsTheAttempt(Throwable thrown, Outcome outcome) {
    assertThat(catchThrowable(() -> balancer.call(server -> raise(thrown)))).isSameAs(thrown);

    assertThat(ended()).isEqualTo(outcome);
    assertThat(Thread.currentThread().isInterrupted()).isFalse();
    assertThat(balancer.status().endpoints()).allMatch(endpoint -> endpoint.inFlight() == 0);
  }

  @Test
  void call_returns_succeeds() throws Exception {
    assertThat(balancer.call(Server::port)).isEqualTo(80);
    assertThat(balancer.<String, RuntimeException>call(server -> null)).isNull();

    assertThat(ended()).isEqualTo(Outcome.SUCCESS);
  }

  @Test
  void call_throwsWhileInterrupted_isCancelledAndLeavesTheFlag() {
    assertThatThrownBy(
            () ->
                balancer.call(
                    server -> {
                      Thread.currentThread().interrupt();
                      throw new IOException("closed");
                    }))
        .isInstanceOf(IOException.class);

    assertThat(Thread.interrupted()).as("the flag").isTrue();
    assertThat(ended()).isEqualTo(Outcome.CANCELLED);
  }

  @Test
  void call_withPredicate_othersAreAnswers() {
    RequestContext request = RequestContext.create();
    LoadBalancer.Action<String, IOException> missing =
        server -> {
          throw new NoSuchFileException("item 7");
        };

    assertThatThrownBy(
            () -> balancer.call(request, missing, e -> !(e instanceof NoSuchFileException)))
        .isInstanceOf(NoSuchFileException.class);
    assertThat(ended()).isEqualTo(Outcome.SUCCESS);

    assertThatThrownBy(() -> balancer.call(request, missing, e -> true))
        .isInstanceOf(NoSuchFileException.class);
    assertThat(ended()).isEqualTo(Outcome.FAILURE);
    assertThat(request.attemptNumber()).isEqualTo(2);
  }

  @Test
  void call_withPredicate_decidesOnErrorsButNotOnInterrupts() {
    RequestContext request = RequestContext.create();

    assertThatThrownBy(() -> balancer.call(request, server -> raise(new LinkageError()), e -> true))
        .isInstanceOf(LinkageError.class);
    assertThat(ended()).isEqualTo(Outcome.FAILURE);
    assertThatThrownBy(
            () -> balancer.call(request, server -> raise(new LinkageError()), e -> false))
        .isInstanceOf(LinkageError.class);
    assertThat(ended()).isEqualTo(Outcome.CANCELLED);
    assertThatThrownBy(
            () -> balancer.call(request, server -> raise(new InterruptedException()), e -> true))
        .isInstanceOf(InterruptedException.class);
    assertThat(ended()).isEqualTo(Outcome.CANCELLED);
  }

  @Test
  void call_predicateThrows_countsAsFailureAndPassesOnWhatTheActionThrew() {
    IllegalStateException broken = new IllegalStateException("broken predicate");

    assertThatThrownBy(
            () ->
                balancer.call(
                    RequestContext.create(),
                    server -> raise(new IOException("reset")),
                    e -> {
                      throw broken;
                    }))
        .isInstanceOf(IOException.class)
        .hasSuppressedException(broken);
    assertThat(ended()).isEqualTo(Outcome.FAILURE);
  }

  /** That these compile is the test: no cast, whatever the action may throw. */
  @Test
  void call_actionsOfAllKinds_compile() throws Exception {
    int none = balancer.call(server -> server.port());
    String one = balancer.call(server -> read(server));
    String several =
        balancer.call(
            RequestContext.withKey("k"),
            server -> {
              check(server);
              return read(server);
            });

    assertThat(List.of(none + "", one, several)).hasSize(3);
  }

  @Test
  void call_noServer_throwsThatAndDoesNotRunTheAction() {
    balancer.close();

    assertThatThrownBy(() -> balancer.call(server -> raise(new AssertionError("it ran"))))
        .isInstanceOf(NoServerAvailableException.class);
  }

  private static String read(Server server) throws IOException {
    if (server.port() == 0) {
      throw new IOException("no port");
    }
    return server.id();
  }

  private static void check(Server server) throws ParseException {
    if (server.port() == 0) {
      throw new ParseException("no port", 0);
    }
  }

  private static String raise(Throwable thrown) throws Exception {
    if (thrown instanceof Error error) {
      throw error;
    }
    throw (Exception) thrown;
  }

  private Outcome ended() {
    String line = world.events.attempts.get(world.events.attempts.size() - 1);
    int begin = line.indexOf(' ') + 1;
    return Outcome.valueOf(line.substring(begin, line.indexOf(' ', begin)));
  }

  private EndpointState state(String id) {
    return balancer.status().endpoints().stream()
        .filter(endpoint -> endpoint.server().id().equals(id))
        .findFirst()
        .orElseThrow()
        .state();
  }
}
