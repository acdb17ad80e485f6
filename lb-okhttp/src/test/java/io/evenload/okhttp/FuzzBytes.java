package io.evenload.okhttp;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/** Damages what a server sends. */
final class FuzzBytes {

  private static final int LONGEST_RUN = 20;

  private FuzzBytes() {}

  static String pick(RandomGenerator random, String... choices) {
    return choices[random.nextInt(choices.length)];
  }

  static boolean oneIn(RandomGenerator random, int n) {
    return random.nextInt(n) == 0;
  }

  static byte[] garbage(RandomGenerator random, int most) {
    byte[] bytes = new byte[random.nextInt(most + 1)];
    random.nextBytes(bytes);
    return bytes;
  }

  /** Cuts off the end at any place. */
  static byte[] truncated(RandomGenerator random, byte[] bytes) {
    return Arrays.copyOf(bytes, random.nextInt(bytes.length + 1));
  }

  /** Changes, drops, repeats or inserts a few bytes. */
  static byte[] mutated(RandomGenerator random, byte[] bytes) {
    byte[] result = bytes.clone();
    for (int i = random.nextInt(4); i >= 0 && result.length > 0; i--) {
      int at = random.nextInt(result.length);
      int run = Math.min(1 + random.nextInt(LONGEST_RUN), result.length - at);
      switch (random.nextInt(4)) {
        case 0 -> result[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> result = spliced(result, at, run, new byte[0]);
        case 2 -> result = spliced(result, at, 0, Arrays.copyOfRange(result, at, at + run));
        default -> result = spliced(result, at, 0, garbage(random, LONGEST_RUN));
      }
    }
    return result;
  }

  private static byte[] spliced(byte[] bytes, int at, int dropped, byte[] inserted) {
    byte[] result = Arrays.copyOf(bytes, bytes.length - dropped + inserted.length);
    System.arraycopy(inserted, 0, result, at, inserted.length);
    System.arraycopy(
        bytes, at + dropped, result, at + inserted.length, bytes.length - at - dropped);
    return result;
  }
}
