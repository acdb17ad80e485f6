package io.evenload.config;

import io.evenload.Chooser;
import io.evenload.LoadBalancer;
import io.evenload.chooser.Choosers;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which chooser, and what it takes. */
final class ChooserPart {

  private static final Key<String> CHOOSER =
      new Key<>(
          "chooser",
          Form.oneOf(
              "power-of-two-choices",
              "peak-ewma",
              "shortest-expected-delay",
              "least-loaded",
              "round-robin",
              "random",
              "maglev",
              "rendezvous",
              "bounded-load",
              "first-available"),
          "power-of-two-choices",
          "LoadBalancer.Builder.chooser");
  private static final Key<Duration> DECAY_TIME =
      key("decay-time", Form.DURATION, Form.text(Choosers.DEFAULT_DECAY_TIME), "peakEwma");
  private static final Key<Double> FACTOR =
      key("factor", Form.NUMBER, "" + Choosers.DEFAULT_BALANCE_FACTOR, "boundedLoad");
  private static final Key<Integer> TABLE_SIZE =
      key("table-size", Form.INTEGER, "" + Choosers.DEFAULT_TABLE_SIZE, "maglev");
  private static final Key<Boolean> STICKY = key("sticky", Form.FLAG, "false", "sticky");
  private static final Key<Integer> CAPACITY =
      key("capacity", Form.INTEGER, "" + Choosers.DEFAULT_STICKY_CAPACITY, "sticky");

  static final Part<LoadBalancer.Builder> PART =
      Part.of(
          List.of(CHOOSER, DECAY_TIME, FACTOR, TABLE_SIZE, STICKY, CAPACITY),
          ChooserPart::read,
          LoadBalancer.Builder::chooser,
          ChooserPart::reset,
          ChooserPart::reset);

  private ChooserPart() {}

  private static <V> Key<V> key(String name, Form<V> form, String usual, String methods) {
    return new Key<>("chooser." + name, form, usual, "Choosers." + methods);
  }

  private static void reset(LoadBalancer.Builder builder) {
    builder.chooser(Choosers.powerOfTwoChoices());
  }

  private static Chooser read(Values values) {
    Chooser first = first(values);
    int capacity = values.get(CAPACITY, Choosers.DEFAULT_STICKY_CAPACITY);
    Chooser sticky = Choosers.sticky(first, capacity);
    return values.get(STICKY, false) ? sticky : first;
  }

  private static Chooser first(Values values) {
    Duration decayTime =
        or(values.get(DECAY_TIME, CHOOSER, List.of("peak-ewma")), Choosers.DEFAULT_DECAY_TIME);
    double factor =
        or(values.get(FACTOR, CHOOSER, List.of("bounded-load")), Choosers.DEFAULT_BALANCE_FACTOR);
    int tableSize =
        or(values.get(TABLE_SIZE, CHOOSER, List.of("maglev")), Choosers.DEFAULT_TABLE_SIZE);
    return switch (values.get(CHOOSER, CHOOSER.usual())) {
      case "peak-ewma" -> Choosers.peakEwma(decayTime);
      case "shortest-expected-delay" -> Choosers.shortestExpectedDelay();
      case "least-loaded" -> Choosers.leastLoaded();
      case "round-robin" -> Choosers.roundRobin();
      case "random" -> Choosers.random();
      case "maglev" -> Choosers.maglev(tableSize);
      case "rendezvous" -> Choosers.rendezvous();
      case "bounded-load" -> Choosers.boundedLoad(factor);
      case "first-available" -> Choosers.firstAvailable();
      default -> Choosers.powerOfTwoChoices();
    };
  }

  private static <V> V or(@Nullable V value, V otherwise) {
    return value == null ? otherwise : value;
  }
}
