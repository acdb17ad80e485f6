package io.evenload.spring;

import static java.util.Objects.requireNonNull;

import java.util.Set;
import java.util.function.Supplier;
import okhttp3.OkHttpClient;
import org.jspecify.annotations.Nullable;

/**
 * {@link ServiceCalls} that are asked for with the first call, so that applications may have
 * services whose clients need clients. Thread-safe.
 */
public final class LateCalls {

  private final Supplier<@Nullable ServiceCalls> source;
  private volatile @Nullable ServiceCalls known;

  /**
   * Creates late calls.
   *
   * @param source returns null if there are no services
   */
  public LateCalls(Supplier<@Nullable ServiceCalls> source) {
    this.source = requireNonNull(source, "source");
  }

  /** Whether calls to a host go through OkHttp, as {@link ServiceCalls#has} says it. */
  public boolean has(String host) {
    return calls().has(host);
  }

  /** The client that has the interceptor. */
  public OkHttpClient client() {
    return calls().client();
  }

  private ServiceCalls calls() {
    ServiceCalls calls = known;
    if (calls == null) {
      calls = source.get();
      if (calls == null) {
        calls = new ServiceCalls(EvenloadSettings.RestClientUse.NONE, Set.of(), new OkHttpClient());
      }
      known = calls; // another one is as good
    }
    return calls;
  }
}
