package io.evenload.kubernetes;

import static java.util.stream.Collectors.joining;

import io.evenload.Server;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The slices of one service that are known, and the servers that they make. Not thread-safe. */
final class Slices {

  /*
   * What a slice says is turned into servers once, when it comes; a change of one slice costs the others no more than a
   * merge. Pods that may be called are the list. One that terminates is left out, which is how a list says "draining": the
   * balancer sends it nothing new and lets run what runs. Only where no other is left are those listed that terminate and
   * still serve, as kube-proxy does it: during the last moments of a service they are better than nothing.
   */

  private static final Logger logger = LoggerFactory.getLogger(KubernetesServerList.class);
  private static final String IPV4 = "IPv4";
  private static final String IPV6 = "IPv6";

  private final String service;
  private final @Nullable String port; // null: the only one
  private final boolean preferIpv6;
  private final Map<String, Part> parts = new HashMap<>();
  private final Map<String, String> warned = new HashMap<>(); // the last of each slice

  Slices(String service, @Nullable String port, boolean preferIpv6) {
    this.service = service;
    this.port = port;
    this.preferIpv6 = preferIpv6;
  }

  /** What one slice brings, or why it brings nothing. */
  record Part(
      String addressType, List<Server> ready, List<Server> draining, @Nullable String problem) {

    boolean any() {
      return !ready.isEmpty() || !draining.isEmpty();
    }
  }

  /** Takes these slices in place of all that were known. */
  void replace(Collection<ApiObject> slices) {
    parts.clear();
    slices.forEach(this::put);
    warned.keySet().retainAll(parts.keySet());
  }

  /** Takes a slice that is new or changed. */
  void put(ApiObject slice) {
    Part part = part(slice);
    parts.put(slice.name, part);
    if (part.problem != null) {
      warn(slice, part.problem);
    }
  }

  private void warn(ApiObject slice, String problem) {
    if (!problem.equals(warned.put(slice.name, problem))) {
      String text = KubernetesCluster.shown("slice " + slice.name + ": " + problem, null);
      logger.warn("{}: {}", service, text);
    }
  }

  /** Forgets a slice that is gone. */
  void remove(ApiObject slice) {
    parts.remove(slice.name);
    warned.remove(slice.name);
  }

  boolean isEmpty() {
    return parts.isEmpty();
  }

  /** Returns what is known now, from which another thread may make servers. */
  Known known() {
    return new Known(service, preferIpv6, List.copyOf(parts.values()));
  }

  /** What all slices bring at one moment. */
  record Known(String service, boolean preferIpv6, List<Part> parts) {

    private static final Comparator<Server> ORDER =
        Comparator.comparing(Server::id).thenComparing(Server::host).thenComparing(Server::port);

    /**
     * Returns the servers in the order of their ids.
     *
     * @throws IOException if there are slices, but none can be used
     */
    List<Server> servers() throws IOException {
      throwIfNoneIsUsable();
      List<Part> usable = usable();
      List<Server> ready = sorted(usable, Part::ready);
      return ready.isEmpty() ? sorted(usable, Part::draining) : ready;
    }

    /** A pod may be in two slices while it is moved from one to the other. */
    private static List<Server> sorted(List<Part> parts, Function<Part, List<Server>> which) {
      List<Server> all = new ArrayList<>();
      parts.forEach(part -> all.addAll(which.apply(part)));
      all.sort(ORDER);
      List<Server> servers = new ArrayList<>(all.size());
      for (Server server : all) {
        Server last = servers.isEmpty() ? null : servers.get(servers.size() - 1);
        if (last == null || ORDER.compare(last, server) != 0) {
          servers.add(server);
        }
      }
      return List.copyOf(servers);
    }

    private void throwIfNoneIsUsable() throws IOException {
      boolean usable = parts.stream().anyMatch(part -> part.problem == null);
      if (!usable && !parts.isEmpty()) {
        throw new IOException(
            service
                + ": no slice can be used ("
                + parts.stream()
                    .map(part -> String.valueOf(part.problem))
                    .distinct()
                    .sorted()
                    .collect(joining("; "))
                + ")");
      }
    }

    /** Of a service with addresses of both kinds each pod is listed once. */
    private List<Part> usable() {
      List<Part> preferred = of(preferIpv6 ? IPV6 : IPV4);
      return preferred.stream().anyMatch(Part::any) ? preferred : of(preferIpv6 ? IPV4 : IPV6);
    }

    private List<Part> of(String addressType) {
      return parts.stream().filter(part -> part.addressType.equals(addressType)).toList();
    }
  }

  private Part part(ApiObject slice) {
    if (!slice.addressType.equals(IPV4) && !slice.addressType.equals(IPV6)) {
      return unusable(
          slice, "addressType: " + slice.addressType + " (expected: " + IPV4 + " or " + IPV6 + ")");
    }
    List<ApiObject.Port> ports =
        slice.ports.stream().filter(known -> known.number > 0 && isTcp(known)).toList();
    List<ApiObject.Port> chosen =
        ports.stream().filter(known -> port == null || known.name.equals(port)).toList();
    if (slice.members.isEmpty()) {
      return new Part(slice.addressType, List.of(), List.of(), null);
    }
    if (chosen.size() != 1) {
      return unusable(slice, portProblem(ports));
    }
    return part(slice, chosen.get(0).number);
  }

  private static boolean isTcp(ApiObject.Port port) {
    return port.protocol.isEmpty() || port.protocol.equals("TCP");
  }

  private String portProblem(List<ApiObject.Port> ports) {
    String names =
        ports.stream()
            .map(known -> known.name.isEmpty() ? "without a name" : known.name)
            .collect(joining(", "));
    return "port: "
        + (port == null ? "not given" : port)
        + " (expected: "
        + (names.isEmpty() ? "any port of the service, which has no TCP port" : "one of " + names)
        + ")";
  }

  private static Part unusable(ApiObject slice, String problem) {
    return new Part(slice.addressType, List.of(), List.of(), problem);
  }

  private Part part(ApiObject slice, int number) {
    List<Server> ready = new ArrayList<>();
    List<Server> draining = new ArrayList<>();
    List<String> bad = new ArrayList<>();
    for (ApiObject.Member member : slice.members) {
      boolean isReady = !Boolean.FALSE.equals(member.ready);
      boolean serves = member.serving == null ? isReady : member.serving;
      if (member.terminating ? !serves : !isReady) {
        continue;
      }
      try {
        (member.terminating ? draining : ready).add(server(member, number));
      } catch (IllegalArgumentException e) {
        bad.add(e.getMessage());
      }
    }
    if (!bad.isEmpty()) {
      warn(slice, "endpoints skipped: " + String.join("; ", bad));
    }
    return new Part(slice.addressType, ready, draining, null);
  }

  private static Server server(ApiObject.Member member, int number) {
    String zone = member.zone == null || member.zone.isBlank() ? null : member.zone;
    Server.Builder server = Server.builder(member.address, number).zone(zone);
    if (member.pod != null) {
      server.id(member.pod).metadata("pod", member.pod);
    }
    if (member.node != null) {
      server.metadata("node", member.node);
    }
    return server.build();
  }
}
