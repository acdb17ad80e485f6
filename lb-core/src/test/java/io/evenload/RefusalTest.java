package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Level;
import io.evenload.testing.CapturedLog;
import io.evenload.testing.World;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a refusal says, and that it says it only when asked. */
final class RefusalTest {

  private final World world = new World(26);
  private final UpdatableServerList list = new UpdatableServerList(World.servers("a", "b", "c"));
  private final LoadBalancer balancer = world.balancer(list).build();

  @AfterEach
  void close() {
    balancer.close();
  }

  @Test
  void message_readLater_tellsWhatHeldAtTheTimeOfTheAttempt() {
    List.of("a", "b", "c").forEach(balancer.admin()::drain);
    NoServerAvailableException refused = refusal();
    balancer.admin().undrain("a");
    list.update(World.servers("x"));

    assertThat(refused).hasMessage("orders: no server available (3 known: 3 draining)");
    assertThat(refused.toString()).endsWith("(3 known: 3 draining)");
    assertThat(refused.atLimit()).isFalse();
  }

  @Test
  void stackTrace_isThereOnlyWhileAttemptsAreLogged() throws Exception {
    List.of("a", "b", "c").forEach(balancer.admin()::drain);
    assertThat(refusal().getStackTrace()).isEmpty();
    try (CapturedLog debug = new CapturedLog(Attempt.class, Level.DEBUG)) {
      assertThat(refusal().getStackTrace()).isNotEmpty();
      assertThat(debug.messages()).isEmpty();
    }
    assertThat(new NoServerAvailableException("a user's").getStackTrace()).isNotEmpty();
  }

  @Test
  void refusal_serialized_keepsItsMessageAndSuppressedOnes() throws Exception {
    List.of("a", "b", "c").forEach(balancer.admin()::drain);
    NoServerAvailableException refused = refusal();
    refused.addSuppressed(new IllegalStateException("before"));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
      out.writeObject(refused);
    }
    try (ObjectInputStream in =
        new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      NoServerAvailableException copy = (NoServerAvailableException) in.readObject();
      assertThat(copy).hasMessage(refused.getMessage()).hasNoCause();
      assertThat(copy.getSuppressed()).hasSize(1);
      assertThat(copy.atLimit()).isFalse();
    }
  }

  @Test
  void breakerThatTries_isNoLimit_evenBesideOne() {
    try (LoadBalancer guarded =
        world.balancer(list).gate((server, nanoTime, changed) -> breaker(false)).build()) {
      NoServerAvailableException refused =
          catchThrowableOfType(NoServerAvailableException.class, guarded::start);
      assertThat(refused).hasMessage("orders: no server available (3 known: 3 breaker half-open)");
      assertThat(refused.atLimit()).isFalse();
    }
    try (LoadBalancer guarded =
        world
            .balancer(list)
            .gate((server, nanoTime, changed) -> breaker(server.id().equals("b")))
            .build()) {
      NoServerAvailableException refused =
          catchThrowableOfType(NoServerAvailableException.class, guarded::start);
      assertThat(refused)
          .hasMessage("orders: no server available (3 known: 2 breaker half-open, 1 at its limit)");
      assertThat(refused.atLimit()).isTrue();
    }
  }

  /** A breaker that lets nothing more try whether its endpoint works, and may be full as well. */
  private static Gate breaker(boolean full) {
    return new Gate() {
      @Override
      public boolean open() {
        return true;
      }

      @Override
      public boolean tryAcquire() {
        return false;
      }

      @Override
      public boolean full() {
        return full;
      }

      @Override
      public void release(Outcome outcome, long latencyNanos) {}

      @Override
      public double failureShare() {
        return 0.6;
      }
    };
  }

  private NoServerAvailableException refusal() {
    return catchThrowableOfType(NoServerAvailableException.class, balancer::start);
  }
}
