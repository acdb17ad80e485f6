package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LoadReportTest {

  private static final List<String> READABLE =
      List.of(
          "TEXT cpu_utilization=0.3,mem_utilization=0.8,rps_fractional=100,eps=2",
          "cpu_utilization=0.3, mem_utilization=0.8, rps_fractional=1e2, eps=2, named_metrics.x=1",
          "JSON {\"cpu_utilization\":0.3,\"rps_fractional\":100.0,\"eps\":2}",
          "{\"cpuUtilization\": 0.3, \"rps\": \"100\", \"eps\": 2.0, \"named_metrics\": {\"a\": 1}}",
          "JSON {\"cpu_utilization\":0.3,\"rps_fractional\":1E+2,\"eps\":2,"
              + "\"utilization\":{\"\\u0061\\\"\":{\"b\":{}}},\"x\":null,\"y\":true,\"z\":\"w\"} ");

  @Test
  void parse_everyForm_isRead() {
    for (String header : READABLE) {
      assertThat(LoadReport.parse(header)).as(header).isEqualTo(new LoadReport(0.3, 100, 2));
    }
  }

  @Test
  void parse_application_goesBeforeCpu() {
    assertThat(LoadReport.parse("application_utilization=0.9,cpu_utilization=0.3,rps=10"))
        .isEqualTo(new LoadReport(0.9, 10, 0));
    assertThat(LoadReport.parse("application_utilization=0,cpu_utilization=0.3,rps=10"))
        .isEqualTo(new LoadReport(0.3, 10, 0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "TEXT ",
        "BIN CgAAAAAA",
        "cpu_utilization",
        "cpu_utilization=",
        "cpu_utilization=x",
        "cpu_utilization=NaN",
        "cpu_utilization=1e999",
        "cpu_utilization=-0.1",
        "cpu_utilization=0x1p3",
        "cpu_utilization=1d",
        "cpu_utilization=0.1,",
        "JSON",
        "JSON {",
        "JSON {}x",
        "JSON {\"eps\":1,}",
        "JSON {\"eps\" 1}",
        "JSON {\"eps\":}",
        "JSON {\"eps\":01}",
        "JSON {\"eps\":+1}",
        "JSON {\"eps\":.5}",
        "JSON {\"eps\":Infinity}",
        "JSON {\"eps\":[1]}",
        "JSON {eps:1}",
        "JSON {\"eps\":1}{}",
        "JSON {\"e\\x\":1}",
        "JSON {\"a\":{\"b\":{\"c\":{\"d\":{}}}}}",
        "JSON {\"eps\":-1}"
      })
  void parse_garbage_isIgnored(String header) {
    assertThat(LoadReport.parse(header)).isNull();
  }

  @Test
  void parse_tooLong_isIgnored() {
    String spaces = " ".repeat(LoadReport.MAX_LENGTH - 9);
    assertThat(LoadReport.parse("{\"eps\":1}" + spaces)).isNotNull();
    assertThat(LoadReport.parse("{\"eps\":1}" + spaces + " ")).isNull();
    assertThat(LoadReport.parse("{\"a\":".repeat(1_600))).isNull();
  }

  @Test
  void weight_isA58s() {
    assertThat(new LoadReport(0.5, 100, 0).weight(1)).isEqualTo(200);
    // 100 / (0.5 + 10 / 100 * 1)
    assertThat(new LoadReport(0.5, 100, 10).weight(1)).isCloseTo(166.667, within(0.001));
    assertThat(new LoadReport(0.5, 100, 10).weight(0)).isEqualTo(200);
    assertThat(new LoadReport(0, 100, 0).weight(1)).isNaN();
    assertThat(new LoadReport(0.5, 0, 0).weight(1)).isNaN();
    assertThat(new LoadReport(1e-300, 1e300, 0).weight(1)).isNaN();
  }

  @Test
  void parse_anyInput_throwsNothingAndYieldsUsableNumbers() {
    SplittableRandom random = new SplittableRandom(5);
    String alphabet = "{}[]\":,.=\\eE+-0123456789 \tTEXTJSONcpu_utilizationrps\u0000\u00e4";
    int read = 0;
    for (int i = 0; i < 20_000; i++) {
      StringBuilder input = new StringBuilder(READABLE.get(random.nextInt(READABLE.size())));
      int changes = random.nextInt(i % 10 == 0 ? 200 : 4);
      for (int c = 0; c < changes; c++) {
        int at = random.nextInt(input.length() + 1);
        char any = alphabet.charAt(random.nextInt(alphabet.length()));
        switch (random.nextInt(4)) {
          case 0 -> input.insert(at, any);
          case 1 -> input.setLength(Math.max(1, at));
          case 2 -> input.insert(at, input.substring(at / 2, at));
          default -> input.setCharAt(Math.min(at, input.length() - 1), any);
        }
      }
      LoadReport report = LoadReport.parse(input.toString());
      if (report != null) {
        read++;
        double weight = report.weight(1);
        assertThat(Double.isNaN(weight) || (weight > 0 && weight < Double.POSITIVE_INFINITY))
            .as(input.toString())
            .isTrue();
      }
    }

    assertThat(read).as("both kinds were tried").isBetween(2_000, 18_000);
  }
}
