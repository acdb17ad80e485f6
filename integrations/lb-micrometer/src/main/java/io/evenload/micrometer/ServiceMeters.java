package io.evenload.micrometer;

import io.evenload.NoServerAvailableException;
import io.evenload.okhttp.CallAttempt;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.CallListener.CallEnded;
import io.evenload.okhttp.CallListener.FailedAttempt;
import io.evenload.okhttp.CallListener.Refusal;
import io.evenload.okhttp.ThrottledException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.io.InterruptedIOException;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import okhttp3.Call;
import org.jspecify.annotations.Nullable;

/** The meters of the calls to one service. They are there before the first call. */
final class ServiceMeters {

  private static final int FIRST_SERVER_ERROR = 500;

  /** How a call ended for the caller. */
  private enum Ending {
    SUCCESS,
    FAILURE,
    CANCELLED,
    NO_SERVER,
    THROTTLED
  }

  private final MeterRegistry registry;
  private final String service;
  private final Map<Ending, Timer> requests = new EnumMap<>(Ending.class);
  private final Counter hedges;
  private final Counter hedgesWon;
  private final Counter misrouted;

  ServiceMeters(MeterRegistry registry, String service) {
    this.registry = registry;
    this.service = service;
    for (Ending ending : Ending.values()) {
      requests.put(
          ending,
          Timer.builder("evenload.requests")
              .description("Calls, with all their attempts, until the response or the failure")
              .tag("service", service)
              .tag("outcome", lower(ending))
              .register(registry));
    }
    hedges =
        counter("evenload.hedges", "Second attempts, since the first was slow").register(registry);
    hedgesWon =
        counter("evenload.hedges.won", "Second attempts that were faster").register(registry);
    misrouted =
        counter("evenload.misrouted", "Requests that went to the wrong server").register(registry);
  }

  void ended(CallEnded event) {
    CallAttempt last = event.last();
    Throwable failure = event.failure();
    Timer timer = requests.get(ending(event.call(), last, failure));
    if (timer != null) {
      timer.record(event.tookNanos(), TimeUnit.NANOSECONDS);
    }
    if (failure == null && last != null && last.reason() == Reason.HEDGE) {
      hedgesWon.increment();
    }
  }

  private static Ending ending(Call call, @Nullable CallAttempt last, @Nullable Throwable failure) {
    if (failure == null) {
      boolean failed =
          last != null && (last.outcome().failed() || last.status() >= FIRST_SERVER_ERROR);
      return failed ? Ending.FAILURE : Ending.SUCCESS;
    }
    if (last == null && failure.getCause() instanceof NoServerAvailableException) {
      return Ending.NO_SERVER;
    }
    if (failure instanceof ThrottledException) {
      return Ending.THROTTLED;
    }
    boolean cancelled = call.isCanceled() && !(failure instanceof InterruptedIOException);
    return cancelled ? Ending.CANCELLED : Ending.FAILURE;
  }

  void retried(FailedAttempt attempt) {
    counter("evenload.retries", "Failed attempts that were repeated")
        .tag("reason", attempt.reason())
        .register(registry)
        .increment();
  }

  void notRetried(Refusal refusal) {
    counter("evenload.retries.refused", "Failed attempts that were not repeated")
        .tag("refusal", lower(refusal))
        .register(registry)
        .increment();
  }

  void hedged() {
    hedges.increment();
  }

  void notHedged(Refusal refusal) {
    counter("evenload.hedges.refused", "Slow attempts without a second one")
        .tag("refusal", lower(refusal))
        .register(registry)
        .increment();
  }

  void misrouted() {
    misrouted.increment();
  }

  private Counter.Builder counter(String name, String description) {
    return Counter.builder(name).description(description).tag("service", service);
  }

  private static String lower(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT);
  }
}
