import org.jspecify.annotations.NullMarked;

/**
 * The instances of a Consul service as a server list.
 *
 * <p>Start with {@link io.evenload.consul.ConsulServerList}.
 */
@NullMarked
module io.evenload.consul {
  requires com.fasterxml.jackson.core;
  requires transitive io.evenload.core;
  requires transitive okhttp3;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires org.slf4j;

  exports io.evenload.consul;

  provides io.evenload.discovery.ServerListProvider with
      io.evenload.consul.ConsulProvider;
}
