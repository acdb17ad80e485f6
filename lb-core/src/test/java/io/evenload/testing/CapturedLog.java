package io.evenload.testing;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;

/**
 * What the logger of a class writes, here only, while this is open: warnings, or down to a level.
 */
public final class CapturedLog implements AutoCloseable {

  private final List<ILoggingEvent> events = new CopyOnWriteArrayList<>();
  private final Logger logger;
  private final @Nullable Level former; // null: that of the logger above
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          events.add(event);
        }
      };

  public CapturedLog(Class<?> type) {
    this(type, Level.WARN);
  }

  public CapturedLog(Class<?> type, Level level) {
    logger = (Logger) LoggerFactory.getLogger(type);
    former = logger.getLevel();
    logger.setLevel(level);
    appender.setContext(logger.getLoggerContext());
    appender.start();
    logger.addAppender(appender);
    logger.setAdditive(false);
  }

  public List<String> messages() {
    return events.stream().map(ILoggingEvent::getFormattedMessage).toList();
  }

  /** Returns the messages since this was last asked, and forgets them. */
  public List<String> take() {
    List<String> messages = messages();
    events.clear();
    return messages;
  }

  public List<ILoggingEvent> events() {
    return List.copyOf(events);
  }

  @Override
  public void close() {
    logger.setAdditive(true);
    logger.setLevel(former);
    logger.detachAppender(appender);
    appender.stop();
  }
}
