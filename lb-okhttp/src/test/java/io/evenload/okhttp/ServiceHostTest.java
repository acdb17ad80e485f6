package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class ServiceHostTest {

  @ParameterizedTest
  @CsvSource({
    "orders, orders",
    "ORDERS.Example.com, orders.example.com",
    "b\u00fccher.example, xn--bcher-kva.example",
    "orders_v2, orders_v2"
  })
  void canonical_hostName_isSpeltAsInUrls(String host, String expected) {
    assertThat(ServiceHost.canonical(host)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.1", "::1", "[::1]", "10", "127.1"})
  void canonical_address_isRejected(String host) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ServiceHost.canonical(host))
        .withMessageStartingWith("host: '" + host + "' (expected: a host name");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "orders:8080", "http://orders", "orders/v1", "a b"})
  void canonical_noHost_isRejected(String host) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> ServiceHost.canonical(host))
        .withMessage("host: '" + host + "' (expected: a host name without scheme, port or path)");
  }

  @Test
  void canonical_null_isRejected() {
    assertThatNullPointerException()
        .isThrownBy(() -> ServiceHost.canonical(null))
        .withMessage("host");
  }
}
