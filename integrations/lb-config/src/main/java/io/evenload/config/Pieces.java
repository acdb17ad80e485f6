package io.evenload.config;

import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** What one source says of one key, perhaps in pieces. */
final class Pieces {

  private final Map<Integer, String> elements = new TreeMap<>();
  private final Map<String, String> pairs = new TreeMap<>();
  private @Nullable String whole;

  /**
   * Takes a text.
   *
   * @param written the key as the source has it
   * @param spelled what it means
   */
  void add(String written, Spelled spelled, String text) {
    String piece = spelled.piece();
    if (piece == null) {
      if (whole == null || written.equals(spelled.key())) { // of two spellings the usual one
        whole = text;
      }
    } else if (spelled.pair()) {
      pairs.put(piece, piece + "=" + text);
    } else {
      elements.put(Integer.valueOf(piece), text);
    }
  }

  /** Returns the text of all pieces together. */
  String text() {
    if (whole != null) {
      return whole;
    }
    return String.join(",", pairs.isEmpty() ? elements.values() : pairs.values());
  }
}
