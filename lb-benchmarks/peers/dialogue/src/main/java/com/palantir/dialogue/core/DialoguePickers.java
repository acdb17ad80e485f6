package com.palantir.dialogue.core;

import com.github.benmanes.caffeine.cache.Ticker;
import com.google.common.collect.ImmutableList;
import com.google.common.collect.ImmutableListMultimap;
import com.google.common.collect.ListMultimap;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.palantir.dialogue.Endpoint;
import com.palantir.dialogue.HttpMethod;
import com.palantir.dialogue.Request;
import com.palantir.dialogue.Response;
import com.palantir.dialogue.ResponseAttachments;
import com.palantir.dialogue.core.LimitedChannel.LimitEnforcement;
import com.palantir.random.SafeThreadLocalRandom;
import com.palantir.tritium.metrics.registry.DefaultTaggedMetricRegistry;
import com.palantir.tritium.metrics.registry.TaggedMetricRegistry;
import io.evenload.benchmarks.PickerBenchmark;
import java.io.InputStream;
import java.util.Optional;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Param;

/**
 * Dialogue: a call over channels that answer at once, which is how a node is chosen and the call is
 * counted. In Dialogue's package for what is not public.
 */
public class DialoguePickers extends PickerBenchmark {

  /** The algorithm. */
  @Param({"Balanced +release", "PinUntilError +release"})
  public String algorithm;

  @Override
  protected Picker picker() {
    ImmutableList<LimitedChannel> channels =
        Stream.<LimitedChannel>generate(Channel::new)
            .limit(n)
            .collect(ImmutableList.toImmutableList());
    LimitedChannel strategy = strategy(channels);
    Call call = new Call();
    Request request = Request.builder().build();
    return turn ->
        strategy.maybeExecute(call, request, LimitEnforcement.DEFAULT_ENABLED).orElseThrow().get();
  }

  private LimitedChannel strategy(ImmutableList<LimitedChannel> channels) {
    TaggedMetricRegistry metrics = new DefaultTaggedMetricRegistry();
    return switch (algorithm) {
      case "Balanced +release" ->
          new BalancedNodeSelectionStrategyChannel(
              channels, SafeThreadLocalRandom.get(), Ticker.systemTicker(), metrics, "benchmark");
      case "PinUntilError +release" ->
          PinUntilErrorNodeSelectionStrategyChannel.of(
              Optional.empty(),
              DialogueNodeSelectionStrategy.PIN_UNTIL_ERROR,
              channels,
              DialoguePinuntilerrorMetrics.of(metrics),
              SafeThreadLocalRandom.get(),
              Ticker.systemTicker(),
              "benchmark");
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  private static final class Channel implements LimitedChannel {
    private final Optional<ListenableFuture<Response>> answer =
        Optional.of(Futures.immediateFuture(new Answer()));

    @Override
    public Optional<ListenableFuture<Response>> maybeExecute(
        Endpoint endpoint, Request request, LimitEnforcement limit) {
      return answer;
    }
  }

  private static final class Call implements Endpoint {

    @Override
    public HttpMethod httpMethod() {
      return HttpMethod.GET;
    }

    @Override
    public String serviceName() {
      return "benchmark";
    }

    @Override
    public String endpointName() {
      return "call";
    }

    @Override
    public String version() {
      return "1.0.0";
    }
  }

  private static final class Answer implements Response {
    private final ResponseAttachments attachments = ResponseAttachments.create();

    @Override
    public InputStream body() {
      return InputStream.nullInputStream();
    }

    @Override
    public int code() {
      return 200;
    }

    @Override
    public ListMultimap<String, String> headers() {
      return ImmutableListMultimap.of();
    }

    @Override
    public ResponseAttachments attachments() {
      return attachments;
    }

    @Override
    public void close() {}
  }
}
