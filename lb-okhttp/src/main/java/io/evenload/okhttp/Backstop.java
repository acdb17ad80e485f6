package io.evenload.okhttp;

/** What is left when something breaks in a way that nobody expects is ended and closed. */
final class Backstop {

  private Backstop() {}

  /** Returns the handler with the backstop behind it. */
  static CallHandler behind(CallHandler handler) {
    return (chain, request, balanced) -> {
      try {
        return handler.handle(chain, request, balanced);
      } catch (Throwable e) { // OkHttp also throws what it does not declare
        AttemptRecord decided = balanced.deciding();
        if (decided != null) {
          decided.abandon();
        }
        throw e;
      }
    };
  }
}
