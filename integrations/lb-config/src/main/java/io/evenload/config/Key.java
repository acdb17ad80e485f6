package io.evenload.config;

/**
 * One key of the configuration.
 *
 * @param name what follows {@code evenload.default.} or {@code evenload.service.<name>.}
 * @param form how its value is written
 * @param usual the value that is the same as none, or what holds without one
 * @param sets the method that it is the text of, such as {@code RetryPolicy.Builder.maxAttempts}
 */
record Key<V>(String name, Form<V> form, String usual, String sets) {

  /** The switch of a part. */
  static Key<Boolean> enabled(String part, String usual, String sets) {
    return new Key<>(part + ".enabled", Form.FLAG, usual, sets);
  }
}
