package io.evenload.okhttp;

import java.time.Duration;
import java.util.function.Consumer;

/** The same redirects where each attempt has a call of its own, and a hedge might join it. */
final class RedirectOfNestedCallsTest extends RedirectTest {

  @Override
  Consumer<LoadBalancingInterceptor.Builder> attempts() {
    return balancing ->
        balancing.retry(
            Policies.immediate(3)
                .attemptTimeout(Duration.ofMinutes(1))
                .hedge(HedgePolicy.after(Duration.ofMinutes(1)))
                .build());
  }
}
