package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class PooledConnectionTest {

  @Test
  @DisplayName(
      "OkHttp tells when a connection became idle and which calls use it, and lets no other")
  void tells_thisOkHttp_isTrue() {
    assertThat(PooledConnection.tells()).isTrue();
  }
}
