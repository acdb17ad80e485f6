package io.evenload.benchmarks.sim;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import java.util.stream.Collectors;

/** The figures and the replays as one page of HTML, which needs nothing else to be looked at. */
final class ReportPage {

  /** The ratio at the right end of a strip; its inverse is at the left one. */
  private static final double WIDEST = 4;

  private static final String[] HEADS = {
    "p50 ms", "p99 ms", "p99.9 ms", "errors %", "imbalance", "attempts", "p99 relative"
  };

  private static final String DIALOGUE =
      "What Dialogue's simulator asks of its clients, asked of ours: how many requests were answered with 200, and how long answers"
          + " took on average. Its usual client has concurrency limits and queues, the unlimited one has not; ours has neither here.";

  private final Results results;
  private final List<String> replays;
  private final StringBuilder html = new StringBuilder();

  /**
   * Makes one.
   *
   * @param replays what is shown, as JSON
   */
  ReportPage(Results results, List<String> replays) {
    this.results = results;
    this.replays = replays;
  }

  String html() throws IOException {
    String page = resource("report.html");
    String plot = webjar("dist/uPlot.iife.min.js");
    return page.replace("<!-- styles -->", webjar("dist/uPlot.min.css") + resource("report.css"))
        .replace("<!-- figures -->", figures())
        .replace("<!-- dialogue -->", dialogue())
        .replace("<!-- data -->", data())
        .replace("<!-- licence -->", webjar("LICENSE"))
        .replace("<!-- scripts -->", plot + "\n" + resource("report.js"));
  }

  private static String resource(String name) throws IOException {
    try (InputStream file = ReportPage.class.getResourceAsStream(name)) {
      return text(file, name);
    }
  }

  /** A file of the library that draws the charts. */
  private static String webjar(String name) throws IOException {
    ClassLoader loader = ReportPage.class.getClassLoader();
    Properties jar = new Properties();
    jar.load(
        new StringReader(
            text(
                loader.getResourceAsStream("META-INF/maven/org.webjars.npm/uplot/pom.properties"),
                "uplot's pom.properties")));
    String path = "META-INF/resources/webjars/uplot/" + jar.getProperty("version") + "/" + name;
    try (InputStream file = loader.getResourceAsStream(path)) {
      return text(file, path);
    }
  }

  private static String text(InputStream file, String name) throws IOException {
    if (file == null) {
      throw new FileNotFoundException(name);
    }
    return new String(file.readAllBytes(), UTF_8);
  }

  private String data() {
    List<Strategy> strategies = results.strategies();
    int right = Math.max(0, strategies.indexOf(Strategies.SHORTEST_EXPECTED_DELAY));
    return "{\"strategies\":"
        + strategies.stream()
            .map(one -> Json.string(one.label()))
            .collect(Collectors.joining(",", "[", "]"))
        + ",\"left\":0,\"right\":"
        + right
        + ",\"replays\":["
        + String.join(",", replays)
        + "]}";
  }

  private String figures() {
    for (Results.Section section : results.sections()) {
      html.append("<h3>").append(escaped(section.title())).append("</h3>\n");
      html.append("<div class=\"scale\" aria-hidden=\"true\"><span>scenario</span>");
      html.append("<span class=\"strip\"><span style=\"left:0\">¼</span>");
      html.append("<span style=\"left:25%\">½</span><span style=\"left:50%\">1</span>");
      html.append(
          "<span style=\"left:75%\">2</span><span style=\"left:100%\">4 or more</span></span>");
      html.append("<span class=\"ratio\">")
          .append(escaped(shown().name()))
          .append("</span></div>\n");
      section.rows().forEach(this::row);
    }
    return html.toString();
  }

  /** The one that is meant: ours. */
  private Strategy shown() {
    List<Strategy> strategies = results.strategies();
    return strategies.contains(Strategies.SHORTEST_EXPECTED_DELAY)
        ? Strategies.SHORTEST_EXPECTED_DELAY
        : strategies.get(0);
  }

  private void row(Results.Row row) {
    int shown = results.strategies().indexOf(shown());
    html.append("<details><summary><span class=\"name\">").append(escaped(row.scenario().name));
    html.append("</span><span class=\"strip\">");
    for (int i = 1; i < row.cells().size(); i++) { // the first is the line itself
      if (i != shown) {
        dot(row, i);
      }
    }
    dot(row, shown);
    html.append("</span><span class=\"ratio\"><strong>");
    html.append(String.format(Locale.ROOT, "%.2f", row.relative(shown).mean())).append("</strong>");
    double half = row.relative(shown).halfWidth();
    if (!Double.isNaN(half)) {
      html.append(String.format(Locale.ROOT, " <small>±%.2f</small>", half));
    }
    html.append("</span></summary>\n");
    table(row);
    html.append("</details>\n");
  }

  private void dot(Results.Row row, int place) {
    Strategy strategy = results.strategies().get(place);
    Estimate ratio = row.relative(place);
    String kind = kind(row, place);
    double half = Double.isNaN(ratio.halfWidth()) ? 0 : ratio.halfWidth();
    double from = position(ratio.mean() - half);
    double to = position(ratio.mean() + half);
    if (to > from) {
      html.append(
          String.format(
              Locale.ROOT,
              "<i class=\"bar %s\" style=\"left:%.1f%%;width:%.1f%%\"></i>",
              kind,
              from,
              to - from));
    }
    html.append(
        String.format(
            Locale.ROOT,
            "<i class=\"dot %s%s\" style=\"left:%.1f%%\" title=\"%s: %.2f\"></i>",
            kind,
            ratio.mean() > WIDEST ? " beyond" : "",
            position(ratio.mean()),
            escaped(strategy.label()),
            ratio.mean()));
  }

  private String kind(Results.Row row, int place) {
    Strategy strategy = results.strategies().get(place);
    if (strategy.equals(shown())) {
      return "main";
    }
    return !strategy.model() ? "ours" : place == bestModel(row) ? "best" : "model";
  }

  /** The place of the model with the least p99; -1 if there is no model. */
  private int bestModel(Results.Row row) {
    int best = -1;
    for (int i = 0; i < row.cells().size(); i++) {
      double p99 = row.cells().get(i).p99().mean();
      if (results.strategies().get(i).model()
          && (best < 0 || p99 < row.cells().get(best).p99().mean())) {
        best = i;
      }
    }
    return best;
  }

  /** Where a ratio is in a strip, in percent of its width. */
  private static double position(double ratio) {
    double part = Math.log(Math.max(ratio, 1 / WIDEST)) / Math.log(WIDEST);
    return 50 + 50 * Math.min(1, part);
  }

  private void table(Results.Row row) {
    html.append("<table><thead><tr><th scope=\"col\">strategy</th>");
    for (String head : HEADS) {
      html.append("<th scope=\"col\">").append(head).append("</th>");
    }
    html.append("</tr></thead><tbody>\n");
    double least = row.cells().stream().mapToDouble(one -> one.p99().mean()).min().orElseThrow();
    for (int i = 0; i < row.cells().size(); i++) {
      Results.Cell cell = row.cells().get(i);
      Strategy strategy = results.strategies().get(i);
      html.append(strategy.equals(shown()) ? "<tr class=\"main\">" : "<tr>");
      html.append("<th scope=\"row\">").append(escaped(strategy.label())).append("</th>");
      String[] figures =
          (MarkdownTables.figures(cell) + " | " + row.relative(i).toString(2)).split(" \\| ", -1);
      for (int j = 0; j < figures.length; j++) {
        boolean best = j == 1 && cell.p99().mean() == least;
        html.append("<td data-name=\"")
            .append(HEADS[j])
            .append(best ? "\" class=\"least\">" : "\">");
        html.append(figures[j].replaceFirst(" (±.*)", " <small>$1</small>")).append("</td>");
      }
      html.append("</tr>\n");
    }
    html.append("</tbody></table>");
  }

  /** The section of Dialogue's scenarios, if there are any. */
  private String dialogue() {
    if (results.dialogue().rows().isEmpty()) {
      return "";
    }
    List<String> heads = new ArrayList<>(List.of("Dialogue, published", "unlimited, published"));
    results.dialogue().strategies().forEach(one -> heads.add(one.label()));
    StringBuilder section = new StringBuilder("<section id=\"dialogue\">\n");
    section.append("<h2>Dialogue's own scenarios</h2>\n<p>").append(DIALOGUE).append("</p>\n");
    section.append("<table class=\"plain\"><thead><tr><th scope=\"col\">scenario</th>");
    heads.forEach(head -> section.append("<th scope=\"col\">").append(head).append("</th>"));
    section.append("</tr></thead><tbody>\n");
    for (Results.DialogueRow row : results.dialogue().rows()) {
      section.append("<tr><th scope=\"row\">").append(row.scenario().name()).append("</th>");
      List<DialogueScenario.Published> cells = new ArrayList<>();
      cells.add(row.scenario().limited());
      cells.add(row.scenario().unlimited());
      cells.addAll(row.cells());
      for (int i = 0; i < cells.size(); i++) {
        String[] figures = cells.get(i).toString().split(", ", -1);
        section.append("<td data-name=\"").append(heads.get(i)).append("\">").append(figures[0]);
        section.append(" <small>").append(figures[1]).append("</small></td>");
      }
      section.append("</tr>\n");
    }
    return section.append("</tbody></table></section>\n").toString();
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;");
  }
}
