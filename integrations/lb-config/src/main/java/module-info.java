import org.jspecify.annotations.NullMarked;

/**
 * Builds and changes load balancers and interceptors from properties.
 *
 * <p>Start with {@link io.evenload.config.EvenloadConfig}.
 */
@NullMarked
module io.evenload.config {
  requires transitive io.evenload.core;
  requires transitive io.evenload.okhttp;
  requires static org.jspecify;

  exports io.evenload.config;

  uses io.evenload.discovery.ServerListProvider;
}
