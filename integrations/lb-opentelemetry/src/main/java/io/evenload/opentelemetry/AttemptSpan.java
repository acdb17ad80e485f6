package io.evenload.opentelemetry;

import static io.opentelemetry.api.common.AttributeKey.booleanKey;
import static io.opentelemetry.api.common.AttributeKey.stringKey;
import static java.util.Objects.requireNonNull;

import io.evenload.okhttp.CallAttempt;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.ContextKey;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.semconv.ErrorAttributes;
import io.opentelemetry.semconv.HttpAttributes;
import io.opentelemetry.semconv.NetworkAttributes;
import io.opentelemetry.semconv.ServerAttributes;
import io.opentelemetry.semconv.UrlAttributes;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.util.Set;
import okhttp3.Call;
import okhttp3.Connection;
import okhttp3.Interceptor;
import okhttp3.Protocol;
import okhttp3.Request;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/** The span of one attempt, or, one after another, those of all that OkHttp sends for it. */
final class AttemptSpan {

  /*
   * The span begins behind the balancing interceptor, so that it covers the connecting, also that which fails. Next to the
   * network, on the same thread, the attempt finds itself by the context. There it learns of the peer; and when OkHttp
   * sends a second request for it, the first span ends and another begins.
   *
   * What a span says of the answer is what came from the network, whatever became of that: a redirect to another service
   * reaches the interceptor as an exception, since it is followed outside.
   *
   * Another instrumentation within ours has spans for each request on the network, and tells the servers of those. Then
   * there is no need for a second one here.
   *
   * All of it happens on the thread of the attempt's call, its end too.
   */

  static final AttributeKey<String> SERVICE = stringKey("evenload.service");
  static final AttributeKey<String> SERVER = stringKey("evenload.server");
  static final AttributeKey<String> REASON = stringKey("evenload.attempt.reason");
  static final AttributeKey<Boolean> CANCELLED = booleanKey("evenload.attempt.cancelled");
  static final AttributeKey<Boolean> CACHED = booleanKey("evenload.attempt.cached");

  private static final ContextKey<AttemptSpan> KEY = ContextKey.named("evenload-attempt");

  private static final Set<String> KNOWN_METHODS =
      Set.of("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE");

  private static final String OTHER_METHOD = "_OTHER";
  private static final String TIMEOUT = "timeout";
  private static final int FIRST_ERROR = 400;

  private final Tracer tracer;
  private final TextMapPropagator propagator;
  private final Context parent;
  private final Call carrier;
  private final String host;
  private Span span;
  private Context context;
  private boolean exchanged;

  /** The status of the last answer from the network; 0 if there was none, or none yet. */
  private int status;

  AttemptSpan(
      Tracer tracer, TextMapPropagator propagator, CallAttempt attempt, Interceptor.Chain chain) {
    this.tracer = tracer;
    this.propagator = propagator;
    this.parent = TracedCall.parent(attempt.call());
    this.carrier = chain.call();
    this.host = chain.request().url().host();
    this.span = begin(attempt, chain.request());
    this.context = withSpan();
  }

  private Span begin(CallAttempt attempt, Request request) {
    String method = request.method();
    boolean known = KNOWN_METHODS.contains(method);
    boolean balanced = request.url().host().equals(host);
    SpanBuilder builder =
        tracer
            .spanBuilder(known ? method : "HTTP")
            .setSpanKind(SpanKind.CLIENT)
            .setParent(parent)
            .setAttribute(HttpAttributes.HTTP_REQUEST_METHOD, known ? method : OTHER_METHOD)
            .setAttribute(
                ServerAttributes.SERVER_ADDRESS,
                balanced ? attempt.server().host() : request.url().host())
            .setAttribute(
                ServerAttributes.SERVER_PORT,
                (long) (balanced ? attempt.server().port() : request.url().port()))
            .setAttribute(UrlAttributes.URL_FULL, SafeUrl.of(request.url()))
            .setAttribute(SERVICE, attempt.service())
            .setAttribute(SERVER, attempt.server().id())
            .setAttribute(REASON, reason(attempt.reason()));
    if (!known) {
      builder.setAttribute(HttpAttributes.HTTP_REQUEST_METHOD_ORIGINAL, method);
    }
    int resend = attempt.number() - 1 + TracedCall.followUps(attempt.call());
    if (resend > 0) {
      builder.setAttribute(HttpAttributes.HTTP_REQUEST_RESEND_COUNT, (long) resend);
    }
    return builder.startSpan();
  }

  private static String reason(CallAttempt.Reason reason) {
    return switch (reason) {
      case FIRST -> "first";
      case RETRY -> "retry";
      case HEDGE -> "hedge";
    };
  }

  private Context withSpan() {
    return parent.with(span).with(KEY, this);
  }

  /** The parent's context with the span. */
  Context context() {
    return context;
  }

  /** Returns the request with the headers that tell the server of the span. */
  Request injected(Request request) {
    Told told = new Told(request);
    propagator.inject(context, told, Told::header);
    return told.request();
  }

  /** Runs an exchange on the network, within the attempt that it is for, if it is for one. */
  static Response onNetwork(Interceptor.Chain chain) throws IOException {
    AttemptSpan attempt = Context.current().get(KEY);
    if (attempt == null || !attempt.carrier.equals(chain.call())) {
      return chain.proceed(chain.request()); // also a call that code within an attempt makes
    }
    return attempt.exchanged
        ? attempt.exchangeAgain(chain)
        : attempt.exchange(chain, chain.request());
  }

  @SuppressWarnings({"ReferenceEquality", "try"}) // this very span; the scope is only to be closed
  private Response exchangeAgain(Interceptor.Chain chain) throws IOException {
    if (Span.current() != span) {
      return exchange(chain, chain.request());
    }
    end();
    CallAttempt attempt = requireNonNull(LoadBalancingInterceptor.attemptOf(chain));
    TracedCall.followedUp(attempt.call());
    span = begin(attempt, chain.request());
    context = withSpan();
    try (Scope scope = context.makeCurrent()) {
      return exchange(chain, injected(chain.request()));
    }
  }

  private Response exchange(Interceptor.Chain chain, Request request) throws IOException {
    exchanged = true;
    status = 0;
    Connection connection = chain.connection();
    if (connection != null && span.isRecording()) {
      describe(connection);
    }
    Response response = chain.proceed(request);
    status = response.code();
    return response;
  }

  private void describe(Connection connection) {
    span.setAttribute(NetworkAttributes.NETWORK_PROTOCOL_VERSION, version(connection.protocol()));
    Socket socket = connection.socket();
    InetAddress peer = socket.getInetAddress();
    if (peer != null) {
      span.setAttribute(NetworkAttributes.NETWORK_PEER_ADDRESS, peer.getHostAddress());
      span.setAttribute(NetworkAttributes.NETWORK_PEER_PORT, (long) socket.getPort());
    }
  }

  private static String version(Protocol protocol) {
    return switch (protocol) {
      case HTTP_1_0 -> "1.0";
      case HTTP_2, H2_PRIOR_KNOWLEDGE -> "2";
      case HTTP_3 -> "3";
      default -> "1.1";
    };
  }

  /** The attempt has a response, whose body is still to come. */
  void answered(Response response) {
    if (status == 0) {
      if (response.networkResponse() == null) {
        span.setAttribute(CACHED, true);
      } else {
        status = response.code(); // of a web socket, which has no interceptors on the network
      }
    }
    end();
  }

  /** The attempt failed, if not for what became of an answer. */
  void failed(Throwable failure) {
    if (status == 0) {
      span.recordException(failure);
      error(failure.getClass().getName());
    }
    end();
  }

  void timedOut(Throwable failure) {
    span.recordException(failure);
    error(TIMEOUT);
    end();
  }

  void cancelled() {
    span.setAttribute(CANCELLED, true);
    end();
  }

  private void end() {
    if (status != 0 && span.isRecording()) {
      span.setAttribute(HttpAttributes.HTTP_RESPONSE_STATUS_CODE, (long) status);
      if (status >= FIRST_ERROR) {
        error(Integer.toString(status));
      }
    }
    span.end();
  }

  private void error(String type) {
    span.setStatus(StatusCode.ERROR);
    span.setAttribute(ErrorAttributes.ERROR_TYPE, type);
  }

  /** A request, and a copy once there is a header to add. */
  private static final class Told {
    private final Request request;
    private Request.@Nullable Builder copy;

    Told(Request request) {
      this.request = request;
    }

    static void header(@Nullable Told told, String name, String value) {
      Told to = requireNonNull(told);
      to.copy = (to.copy == null ? to.request.newBuilder() : to.copy).header(name, value);
    }

    Request request() {
      return copy == null ? request : copy.build();
    }
  }
}
