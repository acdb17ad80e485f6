package io.evenload.okhttp.internal.route;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class NetworkHalfTest {

  @Test
  void misleadsOkHttp_zeroAndTooManyDigits_isTrue() {
    assertThat(NetworkHalf.misleadsOkHttp("0")).isTrue();
    assertThat(NetworkHalf.misleadsOkHttp("000")).isTrue();
    assertThat(NetworkHalf.misleadsOkHttp("2147483648")).isTrue();
    assertThat(NetworkHalf.misleadsOkHttp("99999999999999999999")).isTrue();
  }

  @Test
  void misleadsOkHttp_otherNumbersAndDates_isFalse() {
    assertThat(NetworkHalf.misleadsOkHttp("1")).isFalse();
    assertThat(NetworkHalf.misleadsOkHttp("999999999")).isFalse();
    assertThat(NetworkHalf.misleadsOkHttp("")).isFalse();
    assertThat(NetworkHalf.misleadsOkHttp("Thu, 29 Feb 2024 12:00:30 GMT")).isFalse();
  }
}
