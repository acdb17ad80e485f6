package io.evenload.internal.text;

import java.util.regex.Pattern;

/**
 * Makes text that came from elsewhere, such as a server's own words, fit for a line of a log: it
 * has one line and a bearable length.
 */
public final class PlainText {

  /** Some lines of a terminal: longer than any message of ours. */
  public static final int LONGEST = 1_000;

  private static final Pattern USER = Pattern.compile("//[^/\\s]*@");
  private static final Pattern QUERY = Pattern.compile("\\?[^\\s=]*=\\S*");
  private static final char INSTEAD = '\ufffd';

  private PlainText() {}

  /** Returns the text, without control characters and what is after the longest. */
  public static String of(String text) {
    if (text.length() <= LONGEST && text.chars().noneMatch(PlainText::breaksLines)) {
      return text;
    }
    StringBuilder plain = new StringBuilder();
    int end = Math.min(text.length(), LONGEST);
    for (int i = 0; i < end; i++) {
      char c = text.charAt(i);
      plain.append(breaksLines(c) ? INSTEAD : c);
    }
    return plain.append(end < text.length() ? "…" : "").toString();
  }

  /**
   * Returns the text as {@link #of} does, without what may be credentials in the URLs that it has:
   * users, passwords and queries.
   */
  public static String withoutCredentials(String text) {
    return of(QUERY.matcher(USER.matcher(text).replaceAll("//…@")).replaceAll("?…"));
  }

  private static boolean breaksLines(int c) {
    return Character.isISOControl(c) || c == '\u2028' || c == '\u2029';
  }
}
