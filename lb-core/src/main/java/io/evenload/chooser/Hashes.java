package io.evenload.chooser;

/** Hashes that are the same in every process. */
final class Hashes {

  private Hashes() {}

  /** FNV-1a over the chars, then {@link #mix} with the seed. */
  static long of(String text, long seed) {
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * 0x100000001b3L;
    }
    return mix(hash + seed * 0x9e3779b97f4a7c15L);
  }

  /**
   * The finisher of SplitMix64 (Steele, Lea and Flood, 2014): every input bit changes half of the
   * output bits.
   */
  static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
