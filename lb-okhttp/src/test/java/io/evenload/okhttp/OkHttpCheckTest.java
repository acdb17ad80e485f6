package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

final class OkHttpCheckTest {

  @Test
  void verify_thisOkHttp_passes() {
    assertThatNoException().isThrownBy(OkHttpCheck::verify);
  }

  @Test
  void problem_oneNewCopy_isNone() {
    assertThat(OkHttpCheck.problem(Set.of("okhttp-jvm-5.5.1.jar"), true)).isNull();
    assertThat(OkHttpCheck.problem(Set.of(), true)).isNull();
  }

  @Test
  @DisplayName("69: two copies of OkHttp are told, with the cure")
  void problem_twoCopies_namesBothAndTheCure() {
    Set<String> both = new LinkedHashSet<>(List.of("okhttp-4.12.0.jar", "okhttp-jvm-5.5.1.jar"));
    for (boolean complete : new boolean[] {true, false}) {
      assertThat(OkHttpCheck.problem(both, complete))
          .startsWith(
              "OkHttp is on the class path twice: okhttp-4.12.0.jar and okhttp-jvm-5.5.1.jar")
          .contains("import com.squareup.okhttp3:okhttp-bom");
    }
  }

  @Test
  @DisplayName("69: an OkHttp that is too old is told, with the cure")
  void problem_old_namesItAndTheCure() {
    assertThat(OkHttpCheck.problem(Set.of("okhttp-4.12.0.jar"), false))
        .startsWith("OkHttp is too old: okhttp-4.12.0.jar (expected: ")
        .contains("5.4.0 or newer")
        .contains("com.squareup.okhttp3:okhttp-bom");
  }
}
