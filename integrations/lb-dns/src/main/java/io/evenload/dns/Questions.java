package io.evenload.dns;

import static java.util.stream.Collectors.toSet;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.SocketTimeoutException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Name;

/**
 * The questions of one list, with what was answered to them in its last look. For one thread at a
 * time.
 */
final class Questions {

  /*
   * A list of SRV records has as many questions as targets, hence three rules. What holds still is not asked again. What
   * cannot be answered keeps its last answer, so that one broken name does not keep all others from the list. And at most
   * 64 wait for an answer at a time; if not one of those has any, the rest is not asked, as each would cost its time-out.
   */

  static final int MOST_AT_ONCE = 64;
  static final long RETRY_NANOS = TimeUnit.SECONDS.toNanos(5);

  private NameServers servers;
  private final DnsLookup.Builder options;
  private final Map<Question, IOException> failures = new LinkedHashMap<>();
  private Map<Question, Known> last = Map.of(); // of the last look that succeeded
  private Map<Question, Known> current = new HashMap<>();

  Questions(NameServers servers, DnsLookup.Builder options) {
    this.servers = servers;
    this.options = options;
  }

  /** Asks these from now on. */
  void servers(NameServers others) {
    servers = others;
  }

  /** Begins another look. */
  void begin() {
    current = new HashMap<>();
    failures.clear();
  }

  /** Ends a look that succeeded; returns for how many nanoseconds all that it found holds. */
  long end() {
    last = current;
    long now = options.now();
    long rest = options.maxInterval().toNanos();
    for (Known known : current.values()) {
      rest = Math.min(rest, known.untilNanos - now);
    }
    rest = failures.isEmpty() ? rest : Math.min(rest, RETRY_NANOS);
    return Math.max(rest, options.minInterval().toNanos());
  }

  /** What this look needed and was not answered, be it in this one or shortly before, and why. */
  Map<Question, IOException> failures() {
    return failures;
  }

  /** The names of those. */
  Set<Name> failedNames() {
    return failures.keySet().stream().map(Question::name).collect(toSet());
  }

  /** Takes an answer that came along with another one. */
  void told(Question question, Answer answer) {
    remember(question, answer);
  }

  /**
   * Asks, whether the last answer holds or not.
   *
   * @throws IOException if there is no answer
   */
  Answer ask(Question question) throws IOException {
    Answer answer = await(question, servers.ask(question));
    remember(question, answer);
    return answer;
  }

  /**
   * Asks all of these, whether their last answers hold or not; returns the answers, and the last
   * ones of those that {@linkplain #failures failed}.
   *
   * @throws InterruptedIOException if the thread was interrupted
   */
  Map<Question, Answer> askAll(Collection<Question> questions) throws InterruptedIOException {
    Map<Question, Answer> answers = new LinkedHashMap<>();
    Queue<Question> rest = new ArrayDeque<>(questions);
    boolean hopeless = false;
    while (!rest.isEmpty() && !hopeless) {
      Map<Question, CompletableFuture<Answer>> asked = new LinkedHashMap<>();
      while (!rest.isEmpty() && asked.size() < MOST_AT_ONCE) {
        Question question = rest.remove();
        asked.put(question, servers.ask(question));
      }
      hopeless = true;
      for (Map.Entry<Question, CompletableFuture<Answer>> each : asked.entrySet()) {
        hopeless &= !take(each.getKey(), each.getValue(), answers);
      }
    }
    rest.forEach(question -> failed(question, new IOException(question + ": not asked"), answers));
    return answers;
  }

  /** Returns the answers to those whose last ones do not hold any more, and the others' last. */
  Map<Question, Answer> askDue(Collection<Question> questions) throws InterruptedIOException {
    long now = options.now();
    Map<Question, Answer> answers = new LinkedHashMap<>();
    Queue<Question> due = new ArrayDeque<>();
    for (Question question : questions) {
      Known known = last.get(question);
      if (known != null && known.untilNanos - now > 0) {
        current.put(question, known);
        answers.put(question, known.answer);
        if (known.failure != null) {
          failures.put(question, known.failure);
        }
      } else {
        due.add(question);
      }
    }
    answers.putAll(askAll(due));
    return answers;
  }

  private boolean take(
      Question question, CompletableFuture<Answer> asked, Map<Question, Answer> answers)
      throws InterruptedIOException {
    try {
      Answer answer = await(question, asked);
      remember(question, answer);
      answers.put(question, answer);
      return true;
    } catch (InterruptedIOException e) {
      if (Thread.currentThread().isInterrupted()) {
        throw e;
      }
      failed(question, e, answers);
      return false;
    } catch (IOException e) {
      failed(question, e, answers);
      return false;
    }
  }

  private void remember(Question question, Answer answer) {
    long ttl = TimeUnit.SECONDS.toNanos(answer.ttlSeconds());
    long most = Math.min(ttl, options.maxInterval().toNanos());
    long nanos = Math.max(most, options.minInterval().toNanos());
    current.put(question, new Known(answer, options.now() + nanos, null));
  }

  private void failed(Question question, IOException cause, Map<Question, Answer> answers) {
    failures.put(question, cause);
    Known known = last.get(question);
    if (known != null) {
      current.put(question, new Known(known.answer, options.now() + RETRY_NANOS, cause));
      answers.put(question, known.answer);
    }
  }

  private Answer await(Question question, CompletableFuture<Answer> asked) throws IOException {
    try {
      return asked.get(servers.patience().toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException(question + ": interrupted");
    } catch (TimeoutException e) {
      throw new SocketTimeoutException(question + ": time-out");
    } catch (ExecutionException e) {
      Throwable cause = e.getCause();
      throw cause instanceof IOException told
          ? told
          : new IOException(question + ": " + cause, cause);
    }
  }

  /**
   * An answer, and until when it holds.
   *
   * @param failure why there is no newer one, if it should be by now
   */
  private record Known(Answer answer, long untilNanos, @Nullable IOException failure) {}
}
