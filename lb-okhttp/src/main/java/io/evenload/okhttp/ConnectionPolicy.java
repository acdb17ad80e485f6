package io.evenload.okhttp;

import static java.util.Objects.requireNonNull;

import java.time.Duration;
import java.util.Arrays;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * How long the connections of a service live, and what opens and ends them, as set by {@link
 * ServiceOptions#connections}. By default it is OkHttp that decides. Immutable.
 *
 * <pre>{@code
 * ConnectionPolicy.builder().maxAge(Duration.ofMinutes(5)).drainStreams(Duration.ofSeconds(30)).build()
 * }</pre>
 */
public final class ConnectionPolicy {

  /** 1 s: more handshakes than that would cost more than any age is worth. */
  public static final Duration MIN_AGE = Duration.ofSeconds(1);

  /** Event streams as browsers know them. */
  public static final Set<String> DEFAULT_STREAM_TYPES = Set.of("text/event-stream");

  /** 5 s: several connects and handshakes, and no longer than a deployment waits anyway. */
  public static final Duration DEFAULT_WARM_WITHIN = Duration.ofSeconds(5);

  /** 100: more to each server would rather be a load. */
  public static final int MOST_WARM = 100;

  private static final Duration LONGEST = Duration.ofDays(1);
  private static final ConnectionPolicy DEFAULTS = builder().build();

  private final long maxAgeNanos;
  private final long drainStreamsNanos;
  private final Set<String> streamTypes;
  private final int warm;
  private final @Nullable HttpUrl warmUrl;
  private final long warmWithinNanos;

  private ConnectionPolicy(Builder builder) {
    this.maxAgeNanos = builder.maxAge.toNanos();
    this.drainStreamsNanos = builder.drainStreams.toNanos();
    this.streamTypes = builder.streamTypes;
    this.warm = builder.warm;
    this.warmUrl = builder.warmUrl;
    this.warmWithinNanos = builder.warmWithin.toNanos();
  }

  /** Returns the policy by which OkHttp decides: no limit of age, and streams end as they end. */
  public static ConnectionPolicy defaults() {
    return DEFAULTS;
  }

  /** Returns a builder that begins with the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** The longest age; 0 is no limit. */
  long maxAgeNanos() {
    return maxAgeNanos;
  }

  /** The time within which the streams of a draining server end; 0 if they go on. */
  long drainStreamsNanos() {
    return drainStreamsNanos;
  }

  /** How many connections are kept warm to each server. */
  int warm() {
    return warm;
  }

  /** What the calls are like for which connections are opened; null for TLS at its own port. */
  @Nullable HttpUrl warmUrl() {
    return warmUrl;
  }

  /** How long a server waits at most for its first connection. */
  long warmWithinNanos() {
    return warmWithinNanos;
  }

  /** Whether a response is a stream that may be ended while it is read. */
  boolean isStream(Response response) {
    MediaType type = response.body().contentType();
    return type != null
        && streamTypes.contains((type.type() + "/" + type.subtype()).toLowerCase(Locale.ROOT));
  }

  /** The options. */
  @Override
  public String toString() {
    return "ConnectionPolicy{maxAge="
        + Duration.ofNanos(maxAgeNanos)
        + ", drainStreams="
        + Duration.ofNanos(drainStreamsNanos)
        + ", streamTypes="
        + streamTypes
        + ", warm="
        + warm
        + ", warmUrl="
        + warmUrl
        + ", warmWithin="
        + Duration.ofNanos(warmWithinNanos)
        + "}";
  }

  /** Collects the options of a {@link ConnectionPolicy}; not thread-safe. */
  public static final class Builder {

    private Duration maxAge = Duration.ZERO;
    private Duration drainStreams = Duration.ZERO;
    private Set<String> streamTypes = DEFAULT_STREAM_TYPES;
    private int warm;
    private @Nullable HttpUrl warmUrl;
    private Duration warmWithin = DEFAULT_WARM_WITHIN;

    private Builder() {}

    /**
     * Sets how old a connection may become; zero, as by default, is no limit. Each gets a limit of
     * its own between 80 and 100 percent of this, so that those that were opened together do not
     * end together. One that is as old gets no new call, and is closed when its last call ends, so
     * no call fails for it.
     *
     * <p>It is for what stands between this client and its servers: a relay, a virtual address or a
     * name with several addresses gives new connections to what has come behind it, and cannot move
     * those that are there. Where the balancer knows every server itself, it sends calls to a new
     * one at once, and an age only ends what lingers. A few minutes are a usual age; each rotation
     * costs a handshake.
     *
     * <p>It holds for each connection from its next use on, and for those that were opened before.
     * Where OkHttp's inner classes cannot be asked, the connections to a server end together.
     *
     * @throws IllegalArgumentException if the age is neither zero nor 1 s to one day
     */
    public Builder maxAge(Duration age) {
      this.maxAge = zeroOr("maxAge", age, MIN_AGE);
      return this;
    }

    /**
     * Sets within what time the web sockets and event streams of a draining server end; zero, as by
     * default, lets them go on until they end by themselves. They are spread evenly over that time,
     * so that not all come back at once, and where they come back another server is chosen.
     *
     * <p>A web socket gets a close frame with the code 1001, "going away", and as with any close
     * what is sent after it is lost; if the server does not answer it within a second the socket is
     * cut, and its listener told of a failure. An event stream ends as if the server had ended it,
     * after a whole event if one comes to its end within a second: who reads it sees the end of the
     * body. Calls and downloads of other types are left alone.
     *
     * @throws IllegalArgumentException if the time is neither zero nor 1 ms to one day
     */
    public Builder drainStreams(Duration within) {
      this.drainStreams = zeroOr("drainStreams", within, Duration.ofMillis(1));
      return this;
    }

    /**
     * Sets the media types of the responses that are streams, which {@link #drainStreams} may end;
     * {@link #DEFAULT_STREAM_TYPES} by default. Add only what its readers take up again where it
     * ended. Web sockets are streams whatever this says.
     *
     * @param types such as {@code text/event-stream}, without parameters
     * @throws IllegalArgumentException if one is no media type, or has parameters
     */
    public Builder streamTypes(String... types) {
      this.streamTypes =
          Arrays.stream(types).map(Builder::mediaType).collect(Collectors.toUnmodifiableSet());
      return this;
    }

    /**
     * Sets how many connections are kept open to each server, whether calls need them or not; 0 by
     * default. It begins with {@link LoadBalancingInterceptor#ready}, which tells with what client.
     * From then on a server that is new, or comes back, is chosen only when it has one, all
     * handshakes done, or when nobody else is there, or {@link #warmWithin} is over. One is enough
     * over HTTP/2; over HTTP/1.1 it takes as many as a server gets calls at once.
     *
     * <p>The client's pool has to keep as many idle ones for each server, for otherwise it closes
     * what is opened here; see {@link
     * LoadBalancingInterceptor#install(okhttp3.OkHttpClient.Builder, int)}. What is closed is
     * opened again some seconds later. Nothing is sent on a connection that is opened so, and event
     * listeners are not told of it.
     *
     * @throws IllegalArgumentException if the number is not 0 to {@link #MOST_WARM}
     */
    public Builder warm(int connections) {
      if (connections < 0 || connections > MOST_WARM) {
        throw new IllegalArgumentException(
            "warm: " + connections + " (expected: 0 to " + MOST_WARM + ")");
      }
      this.warm = connections;
      return this;
    }

    /**
     * Sets a URL of the service, by whose scheme, host and port connections are opened: what is
     * opened for one port is of no use to calls with another in their URL. By default {@code
     * https://} and the service's host.
     *
     * @throws IllegalArgumentException if it is no URL of HTTP, or its host is an address
     */
    public Builder warmUrl(String url) {
      HttpUrl parsed = HttpUrl.parse(requireNonNull(url, "warmUrl"));
      if (parsed == null || ServiceHost.isAddress(parsed.host())) {
        throw new IllegalArgumentException(
            "warmUrl: '" + ServiceHost.shown(url) + "' (expected: a URL with a host name)");
      }
      this.warmUrl = parsed;
      return this;
    }

    /**
     * Sets how long a server waits at most for its first connection before it is chosen all the
     * same; {@link #DEFAULT_WARM_WITHIN} by default. A server that refuses is tried again each
     * second meanwhile.
     *
     * @throws IllegalArgumentException if the time is not 1 ms to one day
     */
    public Builder warmWithin(Duration time) {
      this.warmWithin = zeroOr("warmWithin", time, Duration.ofMillis(1));
      if (time.isZero()) {
        throw new IllegalArgumentException(
            "warmWithin: " + time + " (expected: " + Duration.ofMillis(1) + " to " + LONGEST + ")");
      }
      return this;
    }

    private static String mediaType(String text) {
      MediaType type = MediaType.parse(requireNonNull(text, "streamTypes"));
      String name = type == null ? null : type.type() + "/" + type.subtype();
      if (name == null || !name.equalsIgnoreCase(text)) {
        throw new IllegalArgumentException(
            "streamTypes: '" + text + "' (expected: a media type without parameters)");
      }
      return name.toLowerCase(Locale.ROOT);
    }

    private static Duration zeroOr(String name, Duration given, Duration least) {
      Duration time = requireNonNull(given, name);
      if (!time.isZero() && (time.compareTo(least) < 0 || time.compareTo(LONGEST) > 0)) {
        throw new IllegalArgumentException(
            name + ": " + time + " (expected: PT0S, or " + least + " to " + LONGEST + ")");
      }
      return time;
    }

    /** Returns the policy. */
    public ConnectionPolicy build() {
      return new ConnectionPolicy(this);
    }
  }
}
