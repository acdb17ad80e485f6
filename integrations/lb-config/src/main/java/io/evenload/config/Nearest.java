package io.evenload.config;

import static java.util.Comparator.comparingInt;

import java.util.Collection;

/** Finds what somebody meant who wrote a word wrong. */
final class Nearest {

  private Nearest() {}

  /** Returns the word with the fewest changes to the end of the text (Levenshtein, 1966). */
  static String of(String text, Collection<String> words) {
    return words.stream().min(comparingInt(word -> changes(text, word))).orElseThrow();
  }

  /** The insertions, deletions and replacements that make an end of the text the word. */
  private static int changes(String text, String word) {
    int[] row =
        new int[text.length() + 1]; // for no letter of the word: nothing of the text is used
    for (int i = 1; i <= word.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= text.length(); j++) {
        int replaced = diagonal + (word.charAt(i - 1) == text.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j - 1], row[j]));
      }
    }
    return row[text.length()];
  }
}
