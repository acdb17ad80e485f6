package io.grpc.xds;

import com.google.common.collect.ImmutableList;
import io.evenload.benchmarks.PickerBenchmark;
import io.grpc.Attributes;
import io.grpc.CallOptions;
import io.grpc.ClientStreamTracer;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.PickDetailsConsumer;
import io.grpc.LoadBalancer.PickResult;
import io.grpc.LoadBalancer.PickSubchannelArgs;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancerProvider;
import io.grpc.LoadBalancerRegistry;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.internal.PickSubchannelArgsImpl;
import io.grpc.services.InternalCallMetricRecorder;
import io.grpc.util.MultiChildLoadBalancer;
import io.grpc.util.MultiChildLoadBalancer.ChildLbState;
import io.grpc.xds.WeightedRoundRobinLoadBalancer.StaticStrideScheduler;
import io.grpc.xds.WeightedRoundRobinLoadBalancer.WeightedChildLbState;
import io.grpc.xds.WeightedRoundRobinLoadBalancer.WeightedRoundRobinPicker;
import java.io.InputStream;
import java.lang.reflect.Field;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;

/**
 * gRPC: the picker that a load balancer gives to a channel whose connections are all ready. Servers
 * of {@code weighted_round_robin} report loads that make weights 1 to 10 in turn. In gRPC's package
 * for what is not public.
 */
public class GrpcPickers extends PickerBenchmark {

  /** The algorithm. */
  @Param({
    "round_robin",
    "weighted_round_robin",
    "StaticStrideScheduler",
    "least_request",
    "least_request +release",
    "ring_hash"
  })
  public String algorithm;

  private static final Metadata HEADERS = new Metadata();
  private static final ClientStreamTracer.StreamInfo STREAM =
      ClientStreamTracer.StreamInfo.newBuilder().build();
  private static final MethodDescriptor<Object, Object> METHOD =
      MethodDescriptor.newBuilder(new NoMarshaller(), new NoMarshaller())
          .setType(MethodDescriptor.MethodType.UNARY)
          .setFullMethodName("benchmark/call")
          .build();
  private static final PickSubchannelArgs ARGUMENTS = arguments(CallOptions.DEFAULT);

  private final ReadyChannel channel = new ReadyChannel();

  @Override
  protected Picker picker() throws Exception {
    return switch (algorithm) {
      case "round_robin" -> select(start(roundRobin(), Map.of()));
      case "weighted_round_robin" -> select(weighted());
      case "StaticStrideScheduler" -> stride();
      case "least_request" -> select(start(registered("least_request_experimental"), Map.of()));
      case "least_request +release" -> {
        SubchannelPicker picker = start(registered("least_request_experimental"), Map.of());
        yield turn -> selectAndRelease(picker);
      }
      case "ring_hash" -> ringHash();
      default -> throw new IllegalArgumentException("algorithm: " + algorithm);
    };
  }

  /** The bare policy; the registry's is wrapped for health checks. */
  private static LoadBalancerProvider roundRobin() throws ReflectiveOperationException {
    return Class.forName("io.grpc.util.SecretRoundRobinLoadBalancerProvider$Provider")
        .asSubclass(LoadBalancerProvider.class)
        .getConstructor()
        .newInstance();
  }

  private static LoadBalancerProvider registered(String policy) {
    return LoadBalancerRegistry.getDefaultRegistry().getProvider(policy);
  }

  private SubchannelPicker start(LoadBalancerProvider provider, Map<String, ?> config) {
    channel.start(provider, config, addresses());
    return channel.picker();
  }

  private List<EquivalentAddressGroup> addresses() {
    return IntStream.range(0, n)
        .mapToObj(i -> new EquivalentAddressGroup(new InetSocketAddress(host(i), 8080)))
        .toList();
  }

  private static Picker select(SubchannelPicker picker) {
    return turn -> selected(picker.pickSubchannel(ARGUMENTS));
  }

  private static PickResult selected(PickResult result) {
    return result.getSubchannel() == null ? null : result;
  }

  private static PickResult selectAndRelease(SubchannelPicker picker) {
    PickResult result = picker.pickSubchannel(ARGUMENTS);
    ClientStreamTracer tracer =
        result.getStreamTracerFactory().newClientStreamTracer(STREAM, HEADERS);
    tracer.streamCreated(Attributes.EMPTY, HEADERS);
    tracer.streamClosed(Status.OK);
    return selected(result);
  }

  /** Waits until the timer that takes in the reports has made a schedule of them. */
  private SubchannelPicker weighted() throws ReflectiveOperationException, InterruptedException {
    LoadBalancerProvider provider = registered("weighted_round_robin");
    LoadBalancer balancer = channel.start(provider, Map.of("blackoutPeriod", "0s"), addresses());
    int i = 0;
    for (ChildLbState child : children(balancer)) {
      ((WeightedChildLbState) child)
          .getOrCreateOrcaListener(1, ImmutableList.of())
          .onLoadReport(
              InternalCallMetricRecorder.createMetricReport(
                  0.1, 0, 0, 1 + i++ % 10, 0, Map.of(), Map.of(), Map.of()));
    }
    WeightedRoundRobinPicker picker =
        (WeightedRoundRobinPicker) field(channel.picker(), "delegate");
    long start = System.nanoTime();
    while (((StaticStrideScheduler) field(picker, "scheduler")).usesRoundRobin()) {
      if (System.nanoTime() - start > Duration.ofSeconds(10).toNanos()) {
        throw new IllegalStateException("no weights after 10 seconds");
      }
      Thread.sleep(50);
    }
    return picker;
  }

  private Picker stride() {
    float[] weights = new float[n];
    for (int i = 0; i < n; i++) {
      weights[i] = 1 + i % 10;
    }
    List<EquivalentAddressGroup> servers = addresses();
    StaticStrideScheduler scheduler = new StaticStrideScheduler(weights, new AtomicInteger());
    return turn -> servers.get(scheduler.pick());
  }

  /** Makes the connections, which this policy would make when first needed. */
  private Picker ringHash() throws ReflectiveOperationException {
    LoadBalancer balancer =
        channel.start(registered("ring_hash_experimental"), Map.of(), addresses());
    Collection<ChildLbState> children = children(balancer);
    channel.execute(() -> children.forEach(child -> child.getLb().requestConnection()));
    SubchannelPicker picker = channel.picker();
    PickSubchannelArgs[] arguments =
        IntStream.range(0, KEYS)
            .mapToLong(i -> XxHash64.INSTANCE.hashAsciiString("key-" + i))
            .mapToObj(hash -> CallOptions.DEFAULT.withOption(XdsNameResolver.RPC_HASH_KEY, hash))
            .map(GrpcPickers::arguments)
            .toArray(PickSubchannelArgs[]::new);
    return turn -> selected(picker.pickSubchannel(arguments[turn & (KEYS - 1)]));
  }

  private static Collection<ChildLbState> children(LoadBalancer balancer)
      throws ReflectiveOperationException {
    LoadBalancer bare = balancer;
    while (!(bare instanceof MultiChildLoadBalancer)) {
      bare = (LoadBalancer) field(bare, "delegate");
    }
    return ((MultiChildLoadBalancer) bare).getChildLbStates();
  }

  private static Object field(Object owner, String name) throws ReflectiveOperationException {
    Field field = owner.getClass().getDeclaredField(name);
    field.setAccessible(true);
    return field.get(owner);
  }

  private static PickSubchannelArgs arguments(CallOptions options) {
    return new PickSubchannelArgsImpl(METHOD, HEADERS, options, new PickDetailsConsumer() {});
  }

  private static final class NoMarshaller implements MethodDescriptor.Marshaller<Object> {

    @Override
    public InputStream stream(Object value) {
      return InputStream.nullInputStream();
    }

    @Override
    public Object parse(InputStream stream) {
      return stream;
    }
  }
}
