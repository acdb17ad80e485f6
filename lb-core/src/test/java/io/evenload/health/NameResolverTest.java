package io.evenload.health;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.testing.VirtualTime;
import java.net.InetAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class NameResolverTest {

  private final VirtualTime time = new VirtualTime();
  private final CountDownLatch released = new CountDownLatch(1);
  private final Semaphore hanging = new Semaphore(0);
  private final NameResolver resolver =
      new NameResolver(
          name -> {
            if (name.startsWith("hanging")) {
              hanging.release();
              released.await();
            }
            return new InetAddress[] {InetAddress.getLoopbackAddress()};
          },
          time);

  @Test
  void resolve_address_needsNoThread() {
    assertThat(resolver.resolve("10.0.0.1")).isCompleted();
    assertThat(resolver.resolve("2001:db8::1")).isCompleted();
    assertThat(NameResolver.isAddress("10.0.0.256")).isFalse();
    assertThat(NameResolver.isAddress("10.0.1")).isFalse();
  }

  @Test
  void resolve_oneNameHangs_othersGetAnotherThreadAfterAWhile() throws Exception {
    CompletableFuture<InetAddress[]> stuck = resolver.resolve("hanging");
    assertThat(hanging.tryAcquire(20, TimeUnit.SECONDS)).isTrue();
    CompletableFuture<InetAddress[]> soon = resolver.resolve("soon");
    assertThat(soon).as("waits for the only thread").isNotDone();
    time.advance(Duration.ofMillis(201));
    CompletableFuture<InetAddress[]> later = resolver.resolve("later");

    assertThat(later.get(20, TimeUnit.SECONDS)).hasSize(1);
    assertThat(soon.get(20, TimeUnit.SECONDS)).hasSize(1);
    assertThat(stuck).isNotDone();
    released.countDown();
    assertThat(stuck.get(20, TimeUnit.SECONDS)).hasSize(1);
  }

  @Test
  void resolve_allNamesHang_takesFourThreads() throws Exception {
    for (int i = 0; i < 10; i++) {
      CompletableFuture<InetAddress[]> unused = resolver.resolve("hanging" + i);
      time.advance(Duration.ofMillis(201));
    }
    assertThat(hanging.tryAcquire(4, 20, TimeUnit.SECONDS)).isTrue();
    assertThat(hanging.tryAcquire()).isFalse();
    released.countDown();
  }
}
