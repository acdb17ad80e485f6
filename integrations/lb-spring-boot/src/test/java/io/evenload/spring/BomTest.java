package io.evenload.spring;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The BOM, which has no parent, lists what there is in the versions that this build uses. */
class BomTest {

  private static final Path ROOT = Path.of("../..");
  private static final Path BOM = ROOT.resolve("integrations/lb-bom/pom.xml");

  @Test
  void bom_modules_areAllThatArePublished() throws IOException {
    Set<String> published = new TreeSet<>(Set.of("lb-core", "lb-okhttp"));
    try (DirectoryStream<Path> modules = Files.newDirectoryStream(ROOT.resolve("integrations"))) {
      for (Path module : modules) {
        if (Files.exists(module.resolve("pom.xml")) && !module.endsWith("lb-bom")) {
          published.add(module.getFileName().toString());
        }
      }
    }
    Set<String> listed = new TreeSet<>();
    Matcher module =
        Pattern.compile("<artifactId>(lb-[a-z0-9-]+)</artifactId>").matcher(Files.readString(BOM));
    while (module.find()) {
      listed.add(module.group(1));
    }
    listed.remove("lb-bom");
    assertThat(listed).isEqualTo(published);
  }

  @Test
  void bom_versions_areThoseOfTheBuild() throws IOException {
    String bom = Files.readString(BOM);
    String build = Files.readString(ROOT.resolve("pom.xml"));
    for (String version : new String[] {"version", "okhttp.version", "resilience4j.version"}) {
      assertThat(first(version, bom)).as(version).isEqualTo(first(version, build));
    }
  }

  /** Returns the text of the first element of a name. */
  private static String first(String element, String xml) {
    Matcher found = Pattern.compile("<" + element + ">([^<]*)<").matcher(xml);
    assertThat(found.find()).isTrue();
    return found.group(1);
  }
}
