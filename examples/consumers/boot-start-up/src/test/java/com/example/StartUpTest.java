package com.example;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Starts the application with and without Evenload, in turn, and writes down the medians. */
class StartUpTest {

  private static final int ROUNDS = Integer.getInteger("rounds", 7);
  private static final String HEAD =
      "| | classes | threads | CPU, ms | ms |\n|---|--:|--:|--:|--:|\n";

  @Test
  void start_withEvenload_costsLittle() throws Exception {
    List<long[]> plain = new ArrayList<>();
    List<long[]> balanced = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      plain.add(start(false));
      balanced.add(start(true));
    }
    Files.writeString(
        Path.of("target/start-up.md"),
        HEAD + row("a plain `OkHttpClient`", plain) + row("one service of Evenload", balanced));
    assertThat(median(balanced, 1) - median(plain, 1)).as("threads more").isLessThanOrEqualTo(2);
  }

  private static long[] start(boolean balanced) throws Exception {
    String own = System.getProperty("java.class.path");
    String all = System.getProperty("surefire.test.class.path", own); // where own is one jar
    String path =
        Arrays.stream(all.split(File.pathSeparator))
            .filter(
                each -> balanced || !each.contains("evenload") && !each.contains("resilience4j"))
            .collect(Collectors.joining(File.pathSeparator));
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                path,
                "com.example.StartUp"));
    if (balanced) {
      command.add("--evenload.service.orders.servers=static:127.0.0.1:8080");
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return output
        .lines()
        .filter(line -> line.startsWith("started "))
        .map(line -> Arrays.stream(line.substring(8).split(" ")).mapToLong(Long::parseLong))
        .findFirst()
        .orElseThrow(() -> new AssertionError(output))
        .toArray();
  }

  private static long median(List<long[]> starts, int column) {
    return starts.stream().mapToLong(each -> each[column]).sorted().toArray()[starts.size() / 2];
  }

  private static String row(String name, List<long[]> starts) {
    return "| %s | %d | %d | %d | %d |%n"
        .formatted(
            name, median(starts, 0), median(starts, 1), median(starts, 2), median(starts, 3));
  }
}
