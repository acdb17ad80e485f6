package io.evenload.testing;

import static org.assertj.core.api.Assertions.assertThat;

import io.evenload.ServerList;
import io.evenload.testing.HostileServer.Trouble;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What every list that asks over HTTP does when the source, or somebody in its place, answers
 * badly: that is a failure within some seconds, the last good list stays, no more than some
 * megabytes are read of it, nobody else is called, and what comes afterwards counts.
 */
@Timeout(180)
public abstract class HostileSourceContract {

  /** Creates a test of one list. */
  protected HostileSourceContract() {}

  /** Returns the list that asks there, and gives up after some seconds. */
  protected abstract ServerList list(String url);

  /** Returns what the source says, which is a server with the id {@link #id}. */
  protected abstract HostileServer.Answers answers();

  /** The id of the only server of {@link #answers}. */
  protected abstract String id();

  @ParameterizedTest
  @EnumSource
  void trouble_isAFailureAndTheLastListStays(Trouble trouble) throws Exception {
    Heard heard = new Heard();
    try (HostileServer server = new HostileServer(answers())) {
      ServerList.Subscription subscription = list(server.url()).subscribe(heard);
      heard.awaitIds(id());

      server.trouble(trouble);
      heard.await(h -> h.failures().size() >= 2);
      assertThat(heard.ids()).containsExactly(id());
      List<String> failures = heard.failures();
      assertThat(failures).allMatch(text -> text.length() < 2_000);

      server.trouble(null);
      int before = heard.confirmations();
      heard.await(h -> h.confirmations() > before);
      assertThat(heard.lists()).as("the last list").hasSize(1);
      subscription.close();
    }
  }
}
