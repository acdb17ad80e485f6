import org.jspecify.annotations.NullMarked;

/**
 * The pods of a Kubernetes service as a server list.
 *
 * <p>Start with {@link io.evenload.kubernetes.KubernetesServerList}.
 */
@NullMarked
module io.evenload.kubernetes {
  requires com.fasterxml.jackson.core;
  requires transitive io.evenload.core;
  requires okhttp3;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires org.slf4j;

  exports io.evenload.kubernetes;

  provides io.evenload.discovery.ServerListProvider with
      io.evenload.kubernetes.KubernetesProvider;
}
