package io.evenload.dns;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.NSRecord;
import org.xbill.DNS.Name;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Resolver;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;

/**
 * The name servers that are asked, one after the other until one answers, beginning with the one
 * that answered last. Thread-safe.
 */
final class NameServers {

  private static final int MOST_ALIASES = 8;
  private static final Duration LATE = Duration.ofSeconds(1); // dnsjava looks once a second

  private final List<Resolver> resolvers;
  private final int tries;
  private volatile int first;

  /**
   * Makes the name servers.
   *
   * @param attempts how often each is asked
   */
  NameServers(List<Resolver> resolvers, int attempts) {
    this.resolvers = resolvers;
    this.tries = resolvers.size() * attempts;
  }

  /** How long an answer takes at most, time-outs and all; TCP after UDP doubles it. */
  Duration patience() {
    return resolvers.stream()
        .map(each -> each.getTimeout().plus(LATE))
        .reduce(Duration.ZERO, Duration::plus)
        .multipliedBy(2L * tries / resolvers.size());
  }

  /** Asks, and asks on where an answer ends with an alias. */
  CompletableFuture<Answer> ask(Question question) {
    return follow(question, Long.MAX_VALUE, 0);
  }

  private CompletableFuture<Answer> follow(Question question, long ttlSeconds, int aliases) {
    return send(question.query(), first, new ArrayList<>())
        .thenCompose(
            message -> {
              Answer answer = Answer.of(message, question);
              long ttl = Math.min(ttlSeconds, answer.ttlSeconds());
              Name alias = answer.alias();
              if (alias == null) {
                return CompletableFuture.completedFuture(answer.within(ttl));
              }
              return aliases < MOST_ALIASES
                  ? follow(new Question(alias, question.type()), ttl, aliases + 1)
                  : CompletableFuture.failedFuture(
                      new IOException(question + ": more than " + MOST_ALIASES + " aliases"));
            });
  }

  private CompletableFuture<Message> send(Message query, int begin, List<String> problems) {
    int at = (begin + problems.size()) % resolvers.size();
    Resolver resolver = resolvers.get(at);
    return sent(resolver, query)
        .thenApply(
            message -> {
              String problem = problem(message);
              if (problem != null) {
                throw new CompletionException(new NoAnswerException(problem));
              }
              first = at;
              return message;
            })
        .exceptionallyCompose(
            failure -> {
              problems.add(words(failure) + " from " + resolver);
              return problems.size() < tries
                  ? send(query, begin, problems)
                  : CompletableFuture.failedFuture(
                      new NoAnswerException(
                          query.getQuestion().getName() + ": " + String.join(", ", problems)));
            });
  }

  private static CompletableFuture<Message> sent(Resolver resolver, Message query) {
    try {
      return resolver.sendAsync(query, Runnable::run).toCompletableFuture();
    } catch (RuntimeException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  private static String words(Throwable failure) {
    Throwable cause =
        failure instanceof CompletionException && failure.getCause() != null
            ? failure.getCause()
            : failure;
    if (cause instanceof NoAnswerException) {
      return String.valueOf(cause.getMessage());
    }
    return cause instanceof SocketTimeoutException ? "time-out" : cause.toString();
  }

  /** Says why a message is no answer; null if it is one. */
  private static @Nullable String problem(Message message) {
    int code = message.getRcode();
    if (code != Rcode.NOERROR && code != Rcode.NXDOMAIN) {
      return Rcode.string(code);
    }
    if (message.getHeader().getFlag(Flags.TC)) {
      return "truncated";
    }
    return isReferral(message) ? "referral" : null;
  }

  /** Whether the server sends us on to others: it neither knows the name nor looks for us. */
  private static boolean isReferral(Message message) {
    boolean delegates = false;
    for (Record record : message.getSection(Section.AUTHORITY)) {
      if (record instanceof SOARecord) {
        return false;
      }
      delegates |= record instanceof NSRecord;
    }
    return delegates
        && message.getSection(Section.ANSWER).isEmpty()
        && !message.getHeader().getFlag(Flags.AA);
  }

  /** A name server said something else than an answer. */
  private static final class NoAnswerException extends IOException {
    private static final long serialVersionUID = 1;

    NoAnswerException(String message) {
      super(message);
    }
  }
}
