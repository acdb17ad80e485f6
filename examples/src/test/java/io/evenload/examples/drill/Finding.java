package io.evenload.examples.drill;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an incident came to for one client: of the calls that had not ended when it began.
 *
 * @param failedGets those without an answer of status 200
 * @param twice POSTs that came to two servers, or twice to one
 * @param lost POSTs without an answer of status 200 or 500, by their fate
 * @param lostElsewhere those of them that were not lost at the server of the incident
 * @param errors answers of status 500 that users saw
 * @param errorsBeforeOut those of them whose calls began before the server was out, since its last
 *     good answer, but for those at work when the {@value #ENOUGH_ERRORS}th was seen
 * @param failedAfterwards calls that began when all was well again, and failed
 * @param wasted attempts that failed, whether or not their calls did
 * @param slowestGet the seconds that a user waited for a good answer
 * @param secondsUntilOut from when a server was broken until one was not chosen any more; null if
 *     it never came to that
 * @param secondsUntilBack from when it was well again until its first good answer; null if there
 *     was none
 */
record Finding(
    String client,
    int gets,
    List<DrillCall> failedGets,
    int posts,
    List<String> twice,
    Map<Fate, List<DrillCall>> lost,
    List<DrillCall> lostElsewhere,
    int errors,
    int errorsBeforeOut,
    int failedAfterwards,
    int wasted,
    double slowestGet,
    @Nullable Double secondsUntilOut,
    @Nullable Double secondsUntilBack) {

  /** After so many failures in a row a server is ejected. */
  static final int ENOUGH_ERRORS = 5;

  /** What became of a POST whose user was told of no success. */
  enum Fate {
    EXECUTED("executed, only its answer was lost"),
    BEGUN("begun when the server died"),
    SENT("sent, and no trace of it"),
    NEVER_SENT("never sent");

    private final String words;

    Fate(String words) {
      this.words = words;
    }

    @Override
    public String toString() {
      return words;
    }
  }

  int lostInAll() {
    return lost.values().stream().mapToInt(List::size).sum();
  }
}
