package io.evenload.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.argThat;
import static org.mockito.Mockito.CALLS_REAL_METHODS;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.verifyNoMoreInteractions;

import io.evenload.okhttp.CallListener.Refusal;
import java.io.IOException;
import okhttp3.Call;
import okhttp3.EventListener;
import okhttp3.Response;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.mockito.InOrder;

/** What listeners are told of a call, in which order and how often. */
class ToldInOrderTest {

  @RegisterExtension final Backends backends = new Backends();

  private final Backend a = backends.start("a");
  private final Backend b = backends.start("b");
  private final CallListener listener = mock(CallListener.class);
  private final EventListener events = mock(EventListener.class, CALLS_REAL_METHODS);

  @Test
  void listener_retriedTwiceAndAnswered_isToldOfEachAttemptAndOneEnd() throws IOException {
    a.next(response -> response.code(503)).always(response -> response.code(503));
    b.always(response -> response.code(503));
    BalancedClient client = client(3);

    assertThat(client.get("/").code()).isEqualTo(503);

    InOrder order = inOrder(listener);
    order.verify(listener).addedTo(client.interceptor());
    order.verify(listener).retried(argThat(event -> event.attempt().number() == 1));
    order.verify(listener).retried(argThat(event -> event.attempt().number() == 2));
    order
        .verify(listener)
        .notRetried(argThat(event -> event.refusal() == Refusal.ATTEMPTS_EXHAUSTED));
    order.verify(listener).ended(argThat(event -> event.last().number() == 3));
    verifyNoMoreInteractions(listener);
  }

  @Test
  void listener_answeredAtOnce_isToldOfTheEndOnly() throws IOException {
    BalancedClient client = client(3);

    client.get("/");
    client.get("/");

    verify(listener).addedTo(client.interceptor());
    verify(listener, times(2)).ended(any());
    verifyNoMoreInteractions(listener);
  }

  @Test
  @ReliesOnInternals("each attempt is another call")
  void eventListener_retried_seesOneCallWithTwoExchanges() throws IOException {
    a.next(response -> response.code(503));
    BalancedClient client = client(2);

    client.get("/");

    InOrder order = inOrder(events);
    order.verify(events).callStart(any(Call.class));
    order.verify(events).requestHeadersStart(any());
    order.verify(events).responseHeadersEnd(any(), answered(503));
    order.verify(events).requestHeadersStart(any());
    order.verify(events).responseHeadersEnd(any(), answered(200));
    order.verify(events).callEnd(any());
    verify(events, times(2)).requestHeadersStart(any());
    verify(events, times(1)).callStart(any());
    verify(events, times(1)).callEnd(any());
    verify(events, never()).callFailed(any(), any());
    verify(events, never()).canceled(any());
  }

  private static Response answered(int status) {
    return argThat(response -> response.code() == status);
  }

  private BalancedClient client(int attempts) {
    return backends
        .client(a, b)
        .balancing(Policies.attempts(attempts))
        .balancing(options -> options.listener(listener))
        .http(client -> client.eventListenerFactory(call -> events))
        .build();
  }
}
