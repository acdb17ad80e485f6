package io.evenload.okhttp;

import java.io.IOException;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Tells, as a suppressed exception of the one that a call throws, which servers were tried. That
 * one stays as it is, for callers that know it by its class or its message.
 */
final class AttemptsException extends IOException {

  private static final long serialVersionUID = 1L;

  private static final int DEEPEST = 10;

  private final transient List<CallAttempt> attempts;

  AttemptsException(String host, List<CallAttempt> attempts) {
    super(
        attempts.stream()
            .map(CallAttempt::toString)
            .collect(Collectors.joining("; ", host + ": ", "")));
    this.attempts = attempts;
  }

  /**
   * Returns the handler whose exceptions tell of all attempts of the call.
   *
   * @param host the service's
   */
  static CallHandler addedTo(CallHandler handler, String host) {
    return (chain, request, balanced) -> {
      try {
        return handler.handle(chain, request, balanced);
      } catch (ServiceRedirect e) {
        throw e;
      } catch (IOException e) {
        balanced.explain(e, host);
        throw e;
      }
    };
  }

  /** Returns the attempts that the exception or one of its causes tells of; empty if none does. */
  static List<CallAttempt> of(Throwable failure) {
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < DEEPEST; depth++) {
      AttemptsException found = in(cause);
      if (found != null) {
        return found.attempts == null ? List.of() : found.attempts;
      }
      cause = cause.getCause();
    }
    return List.of();
  }

  private static @Nullable AttemptsException in(Throwable failure) {
    for (Throwable suppressed : failure.getSuppressed()) {
      if (suppressed instanceof AttemptsException attempts) {
        return attempts;
      }
    }
    return null;
  }

  /** The place in the code says nothing that the exception beside it does not say. */
  @Override
  public synchronized Throwable fillInStackTrace() {
    return this;
  }
}
