package io.evenload.status;

/** Keeps what others wrote, such as the reason of a failure, at a bearable length. */
final class Words {

  /** A line and a half of the page. */
  static final int LONGEST = 240;

  private Words() {}

  /** Returns the text, or its beginning with an ellipsis; never half of a character. */
  static String bounded(String text) {
    if (text.length() <= LONGEST) {
      return text;
    }
    int end = Character.isHighSurrogate(text.charAt(LONGEST - 1)) ? LONGEST - 1 : LONGEST;
    return text.substring(0, end) + "…";
  }
}
