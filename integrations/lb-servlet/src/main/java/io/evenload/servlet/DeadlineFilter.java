package io.evenload.servlet;

import static java.util.Objects.requireNonNull;

import io.evenload.okhttp.Deadline;
import jakarta.servlet.Filter;
import jakarta.servlet.FilterChain;
import jakarta.servlet.ServletException;
import jakarta.servlet.ServletRequest;
import jakarta.servlet.ServletResponse;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes over how much time a request's sender still waits, for the calls that are made on its
 * behalf: they end by then, are not repeated later, and tell it to their servers in turn (see
 * {@link Deadline}). So no service of a chain works for a caller that has given up.
 *
 * <pre>{@code
 * context.addFilter("deadline", new DeadlineFilter()).addMappingForUrlPatterns(null, false, "/*");
 * }</pre>
 *
 * <p>A request tells it by a header, in milliseconds, as {@code ServiceOptions.timeoutHeader} has
 * it sent. It can only shorten what the calls' own timeouts allow, so whoever sends it has no more
 * say than by hanging up. A request without it is handled as if there were no filter. What is no
 * whole number above zero is ignored, and the log says once that there was such a thing, not what.
 *
 * <p>The deadline holds on the thread that handles the request; {@link Deadline#carried(Runnable)}
 * takes it to others. Where handling goes on by an asynchronous dispatch, it is still that of when
 * the request came. Thread-safe.
 */
public final class DeadlineFilter implements Filter {

  /** {@value}: the header that the documentation of Evenload has in its examples. */
  public static final String DEFAULT_HEADER = "X-Request-Timeout";

  private static final String ATTRIBUTE = DeadlineFilter.class.getName();

  private static final Logger logger = LoggerFactory.getLogger(DeadlineFilter.class);

  private static final int MOST_DIGITS = 15;

  private final String header;
  private final AtomicBoolean warned = new AtomicBoolean();

  /** A filter that reads the header {@value #DEFAULT_HEADER}. */
  public DeadlineFilter() {
    this(DEFAULT_HEADER);
  }

  /**
   * A filter that reads another header.
   *
   * @throws IllegalArgumentException if the name is blank
   */
  public DeadlineFilter(String header) {
    if (requireNonNull(header, "header").isBlank()) {
      throw new IllegalArgumentException("header: '" + header + "' (expected: a name)");
    }
    this.header = header;
  }

  /** The header that it reads. */
  public String header() {
    return header;
  }

  @Override
  @SuppressWarnings("try") // the scope is only to be closed
  public void doFilter(ServletRequest request, ServletResponse response, FilterChain chain)
      throws IOException, ServletException {
    Deadline deadline = request instanceof HttpServletRequest http ? deadline(http) : null;
    if (deadline == null) {
      chain.doFilter(request, response);
      return;
    }
    try (Deadline.Scope unused = deadline.begin()) {
      chain.doFilter(request, response);
    }
  }

  private @Nullable Deadline deadline(HttpServletRequest request) {
    if (request.getAttribute(ATTRIBUTE) instanceof Deadline known) {
      return known; // a later dispatch of the same request
    }
    String text = request.getHeader(header);
    if (text == null) {
      return null;
    }
    long millis = millis(text);
    if (millis == 0) {
      if (warned.compareAndSet(false, true)) {
        logger.warn(
            "{}: not a number of milliseconds above 0 in a request; such headers are ignored",
            header);
      }
      return null;
    }
    Deadline deadline = Deadline.in(Duration.ofMillis(millis));
    request.setAttribute(ATTRIBUTE, deadline);
    return deadline;
  }

  /** Returns the number; 0 if it is none, or too large to be meant. */
  private static long millis(String text) {
    boolean digits =
        !text.isEmpty()
            && text.length() <= MOST_DIGITS
            && text.chars().allMatch(c -> c >= '0' && c <= '9');
    return digits ? Long.parseLong(text) : 0;
  }

  /** The header. */
  @Override
  public String toString() {
    return "DeadlineFilter{header=" + header + "}";
  }
}
