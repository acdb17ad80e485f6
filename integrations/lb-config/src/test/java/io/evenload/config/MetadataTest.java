package io.evenload.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What editors complete keys with in Spring applications is the code's. */
class MetadataTest {

  private static final Path FILE =
      Path.of("src/main/resources/META-INF/spring-configuration-metadata.json");

  private static final Pattern INTEGER = Pattern.compile("-?\\d+");
  private static final Pattern NUMBER = Pattern.compile("-?\\d+(\\.\\d+)?");

  @Test
  void metadata_ofTheKeys_isTheFile() throws IOException {
    String metadata = metadata();
    Path written = Files.createDirectories(Path.of("target")).resolve(FILE.getFileName());
    Files.writeString(written, metadata);
    assertThat(Files.exists(FILE) ? Files.readString(FILE) : "")
        .as("Copy %s to %s", written, FILE)
        .isEqualTo(metadata);
  }

  private static String metadata() {
    List<String> properties = new ArrayList<>();
    List<String> hints = new ArrayList<>();
    for (Key<?> key : Reading.keys()) {
      properties.add(property(key));
      String hint = hint(key);
      if (!hint.isEmpty()) {
        hints.add(hint);
      }
    }
    properties.add(
        "    {\"name\": \"evenload.service\", \"type\":"
            + " \"java.util.Map<java.lang.String,java.lang.Object>\", \"description\": \"The keys"
            + " of single services, by their names.\"}");
    return "{\n  \"groups\": [],\n  \"properties\": [\n"
        + String.join(",\n", properties)
        + "\n  ],\n  \"hints\": [\n"
        + String.join(",\n", hints)
        + "\n  ]\n}\n";
  }

  private static String property(Key<?> key) {
    return "    {\"name\": \"evenload.default."
        + key.name()
        + "\", \"type\": \""
        + type(key.form())
        + "\", \"description\": \""
        + description(key)
        + "\""
        + usual(key)
        + "}";
  }

  private static String type(Form<?> form) {
    if (form.equals(Form.FLAG)) {
      return "java.lang.Boolean";
    } else if (form.equals(Form.INTEGER)) {
      return "java.lang.Integer";
    } else if (form.equals(Form.NUMBER)) {
      return "java.lang.Double";
    } else if (form.equals(Form.DURATION)) {
      return "java.time.Duration";
    } else if (form.equals(Form.STATUS_SET) || form.equals(Form.NETWORKS)) {
      return "java.util.List<java.lang.String>";
    } else if (form.equals(Form.TEXTS) || form.equals(Form.NUMBERS)) {
      return "java.util.Map<java.lang.String,java.lang.String>";
    }
    return "java.lang.String";
  }

  private static String description(Key<?> key) {
    String words = key.form().words();
    return Character.toUpperCase(words.charAt(0))
        + words.substring(1)
        + ". Sets "
        + key.sets()
        + ". Default: "
        + key.usual().replace("`", "")
        + ".";
  }

  /** Returns the default where it is a value, and not in words. */
  private static String usual(Key<?> key) {
    String usual = key.usual();
    boolean plain =
        (key.form().equals(Form.FLAG) && (usual.equals("true") || usual.equals("false")))
            || (key.form().equals(Form.INTEGER) && INTEGER.matcher(usual).matches())
            || (key.form().equals(Form.NUMBER) && NUMBER.matcher(usual).matches());
    if (plain) {
      return ", \"defaultValue\": " + usual;
    }
    boolean quoted =
        (key.form().equals(Form.DURATION) && !usual.equals("none")) || isOneOf(key, usual);
    return quoted ? ", \"defaultValue\": \"" + usual + "\"" : "";
  }

  private static boolean isOneOf(Key<?> key, String word) {
    return Arrays.asList(words(key)).contains(word);
  }

  private static String hint(Key<?> key) {
    if (!key.form().words().contains(" or ") || type(key.form()).equals("java.lang.Boolean")) {
      return "";
    }
    List<String> values = new ArrayList<>();
    for (String word : words(key)) {
      values.add("{\"value\": \"" + word + "\"}");
    }
    return type(key.form()).equals("java.lang.String")
        ? "    {\"name\": \"evenload.default."
            + key.name()
            + "\", \"values\": ["
            + String.join(", ", values)
            + "]}"
        : "";
  }

  private static String[] words(Key<?> key) {
    return key.form().words().split(", | or ");
  }
}
