package io.evenload.status;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;

import io.evenload.EndpointState;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Base64;
import java.util.List;
import java.util.Locale;

/** The page as a whole. */
final class PageHtml {

  /*
   * The script asks for the page anew and takes over what differs. So the page is made in one place, escaped in one place,
   * and is the same with and without the script. The policy lets the browser run this script and no other, and show
   * nothing from elsewhere, should something foreign ever get through unescaped.
   */

  /** The rows of a balancer: a browser renders so many at once every two seconds. */
  static final int MOST_ROWS = 500;

  private static final String STYLE = resource("page.css");
  private static final String SCRIPT = resource("page.js");

  /** What the page needs, and nothing else. */
  static final String POLICY =
      "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'"
          + ("; style-src '" + hash(STYLE) + "'; script-src '" + hash(SCRIPT) + "'");

  private static final String ICON =
      "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E"
          + "%3Cpath fill='%232563eb' d='M1 7h4v8H1zM6 4h4v11H6zM11 7h4v8h-4z'/%3E%3C/svg%3E";

  static final DateTimeFormatter CLOCK =
      DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);

  private PageHtml() {}

  static String of(List<BalancerView> views, Instant now) {
    Markup page = new Markup();
    page.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n")
        .raw("<meta http-equiv=\"Content-Security-Policy\" content=\"" + POLICY + "\">\n")
        .raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n")
        .raw("<meta name=\"color-scheme\" content=\"light dark\">\n")
        .raw("<noscript><meta http-equiv=\"refresh\" content=\"5\"></noscript>\n<title>")
        .text(title(views))
        .raw("</title>\n<link rel=\"icon\" href=\"" + ICON + "\">\n<style>")
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n");
    header(page, views, now);
    page.raw("<main>\n");
    if (views.isEmpty()) {
      page.raw("<p class=\"empty\">No balancer is watched.</p>\n");
    }
    for (int i = 0; i < views.size(); i++) {
      new BalancerHtml(page, views.get(i), i).append();
    }
    page.raw("</main>\n<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    return page.toString();
  }

  private static void header(Markup page, List<BalancerView> views, Instant now) {
    page.raw("<header>\n<h1>").raw(mark()).raw("Evenload</h1>\n<nav>");
    for (int i = 0; i < views.size() && views.size() > 1; i++) {
      BalancerView view = views.get(i);
      page.raw("<a href=\"#b" + i + "\">").isolated(view.status().name());
      long out = out(view);
      if (out > 0) {
        page.raw(" <span class=\"out\">" + out + " out</span>");
      }
      page.raw("</a>");
    }
    page.raw(
            "</nav>\n<p class=\"clock\"><span class=\"lost\">No answer since </span><time datetime=\"")
        .text(now.toString())
        .raw("\">")
        .text(CLOCK.format(now))
        .raw("</time> UTC</p>\n</header>\n");
  }

  private static String mark() {
    return "<svg class=\"mark\" viewBox=\"0 0 16 16\" aria-hidden=\"true\">"
        + "<path d=\"M1 7h4v8H1zM6 4h4v11H6zM11 7h4v8h-4z\"/></svg>";
  }

  /** Tells in the browser's tab whether all is well. */
  private static String title(List<BalancerView> views) {
    long out = views.stream().mapToLong(PageHtml::out).sum();
    return out == 0 ? "Evenload" : "(" + out + " out) Evenload";
  }

  /** How many servers are kept out that traffic is meant for. */
  private static long out(BalancerView view) {
    return view.count(EndpointState.EJECTED)
        + view.count(EndpointState.UNHEALTHY)
        + view.count(EndpointState.BREAKER_OPEN);
  }

  private static String resource(String name) {
    try (InputStream stream =
        requireNonNull(PageHtml.class.getResourceAsStream(name), () -> name + " is missing")) {
      return new String(stream.readAllBytes(), UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String hash(String content) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(content.getBytes(UTF_8));
      return "sha256-" + Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e); // every Java platform has it
    }
  }
}
