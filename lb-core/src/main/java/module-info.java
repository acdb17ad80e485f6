import org.jspecify.annotations.NullMarked;

/**
 * Client-side load balancing: server lists, endpoints, choosers, and the engine that joins them.
 *
 * <p>Start with {@link io.evenload.LoadBalancer}.
 */
@NullMarked
module io.evenload.core {
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires org.slf4j;

  exports io.evenload;
  exports io.evenload.chooser;
  exports io.evenload.discovery;
  exports io.evenload.health;
  exports io.evenload.limit;
}
