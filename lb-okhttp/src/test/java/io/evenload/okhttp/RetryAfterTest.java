package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.Instant;
import okhttp3.Headers;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class RetryAfterTest {

  private static final long NOW = Instant.parse("2024-02-29T12:00:00Z").toEpochMilli();

  @ParameterizedTest
  @CsvSource({
    "0, PT0S",
    "00, PT0S",
    "7, PT7S",
    "120, PT2M",
    "99999999999999999999, PT277777H46M40S",
    "'Thu, 29 Feb 2024 12:00:30 GMT', PT30S",
    "'Thu, 29 Feb 2024 11:00:00 GMT', PT0S"
  })
  void of_valid_isTheWait(String value, Duration expected) {
    assertThat(RetryAfter.of(Headers.of("Retry-After", value), NOW)).isEqualTo(expected);
  }

  @Test
  void of_dateAndServersTime_isMeasuredByTheServersClock() {
    Headers headers =
        Headers.of(
            "Date",
            "Wed, 28 Feb 2024 12:00:00 GMT",
            "Retry-After",
            "Wed, 28 Feb 2024 12:00:03 GMT");
    assertThat(RetryAfter.of(headers, NOW)).isEqualTo(Duration.ofSeconds(3));
  }

  @ParameterizedTest
  @ValueSource(strings = {"soon", "-1", "1.5", "", "1 s", "\u0661"})
  void of_unreadable_isAbsent(String value) {
    Headers headers = new Headers.Builder().addUnsafeNonAscii("Retry-After", value).build();
    assertThat(RetryAfter.of(headers, NOW)).isNull();
  }

  @Test
  void of_absent_isNull() {
    assertThat(RetryAfter.of(Headers.of(), NOW)).isNull();
  }
}
