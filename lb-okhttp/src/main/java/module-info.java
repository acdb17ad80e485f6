import org.jspecify.annotations.NullMarked;

/**
 * Balances the calls of an OkHttp client over the servers of a {@link io.evenload.LoadBalancer},
 * retries them elsewhere, and stops calling servers that fail.
 *
 * <p>Start with {@link io.evenload.okhttp.LoadBalancingInterceptor}.
 */
@NullMarked
module io.evenload.okhttp {
  requires transitive io.evenload.core;
  requires transitive io.github.resilience4j.circuitbreaker;
  requires transitive okhttp3;
  requires io.github.resilience4j.core;
  requires static org.jspecify;
  requires org.slf4j;

  exports io.evenload.okhttp;
}
