package io.evenload.servlet;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.evenload.okhttp.Deadline;
import jakarta.servlet.AsyncContext;
import jakarta.servlet.DispatcherType;
import jakarta.servlet.http.HttpServlet;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.Request;
import okhttp3.Response;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** A filter in a real container, in front of a servlet that tells its deadline. */
final class DeadlineFilterTest {

  private static final String HEADER = DeadlineFilter.DEFAULT_HEADER;

  private final OkHttpClient http = new OkHttpClient();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private final Logger logger = (Logger) LoggerFactory.getLogger(DeadlineFilter.class);
  private Container container;

  @BeforeEach
  void start() throws Exception {
    log.start();
    logger.addAppender(log);
    container = new Container(new DeadlineFilter(), new TellsDeadline());
  }

  @AfterEach
  void stop() throws Exception {
    logger.detachAppender(log);
    http.connectionPool().evictAll();
    container.close();
  }

  @Test
  void header_withMilliseconds_isTheDeadlineOfTheThread() throws IOException {
    assertThat(Duration.parse(get("60000")))
        .isBetween(Duration.ofSeconds(30), Duration.ofSeconds(60));
    assertThat(log.list).isEmpty();
  }

  @Test
  void header_absent_changesNothing() throws IOException {
    assertThat(get(null)).isEqualTo("none");
    assertThat(log.list).isEmpty();
  }

  @Test
  void request_isOver_threadHasNoDeadline() throws IOException {
    for (int i = 0; i < 20; i++) { // the container has two threads
      assertThat(get("60000")).isNotEqualTo("none");
      assertThat(get(null)).isEqualTo("none");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "1.5", "soon", "99999999999999999999", "", "1e3", "+5"})
  void header_isGarbage_isIgnored(String value) throws IOException {
    assertThat(get(value)).isEqualTo("none");
  }

  @Test
  void header_isGarbageAgainAndAgain_isLoggedOnceAndNotQuoted() throws IOException {
    get("soon");
    get("later");
    assertThat(log.list.stream().map(ILoggingEvent::getFormattedMessage))
        .containsExactly(
            HEADER
                + ": not a number of milliseconds above 0 in a request; such headers are ignored");
  }

  @Test
  void header_ofAYear_doesNotOverflow() throws IOException {
    assertThat(Duration.parse(get("999999999999999"))).isGreaterThan(Duration.ofDays(365));
  }

  @Test
  void dispatch_asynchronous_isUnderTheDeadlineOfTheBeginning() throws IOException {
    String twice = get("60000", "/async");
    List<Duration> left = List.of(twice.split(" ", -1)).stream().map(Duration::parse).toList();
    assertThat(left.get(1)).isLessThanOrEqualTo(left.get(0));
  }

  @Test
  void header_blankName_isRefused() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new DeadlineFilter(" "))
        .withMessage("header: ' ' (expected: a name)");
    assertThat(new DeadlineFilter("X-Left")).hasToString("DeadlineFilter{header=X-Left}");
    assertThat(new DeadlineFilter("X-Left").header()).isEqualTo("X-Left");
  }

  private String get(String header) throws IOException {
    return get(header, "/");
  }

  private String get(String header, String path) throws IOException {
    Request.Builder request = new Request.Builder().url(container.url(path));
    if (header != null) {
      request.header(HEADER, header);
    }
    try (Response response = http.newCall(request.build()).execute()) {
      return response.body().string();
    }
  }

  /** Answers with what is left, at {@code /async} that of both dispatches. */
  private static final class TellsDeadline extends HttpServlet {
    private static final long serialVersionUID = 1L;

    @Override
    protected void doGet(HttpServletRequest request, HttpServletResponse response)
        throws IOException {
      Deadline deadline = Deadline.current();
      String left = deadline == null ? "none" : deadline.left().toString();
      if (request.getRequestURI().equals("/async")
          && request.getDispatcherType() == DispatcherType.REQUEST) {
        request.setAttribute("first", left);
        AsyncContext async = request.startAsync();
        async.dispatch();
        return;
      }
      Object first = request.getAttribute("first");
      response.getWriter().write(first == null ? left : first + " " + left);
    }
  }
}
