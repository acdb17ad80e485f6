package io.evenload.config;

/** Keeps passwords and tokens that values may have out of messages. */
final class Secrets {

  private static final String HEADERS = ".header";

  private Secrets() {}

  /**
   * Returns what a message may say of a value: nothing of headers, and of what may be a URL neither
   * user nor query.
   */
  static String hidden(String key, String text) {
    return key.endsWith(HEADERS) ? "(not shown)" : hidden(text);
  }

  /** Returns the same of a value that is no header. */
  static String hidden(String text) {
    int query = text.indexOf('?');
    String head = query < 0 ? text : text.substring(0, query) + "?…";
    int at = head.lastIndexOf('@');
    return at < 0 ? head : "…" + head.substring(at);
  }
}
