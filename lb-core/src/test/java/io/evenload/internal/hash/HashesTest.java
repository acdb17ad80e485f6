package io.evenload.internal.hash;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.RequestContext;
import org.junit.jupiter.api.Test;

/** The hash is that of every version and process: values that must not change. */
final class HashesTest {

  @Test
  void of_sameText_isTheKeyHashAndNeverChanges() {
    assertThat(Hashes.of("order-17")).isEqualTo(RequestContext.withKey("order-17").keyHash());
    assertThat(Hashes.of("")).isEqualTo(Hashes.mix(0xcbf29ce484222325L));
    assertThat(Hashes.of("a", 1)).isNotEqualTo(Hashes.of("a", 2)).isNotEqualTo(Hashes.of("a"));
    assertThat(Hashes.mix(1)).isEqualTo(0x5692161d100b05e5L);
  }

  @Test
  void package_ofTheHash_isNotExported() {
    assertThat(
            Hashes.class
                .getModule()
                .isExported(
                    "io.evenload.internal.hash",
                    ClassLoader.getSystemClassLoader().getUnnamedModule()))
        .isEqualTo(!Hashes.class.getModule().isNamed());
  }
}
