package io.evenload.discovery;

import io.evenload.Server;
import io.evenload.discovery.PollingServerList.Answer;
import java.net.UnknownHostException;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Asks for the addresses of a name, and remembers for how long it has been unknown. */
final class DnsSource implements PollingServerList.Source {

  static final Logger LOGGER = LoggerFactory.getLogger(DnsServerList.class);

  private final DnsServerList.Builder options;
  private boolean empty; // whether the last answer was
  private boolean unknown;
  private long unknownSinceNanos;

  DnsSource(DnsServerList.Builder options) {
    this.options = options;
  }

  @Override
  public Answer look() throws UnknownHostException {
    List<Server> servers;
    try {
      servers = options.resolve();
    } catch (UnknownHostException e) {
      boolean forLong = unknownForLong();
      if (forLong && !empty) {
        empty = true;
        LOGGER.warn("{}: unknown for {}; the list is empty now", options, options.unknownGrace());
        return Answer.of(List.of());
      }
      throw e;
    } catch (Throwable e) {
      unknown = false;
      throw e;
    }
    unknown = false;
    empty = servers.isEmpty();
    return Answer.of(servers);
  }

  private boolean unknownForLong() {
    long now = options.now();
    if (!unknown) {
      unknown = true;
      unknownSinceNanos = now;
    }
    return now - unknownSinceNanos >= options.unknownGrace().toNanos();
  }
}
