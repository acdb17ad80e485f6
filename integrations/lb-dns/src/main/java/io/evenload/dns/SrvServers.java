package io.evenload.dns;

import io.evenload.Server;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.xbill.DNS.Name;
import org.xbill.DNS.Record;
import org.xbill.DNS.SRVRecord;

/** Makes servers of SRV records and the addresses of their targets. */
final class SrvServers {

  /*
   * RFC 2782: the lower priority is called first; within one, each target gets a share of its weight; 0 among others is
   * "a very small chance", and says nothing if all have it. To the engine 0 is "never", so where a 0 stands among others,
   * all weights are twelve times what the records say, and the 0 is 1: a twelfth of the smallest that a record can have.
   * So it is, too, where a target has several addresses, which share its weight: twelve can be divided by 1 to 4 and 6.
   * Else weights are the records' own.
   */

  static final int SCALE = 12; // 12 * 65,535 is less than Server.MAX_WEIGHT
  static final String TARGET = "target";

  private final Map<Name, List<Record>> addresses;
  private final Set<Integer> weighted =
      new HashSet<>(); // the priorities at which a weight is not 0
  private final int scale;

  private SrvServers(List<SRVRecord> records, Map<Name, List<Record>> addresses) {
    this.addresses = addresses;
    for (SRVRecord record : records) {
      if (record.getWeight() > 0) {
        weighted.add(record.getPriority());
      }
    }
    this.scale = records.stream().anyMatch(this::needsScale) ? SCALE : 1;
  }

  private boolean needsScale(SRVRecord record) {
    return addresses.getOrDefault(record.getTarget(), List.of()).size() > 1
        || (record.getWeight() == 0 && weighted.contains(record.getPriority()));
  }

  /**
   * Returns the servers, each once: if several records lead to one, it has the lowest of their
   * priorities and what they have of weight there.
   */
  static List<Server> of(List<SRVRecord> records, Map<Name, List<Record>> addresses) {
    SrvServers servers = new SrvServers(records, addresses);
    Map<String, Server> byId = new TreeMap<>();
    for (SRVRecord record : records) {
      for (Server server : servers.of(record)) {
        byId.merge(server.id(), server, SrvServers::both);
      }
    }
    return new ArrayList<>(byId.values());
  }

  private List<Server> of(SRVRecord record) {
    List<Record> targets = addresses.getOrDefault(record.getTarget(), List.of());
    List<Server> servers = new ArrayList<>();
    for (Record address : targets) {
      servers.add(
          Server.builder(AddressLook.address(address), record.getPort())
              .weight(weight(record, targets.size()))
              .priority(record.getPriority())
              .metadata(TARGET, record.getTarget().toString(true))
              .build());
    }
    return servers;
  }

  /** The weight of one of so many addresses. */
  private int weight(SRVRecord record, int count) {
    int weight = weighted.contains(record.getPriority()) ? record.getWeight() : 1;
    return Math.max(1, Math.round((float) weight * scale / count));
  }

  private static Server both(Server one, Server other) {
    if (one.priority() != other.priority()) {
      return one.priority() < other.priority() ? one : other;
    }
    return Server.builder(one.host(), one.port())
        .weight(Math.min(one.weight() + other.weight(), Server.MAX_WEIGHT))
        .priority(one.priority())
        .metadata(one.metadata())
        .build();
  }
}
