package io.evenload.testing.okhttp;

import io.evenload.Outcome;
import io.evenload.okhttp.CallAttempt;
import io.evenload.okhttp.CallAttempt.Reason;
import io.evenload.okhttp.LoadBalancingInterceptor;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Stream;
import okhttp3.Response;
import org.assertj.core.api.AbstractListAssert;

/**
 * Assertions on the attempts of a call, in the order of their starts: which server each went to,
 * why it was made, and what came of it. Those on lists are there too, such as {@code hasSize}, and
 * {@code first()} or {@code element(1)} lead to those on {@linkplain AttemptAssert one attempt}.
 *
 * <pre>{@code
 * assertThatAttemptsOf(response).wentTo("a", "b").hadReasons(FIRST, RETRY).hadStatuses(503, 200);
 * }</pre>
 */
public final class AttemptsAssert
    extends AbstractListAssert<AttemptsAssert, List<CallAttempt>, CallAttempt, AttemptAssert> {

  private AttemptsAssert(List<CallAttempt> attempts) {
    super(attempts, AttemptsAssert.class);
  }

  /** Begins assertions on the attempts of a call that was answered; none if it is not balanced. */
  public static AttemptsAssert assertThatAttemptsOf(Response response) {
    return new AttemptsAssert(LoadBalancingInterceptor.attemptsOf(response));
  }

  /** Begins assertions on the attempts of a call that failed with this exception. */
  public static AttemptsAssert assertThatAttemptsOf(IOException failure) {
    return new AttemptsAssert(LoadBalancingInterceptor.attemptsOf(failure));
  }

  /** Verifies to which servers the attempts went, one after the other. */
  public AttemptsAssert wentTo(Backend... backends) {
    return wentTo(Stream.of(backends).map(Backend::id).toArray(String[]::new));
  }

  /**
   * Verifies to which servers the attempts went, one after the other, by their {@linkplain
   * io.evenload.Server#id() ids}.
   */
  public AttemptsAssert wentTo(String... serverIds) {
    return verify("servers", List.of(serverIds), attempt -> attempt.server().id());
  }

  /** Verifies why the attempts were made. */
  public AttemptsAssert hadReasons(Reason... reasons) {
    return verify("reasons", List.of(reasons), CallAttempt::reason);
  }

  /** Verifies what the attempts said of their servers. */
  public AttemptsAssert hadOutcomes(Outcome... outcomes) {
    return verify("outcomes", List.of(outcomes), CallAttempt::outcome);
  }

  /** Verifies the statuses of the responses; 0 stands for none. */
  public AttemptsAssert hadStatuses(Integer... statuses) {
    return verify("statuses", List.of(statuses), CallAttempt::status);
  }

  private <T> AttemptsAssert verify(
      String what, List<T> expected, Function<CallAttempt, T> property) {
    List<T> found = actual.stream().map(property).toList();
    if (!found.equals(expected)) {
      throw failureWithActualExpected(
          found,
          expected,
          "%nExpected %s: %s%n but were: %s%nof: %s",
          what,
          expected,
          found,
          actual);
    }
    return this;
  }

  @Override
  protected AttemptAssert toAssert(CallAttempt value, String description) {
    return new AttemptAssert(value).as(description);
  }

  @Override
  protected AttemptsAssert newAbstractIterableAssert(Iterable<? extends CallAttempt> iterable) {
    List<CallAttempt> attempts = new ArrayList<>();
    iterable.forEach(attempts::add);
    return new AttemptsAssert(attempts);
  }
}
