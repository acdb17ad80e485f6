package io.evenload.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.InputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageStyleTest {

  /** What WCAG 2.2 asks of text, level AA (success criterion 1.4.3). */
  private static final double CONTRAST = 4.5;

  /** What it asks of pictures (1.4.11). */
  private static final double PICTURE_CONTRAST = 3;

  private final String style;

  PageStyleTest() throws Exception {
    try (InputStream file = PageHtml.class.getResourceAsStream("page.css")) {
      style = new String(file.readAllBytes(), UTF_8);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1})
  void colors_ofATheme_canBeRead(int theme) {
    Map<String, String> colors = themes().get(theme);
    for (String ground : List.of("card", "page")) {
      double groundLight = luminance(colors.get(ground));
      for (String text : List.of("ink", "soft", "bad", "green", "amber", "violet", "gray")) {
        assertThat(contrast(luminance(colors.get(text)), groundLight))
            .as(text + " on " + ground)
            .isGreaterThanOrEqualTo(CONTRAST);
      }
      assertThat(contrast(luminance(colors.get("ok")), groundLight))
          .as("ok on " + ground)
          .isGreaterThanOrEqualTo(PICTURE_CONTRAST);
    }
  }

  @Test
  void themes_lightAndDark_haveTheSameColors() {
    List<Map<String, String>> themes = themes();
    assertThat(themes).hasSize(2);
    assertThat(themes.get(0).keySet()).isEqualTo(themes.get(1).keySet());
  }

  /** The colors of the light theme, then of the dark one. */
  private List<Map<String, String>> themes() {
    return Pattern.compile(":root \\{([^}]*)}")
        .matcher(style)
        .results()
        .map(
            block -> {
              Map<String, String> colors = new LinkedHashMap<>();
              Matcher color =
                  Pattern.compile("--([a-z]+): #([0-9a-f]{3,6});").matcher(block.group(1));
              while (color.find()) {
                colors.put(color.group(1), color.group(2));
              }
              return colors;
            })
        .toList();
  }

  private static double contrast(double one, double other) {
    return (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
  }

  /** The relative luminance of an sRGB color, as WCAG defines it. */
  private static double luminance(String hex) {
    String six = hex.length() == 3 ? hex.replaceAll("(.)", "$1$1") : hex;
    return 0.2126 * linear(six, 0) + 0.7152 * linear(six, 2) + 0.0722 * linear(six, 4);
  }

  private static double linear(String hex, int at) {
    double part = Integer.parseInt(hex.substring(at, at + 2), 16) / 255.0;
    return part <= 0.04045 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
  }
}
