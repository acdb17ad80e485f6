package io.evenload.okhttp;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** POSTs with pauses that are longer than an nginx keeps idle connections. */
class IdleConnectionIT {

  private static final int POSTS = 5;

  @RegisterExtension final Backends backends = new Backends();
  @TempDir Path directory;

  @Test
  void post_afterPausesLongerThanKeepAlive_isAnsweredAndExecutedOnce() throws Exception {
    RealServer nginx = RealServer.impatientNginx("a", directory, 2);
    backends.closeAfterTest(nginx);
    nginx.start(backends.signal());
    BalancedClient client = backends.client(Wire.HTTP_1, nginx.server()).build();
    CountDownLatch pause = new CountDownLatch(1);
    for (int i = 0; i < POSTS; i++) {
      assertThat(client.post("/orders/" + i, "one order").code()).isEqualTo(200);
      assertThat(pause.await(3, SECONDS)).isFalse();
    }
    assertThat(nginx.log()).hasSize(POSTS).doesNotHaveDuplicates();
  }
}
