package io.evenload;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Where this JVM lays the counters of an endpoint, which every attempt writes. */
final class EndpointLayoutTest {

  /** Two cache lines: the prefetcher of the adjacent line fetches pairs. */
  private static final long APART = 128;

  @Test
  void counters_areApartFromOtherObjectsAndFromWhatIsOnlyRead() throws Exception {
    List<Field> counters = new ArrayList<>();
    List<Field> others = new ArrayList<>();
    List<Field> padding = new ArrayList<>();
    for (Class<?> type = LiveEndpoint.class; type != Object.class; type = type.getSuperclass()) {
      for (Field field : type.getDeclaredFields()) {
        if (!Modifier.isStatic(field.getModifiers()) && !field.isSynthetic()) {
          boolean pads = field.getType() == byte.class;
          (pads ? padding : type == EndpointLoad.class ? counters : others).add(field);
        }
      }
    }
    assertThat(counters)
        .extracting(Field::getName)
        .containsExactlyInAnyOrder(
            "latency",
            "slots",
            "tally",
            "silence",
            "outcomes",
            "failureRate",
            "failedSinceSuccess",
            "heard");
    long begin = counters.stream().mapToLong(EndpointLayoutTest::offset).min().orElseThrow();
    long end = counters.stream().mapToLong(EndpointLayoutTest::end).max().orElseThrow();
    long lastPad = padding.stream().mapToLong(EndpointLayoutTest::end).max().orElseThrow();

    assertThat(end - begin).as("the counters lie together").isLessThanOrEqualTo(64);
    assertThat(begin).as("after the end of the object before").isGreaterThanOrEqualTo(APART);
    assertThat(lastPad).as("before the next object").isGreaterThanOrEqualTo(end + APART);
    assertThat(others).isNotEmpty();
    for (Field other : others) {
      assertThat(end(other) <= begin - APART || offset(other) >= end + APART)
          .as("%s at %d, the counters at %d to %d", other.getName(), offset(other), begin, end)
          .isTrue();
    }
  }

  private static long end(Field field) {
    Class<?> type = field.getType();
    boolean word = type == float.class || type == int.class || !type.isPrimitive();
    int size = type == byte.class ? 1 : word ? 4 : 8;
    return offset(field) + size;
  }

  /** By reflection, as no class of the JDK that one may compile against tells it. */
  private static long offset(Field field) {
    try {
      Class<?> type = Class.forName("sun.misc.Unsafe");
      Field instance = type.getDeclaredField("theUnsafe");
      instance.setAccessible(true);
      Method offset = type.getMethod("objectFieldOffset", Field.class);
      return (long) offset.invoke(instance.get(null), field);
    } catch (ReflectiveOperationException e) {
      throw new LinkageError("sun.misc.Unsafe", e);
    }
  }
}
