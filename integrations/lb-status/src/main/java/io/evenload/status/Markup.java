package io.evenload.status;

/**
 * HTML in the making. What comes from elsewhere goes through {@link #text} or {@link #isolated};
 * all else is written in this package. Escaped text may stand between tags and in quoted
 * attributes.
 */
final class Markup {

  private final StringBuilder html = new StringBuilder(16_384);

  /** Appends markup as it is. */
  Markup raw(String markup) {
    html.append(markup);
    return this;
  }

  /** Appends a number as it is. */
  Markup raw(long number) {
    html.append(number);
    return this;
  }

  /** Appends text, escaped. */
  Markup text(String text) {
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> html.append("&amp;");
        case '<' -> html.append("&lt;");
        case '>' -> html.append("&gt;");
        case '"' -> html.append("&quot;");
        case '\'' -> html.append("&#39;");
        default -> html.append(Character.isISOControl(c) ? '\ufffd' : c);
      }
    }
    return this;
  }

  /**
   * Appends foreign text, escaped and no longer than bearable, whose direction of writing does not
   * change the order of what surrounds it.
   */
  Markup isolated(String text) {
    return raw("<bdi>").text(Words.bounded(text)).raw("</bdi>");
  }

  @Override
  public String toString() {
    return html.toString();
  }
}
