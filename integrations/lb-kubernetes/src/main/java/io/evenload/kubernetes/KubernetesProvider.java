package io.evenload.kubernetes;

import io.evenload.ServerList;
import io.evenload.discovery.ServerListProvider;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The scheme {@code k8s:} of configurations, in the cluster that this process is a pod of: {@code
 * k8s:orders}, or {@code k8s:shop/orders:http} with a namespace and the name of a port.
 */
public final class KubernetesProvider implements ServerListProvider {

  private static final String NAME = "[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?";
  private static final Pattern FORM =
      Pattern.compile("(?:(" + NAME + ")/)?(" + NAME + ")(?::(" + NAME + "))?");

  /** For {@link java.util.ServiceLoader}. */
  public KubernetesProvider() {}

  @Override
  public String scheme() {
    return "k8s";
  }

  @Override
  public String form() {
    return "k8s:[<namespace>/]<service>[:<name of a port>], such as k8s:shop/orders:http";
  }

  @Override
  public ServerList list(String location) {
    Matcher form = FORM.matcher(location);
    if (!form.matches()) {
      throw new IllegalArgumentException(location + " (expected: " + form() + ")");
    }
    KubernetesServerList.Builder list = KubernetesServerList.builder(form.group(2));
    if (form.group(1) != null) {
      list.namespace(form.group(1));
    }
    if (form.group(3) != null) {
      list.port(form.group(3));
    }
    return new InThisCluster(location, list);
  }

  /** Looks for the cluster when it is needed: a configuration may be read where there is none. */
  private record InThisCluster(String location, KubernetesServerList.Builder list)
      implements ServerList {

    @Override
    public Subscription subscribe(Listener listener) {
      return list.build().subscribe(listener);
    }

    @Override
    public String toString() {
      return "KubernetesServerList " + location;
    }
  }
}
