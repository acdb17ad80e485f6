package io.evenload.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.evenload.LoadBalancer;
import io.evenload.NoServerAvailableException;
import io.evenload.RequestContext;
import io.evenload.Server;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import org.junit.jupiter.api.Test;

/**
 * Checks the pages for readers: each block of Java stands word for word, but for its indentation,
 * in a source that some module compiles, and each link leads to something.
 */
final class DocsTest {

  private static final Path ROOT = Path.of("..");

  private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);
  private static final Pattern ANY_BLOCK = Pattern.compile("```.*?```|`[^`\n]*`", Pattern.DOTALL);
  private static final Pattern LINK = Pattern.compile("\\]\\(([^)\\s]+)\\)");
  private static final Pattern HEADING = Pattern.compile("(?m)^#+ (.*)$");

  @Test
  void javaBlocks_areCompiled() throws IOException {
    List<String> sources = new ArrayList<>();
    for (Path file : files(ROOT, ".java")) {
      sources.add(lines(Files.readString(file)));
    }
    List<String> nowhere = new ArrayList<>();
    for (Map.Entry<String, String> page : pages().entrySet()) {
      BLOCK
          .matcher(page.getValue())
          .results()
          .map(found -> lines(found.group(1)))
          .filter(block -> sources.stream().noneMatch(source -> source.contains(block)))
          .forEach(block -> nowhere.add(page.getKey() + ":" + block));
    }
    assertThat(nowhere)
        .as("blocks of Java that no source has word for word: put them into a PageSnippets")
        .isEmpty();
  }

  @Test
  void links_leadToSomething() throws IOException {
    Map<String, String> pages = pages();
    List<String> dead = new ArrayList<>();
    for (Map.Entry<String, String> page : pages.entrySet()) {
      String prose = ANY_BLOCK.matcher(page.getValue()).replaceAll("");
      LINK.matcher(prose)
          .results()
          .map(found -> found.group(1))
          .filter(link -> !link.startsWith("http"))
          .filter(link -> !leads(page.getKey(), link, pages))
          .forEach(link -> dead.add(page.getKey() + ": " + link));
    }
    assertThat(dead).as("links that lead nowhere").isEmpty();
  }

  @Test
  void noServer_message_isTheOneOfThePage() throws IOException {
    try (LoadBalancer orders =
        LoadBalancer.of("orders", Server.of("10.0.0.1", 80), Server.of("10.0.0.2", 80))) {
      OkHttpClient client =
          LoadBalancingInterceptor.of("orders", orders).install(new OkHttpClient.Builder()).build();
      Request request =
          new Request.Builder()
              .url("http://orders/v1/items")
              .tag(RequestContext.class, RequestContext.create().only(server -> false))
              .build();

      IOException failure =
          catchThrowableOfType(IOException.class, () -> client.newCall(request).execute());

      assertThat(failure).hasCauseInstanceOf(NoServerAvailableException.class);
      assertThat(Files.readString(ROOT.resolve("docs/exceptions.md")))
          .contains("`" + failure.getMessage() + "`");
    }
  }

  /** Whether the link leads to a file or a directory, and its fragment to a heading. */
  private static boolean leads(String page, String link, Map<String, String> pages) {
    int hash = link.indexOf('#');
    String path = hash < 0 ? link : link.substring(0, hash);
    Path target = path.isEmpty() ? Path.of(page) : Path.of(page).resolveSibling(path).normalize();
    if (!Files.exists(ROOT.resolve(target))) {
      return false;
    }
    String text = pages.get(target.toString());
    return hash < 0
        || text == null
        || HEADING
            .matcher(text)
            .results()
            .anyMatch(found -> slug(found.group(1)).equals(link.substring(hash + 1)));
  }

  /** The fragment by which a heading is linked to. */
  private static String slug(String heading) {
    return heading
        .strip()
        .toLowerCase(Locale.ROOT)
        .replaceAll("[^\\p{L}\\p{N} _-]", "")
        .replace(' ', '-');
  }

  /** The text of each page by its path from the root. */
  private static Map<String, String> pages() throws IOException {
    Map<String, String> pages = new TreeMap<>();
    for (Path file : files(ROOT.resolve("docs"), ".md")) {
      pages.put(ROOT.relativize(file).toString(), Files.readString(file));
    }
    try (Stream<Path> top = Files.list(ROOT)) {
      for (Path file : top.filter(path -> path.toString().endsWith(".md")).toList()) {
        pages.put(ROOT.relativize(file).toString(), Files.readString(file));
      }
    }
    return pages;
  }

  /** The files of the repository with this end, and none that a build has made. */
  private static List<Path> files(Path directory, String end) throws IOException {
    List<Path> files = new ArrayList<>();
    Files.walkFileTree(
        directory,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            boolean made = Set.of("target", "node_modules", ".git").contains(name(path));
            return made ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            if (name(path).endsWith(end)) {
              files.add(path);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    return files;
  }

  private static String name(Path path) {
    return path.getFileName().toString();
  }

  /** The lines that are not blank, without indentation. */
  private static String lines(String text) {
    return text.replace("\"localhost\", port", "\"orders.internal\", 8080")
        .lines()
        .map(String::strip)
        .filter(line -> !line.isEmpty())
        .collect(Collectors.joining("\n", "\n", "\n"));
  }
}
