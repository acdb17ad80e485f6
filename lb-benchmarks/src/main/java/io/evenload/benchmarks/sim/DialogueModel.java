package io.evenload.benchmarks.sim;

import io.evenload.Outcome;
import java.util.concurrent.TimeUnit;

/**
 * Dialogue's {@code BALANCED}: of all hosts in random order the one with the least score, which is
 * what is in flight and ten for each recent failure (a tenth for one of the client); these fade
 * with a half-life of 30 s, in ten steps.
 */
final class DialogueModel extends PeerModel<DialogueModel.Score> {

  private static final long STEP_NANOS = TimeUnit.SECONDS.toNanos(30) / 10;
  private static final double KEPT = StrictMath.pow(0.5, 0.1);
  private static final double FAILURE_WEIGHT = 10;
  private static final double CLIENT_ERROR_WEIGHT = FAILURE_WEIGHT / 100;

  DialogueModel(Strategy.Setting setting, int[] servers) {
    super(setting);
    update(servers);
  }

  @Override
  Score node(int server) {
    return new Score(server, time.now());
  }

  @Override
  Score pick() {
    Score best = nodes.get(0);
    long least = Long.MAX_VALUE;
    int tied = 0;
    for (Score node : nodes) {
      long score = node.score(time.now());
      tied = score < least ? 1 : score == least ? tied + 1 : tied;
      if (score < least || (score == least && random.nextInt(tied) == 0)) {
        best = node;
        least = score;
      }
    }
    return best;
  }

  @Override
  void ended(Score node, Outcome outcome, long nanos) {
    if (outcome != Outcome.SUCCESS) {
      node.fade(time.now());
      node.failures += outcome.failed() ? FAILURE_WEIGHT : CLIENT_ERROR_WEIGHT;
    }
  }

  static final class Score extends PeerModel.Node {
    private double failures;
    private long faded;

    Score(int server, long now) {
      super(server);
      faded = now;
    }

    private void fade(long now) {
      long steps = (now - faded) / STEP_NANOS;
      if (steps > 0) {
        faded += steps * STEP_NANOS;
        failures *= StrictMath.pow(KEPT, (double) steps);
      }
    }

    private long score(long now) {
      fade(now);
      return pending + Math.round(failures);
    }
  }
}
