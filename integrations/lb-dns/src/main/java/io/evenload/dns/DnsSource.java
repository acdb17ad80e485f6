package io.evenload.dns;

import static java.util.stream.Collectors.joining;

import io.evenload.Server;
import io.evenload.discovery.PollingServerList;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.xbill.DNS.Name;
import org.xbill.DNS.ResolverConfig;

/** What one subscription to a {@link DnsLookup} looks with; for one thread at a time. */
final class DnsSource implements PollingServerList.Source {

  private static final Logger logger = LoggerFactory.getLogger(DnsLookup.class);
  private static final int MOST_NAMED = 10;

  private final DnsLookup.Builder options;
  private final Look look;
  private final Questions questions;
  private List<Name> names;
  private Set<Question> told = Set.of();

  /** Reads the system's configuration, hence not on the subscriber's thread. */
  DnsSource(DnsLookup.Builder options) {
    ResolverConfig system = ResolverConfig.getCurrentConfig();
    this.options = options;
    this.look = options.look();
    this.questions = new Questions(options.servers(system), options);
    this.names = options.names(system);
  }

  @Override
  public PollingServerList.Answer look() throws IOException {
    questions.begin();
    List<Server> servers;
    try {
      servers = look.find(names, questions);
    } catch (IOException e) {
      if (options.asksSystem()) {
        configure(new ResolverConfig());
      }
      throw e;
    }
    tell(questions.failures());
    return PollingServerList.Answer.of(servers, Duration.ofNanos(questions.end()));
  }

  private void configure(ResolverConfig system) {
    questions.servers(options.servers(system));
    names = options.names(system);
  }

  /** Warns of what was not answered, if that is not what it was last time. */
  private void tell(Map<Question, IOException> failures) {
    Set<Question> failed = Set.copyOf(failures.keySet());
    if (!failed.isEmpty() && !failed.equals(told)) {
      logger.warn(
          "{}: {} not answered; what was known of them stays for {} s at least: {}",
          options,
          failed.size() == 1 ? "a question was" : failed.size() + " questions were",
          TimeUnit.NANOSECONDS.toSeconds(Questions.RETRY_NANOS),
          failures.values().stream()
              .limit(MOST_NAMED)
              .map(Throwable::getMessage)
              .collect(joining("; ")));
    }
    told = failed;
  }
}
