import org.jspecify.annotations.NullMarked;

/**
 * The status of load balancers as JSON and as a live page.
 *
 * <p>Start with {@link io.evenload.status.StatusPage}.
 */
@NullMarked
module io.evenload.status {
  requires com.fasterxml.jackson.core;
  requires transitive io.evenload.core;
  requires transitive jdk.httpserver;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires org.slf4j;

  exports io.evenload.status;
}
