package io.evenload.micrometer;

import io.evenload.Chooser;
import io.evenload.Endpoint;
import io.evenload.RequestContext;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Chooses as another chooser does, and times a few of its choices. */
final class TimedChooser implements Chooser {

  /*
   * A choice takes tens of nanoseconds, about as long as it takes to read the clock and to record a time. So only a few
   * are timed, at random, since a chooser may do something particular every so many turns. The others cost one random
   * word.
   */

  /** A power of two: 128, as of the attempts that are watched for leaks. */
  private static final int ONE_IN = 128;

  private final Chooser delegate;
  private final Timer timer;
  private final @Nullable Environment environment;

  TimedChooser(Chooser delegate, Timer timer, @Nullable Environment environment) {
    this.delegate = delegate;
    this.timer = timer;
    this.environment = environment;
  }

  @Override
  public Endpoint choose(List<Endpoint> eligible, RequestContext request) {
    Environment bound = environment;
    if (bound == null || (bound.random().nextLong() & (ONE_IN - 1)) != 0) {
      return delegate.choose(eligible, request);
    }
    long begin = bound.nanoTime().getAsLong();
    Endpoint chosen = delegate.choose(eligible, request);
    timer.record(bound.nanoTime().getAsLong() - begin, TimeUnit.NANOSECONDS);
    return chosen;
  }

  @Override
  public Chooser bind(Environment environment) {
    return new TimedChooser(delegate.bind(environment), timer, environment);
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // most choosers prepare themselves
  public Chooser prepare(List<Endpoint> eligible) {
    Chooser prepared = delegate.prepare(eligible);
    return prepared == delegate ? this : new TimedChooser(prepared, timer, environment);
  }

  @Override
  public @Nullable Tracker track(Endpoint endpoint) {
    return delegate.track(endpoint);
  }

  @Override
  public int inFlightLimit(Endpoint chosen) {
    return delegate.inFlightLimit(chosen);
  }

  @Override
  public String toString() {
    return delegate + ", timed";
  }
}
