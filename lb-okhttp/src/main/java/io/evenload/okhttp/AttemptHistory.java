package io.evenload.okhttp;

import java.util.List;

/** What the tag of a request tells of the call that it was sent by. */
interface AttemptHistory {

  /** The attempts so far, in whatever passage through the interceptor; each may still go on. */
  List<CallAttempt> attempts();
}
