package io.evenload.internal.hash;

/**
 * The one hash of this library: the same in every process, so that clients agree. Its package is
 * not exported.
 */
public final class Hashes {

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;
  private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

  private Hashes() {}

  /** FNV-1a over the chars, then {@link #mix}. */
  public static long of(String text) {
    return of(text, 0);
  }

  /** The same; each seed gives another hash. */
  public static long of(String text, long seed) {
    long hash = FNV_OFFSET;
    for (int i = 0; i < text.length(); i++) {
      hash = (hash ^ text.charAt(i)) * FNV_PRIME;
    }
    return mix(hash + seed * GOLDEN_GAMMA);
  }

  /**
   * The finisher of SplitMix64 (Steele, Lea and Flood, 2014): every input bit changes half of the
   * output bits.
   */
  public static long mix(long z) {
    z = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
    z = (z ^ (z >>> 27)) * 0x94d049bb133111ebL;
    return z ^ (z >>> 31);
  }
}
