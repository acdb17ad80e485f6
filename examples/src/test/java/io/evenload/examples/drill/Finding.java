package io.evenload.examples.drill;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What an incident came to for one client.
 *
 * @param twice POSTs that any two servers, or one twice, got as a whole
 * @param lost POSTs without an answer, or with one that is neither 200 nor 500, by their fate
 * @param lostElsewhere those of them that were not lost at the server of the incident
 * @param errors answers with status 500 that users saw
 * @param failedAfterwards calls that began when all was well again, and failed
 * @param wasted attempts that failed, whether or not their calls did
 * @param secondsUntilOut from when it was broken until it was not chosen any more; null if never
 * @param secondsUntilBack from when it was well again until it was chosen again; null if it was
 *     never out, or never came back
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
    int failedAfterwards,
    int wasted,
    @Nullable Double secondsUntilOut,
    @Nullable Double secondsUntilBack) {

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
