package io.evenload.benchmarks.sim;

import java.util.random.RandomGenerator;

/** How long requests take at an idle server of speed 1, the same on every machine; immutable. */
@FunctionalInterface
interface ServiceTime {

  /** Draws one, in milliseconds. */
  double nextMillis(RandomGenerator random);

  /** The same for all. */
  static ServiceTime constant(double millis) {
    return random -> millis;
  }

  /** Memoryless, with this mean. */
  static ServiceTime exponential(double mean) {
    return random -> -StrictMath.log(1 - random.nextDouble()) * mean;
  }

  /** The exponential of a normal variable of this standard deviation. */
  static ServiceTime lognormal(double mean, double sigma) {
    double mu = StrictMath.log(mean) - sigma * sigma / 2;
    return random -> StrictMath.exp(mu + sigma * random.nextGaussian());
  }

  /** One of two: the second with this probability. */
  static ServiceTime either(double millis, double other, double probability) {
    return random -> random.nextDouble() < probability ? other : millis;
  }

  /** A power law: of the greatest values, the part above x is in proportion to x^-exponent. */
  static ServiceTime pareto(double mean, double exponent) {
    double least = mean * (exponent - 1) / exponent;
    return random -> least * StrictMath.pow(1 - random.nextDouble(), -1 / exponent);
  }
}
