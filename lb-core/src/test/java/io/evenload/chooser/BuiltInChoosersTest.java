package io.evenload.chooser;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.Chooser;
import io.evenload.testing.ChooserContract;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Every built-in chooser passes the contract that users can run on theirs. */
final class BuiltInChoosersTest {

  @Test
  void choosers_each_hasItsContractHere() {
    Set<String> recipes =
        Arrays.stream(Choosers.class.getDeclaredMethods())
            .filter(method -> Modifier.isPublic(method.getModifiers()))
            .map(Method::getName)
            .collect(Collectors.toSet());
    Set<String> tested =
        Arrays.stream(BuiltInChoosersTest.class.getDeclaredClasses())
            .map(Class::getSimpleName)
            .map(name -> name.substring(0, 1).toLowerCase(Locale.ROOT) + name.substring(1))
            .collect(Collectors.toSet());

    assertThat(tested).containsAll(recipes);
  }

  @Nested
  final class RoundRobin extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.roundRobin();
    }
  }

  @Nested
  final class Random extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.random();
    }
  }

  @Nested
  class LeastLoaded extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.leastLoaded();
    }

    @Override
    protected boolean loadAware() {
      return true;
    }
  }

  @Nested
  final class LeastLoadedByTheRoot extends LeastLoaded {
    @Override
    protected Chooser chooser() {
      return Choosers.leastLoaded(0.5);
    }
  }

  @Nested
  class PowerOfTwoChoices extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.powerOfTwoChoices();
    }

    @Override
    protected boolean loadAware() {
      return true;
    }
  }

  @Nested
  final class PowerOfTwoChoicesByTheSquare extends PowerOfTwoChoices {
    @Override
    protected Chooser chooser() {
      return Choosers.powerOfTwoChoices(2);
    }
  }

  @Nested
  final class PeakEwma extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.peakEwma();
    }

    @Override
    protected boolean loadAware() {
      return true;
    }
  }

  @Nested
  final class ShortestExpectedDelay extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.shortestExpectedDelay();
    }

    @Override
    protected boolean loadAware() {
      return true;
    }
  }

  @Nested
  final class Maglev extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.maglev();
    }

    @Override
    protected Keys keys() {
      return Keys.HASHED;
    }
  }

  @Nested
  final class BoundedLoad extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.boundedLoad();
    }

    @Override
    protected Keys keys() {
      return Keys.HASHED;
    }
  }

  @Nested
  final class Rendezvous extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.rendezvous();
    }

    @Override
    protected Keys keys() {
      return Keys.HASHED;
    }
  }

  @Nested
  class Sticky extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.sticky(Choosers.roundRobin());
    }

    @Override
    protected Keys keys() {
      return Keys.REMEMBERED;
    }
  }

  @Nested
  final class StickyByLoad extends Sticky {
    @Override
    protected Chooser chooser() {
      return Choosers.sticky(Choosers.peakEwma());
    }

    @Override
    protected boolean loadAware() {
      return true;
    }
  }

  @Nested
  final class FirstAvailable extends ChooserContract {
    @Override
    protected Chooser chooser() {
      return Choosers.firstAvailable();
    }

    @Override
    protected String ignoresWeights() {
      return "what comes first gets all";
    }
  }
}
