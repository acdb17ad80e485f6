package io.grpc.xds;

import io.grpc.Attributes;
import io.grpc.ChannelLogger;
import io.grpc.ConnectivityState;
import io.grpc.ConnectivityStateInfo;
import io.grpc.EquivalentAddressGroup;
import io.grpc.LoadBalancer;
import io.grpc.LoadBalancer.CreateSubchannelArgs;
import io.grpc.LoadBalancer.ResolvedAddresses;
import io.grpc.LoadBalancer.Subchannel;
import io.grpc.LoadBalancer.SubchannelPicker;
import io.grpc.LoadBalancer.SubchannelStateListener;
import io.grpc.LoadBalancerProvider;
import io.grpc.ManagedChannel;
import io.grpc.MetricRecorder;
import io.grpc.NameResolver.ConfigOrError;
import io.grpc.SynchronizationContext;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/**
 * A channel without transports: every connection that a load balancer asks for is ready at once.
 */
final class ReadyChannel extends LoadBalancer.Helper {

  private final SynchronizationContext context =
      new SynchronizationContext(
          (thread, error) -> {
            throw new IllegalStateException(error);
          });
  private final ScheduledExecutorService timer =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "timer");
            thread.setDaemon(true);
            return thread;
          });
  private volatile ConnectivityState state = ConnectivityState.IDLE;
  private volatile SubchannelPicker picker;

  /** Starts a load balancer of this policy over the addresses. */
  LoadBalancer start(
      LoadBalancerProvider provider,
      Map<String, ?> config,
      List<EquivalentAddressGroup> addresses) {
    LoadBalancer balancer = provider.newLoadBalancer(this);
    ConfigOrError parsed = provider.parseLoadBalancingPolicyConfig(config);
    ResolvedAddresses resolved =
        ResolvedAddresses.newBuilder()
            .setAddresses(addresses)
            .setLoadBalancingPolicyConfig(parsed.getConfig())
            .build();
    context.execute(() -> balancer.acceptResolvedAddresses(resolved));
    return balancer;
  }

  /** Runs a task as the channel runs all that concerns a load balancer. */
  void execute(Runnable task) {
    context.execute(task);
  }

  /** Returns the picker that the load balancer set last. */
  SubchannelPicker picker() {
    if (state != ConnectivityState.READY) {
      throw new IllegalStateException("state: " + state + " (expected: READY)");
    }
    return picker;
  }

  @Override
  public void updateBalancingState(ConnectivityState state, SubchannelPicker picker) {
    this.state = state;
    this.picker = picker;
  }

  @Override
  public Subchannel createSubchannel(CreateSubchannelArgs args) {
    return new ReadySubchannel(args.getAddresses());
  }

  @Override
  public SynchronizationContext getSynchronizationContext() {
    return context;
  }

  @Override
  public ScheduledExecutorService getScheduledExecutorService() {
    return timer;
  }

  @Override
  public ChannelLogger getChannelLogger() {
    return new NoLog();
  }

  @Override
  public MetricRecorder getMetricRecorder() {
    return new MetricRecorder() {};
  }

  @Override
  public String getAuthority() {
    return "benchmark";
  }

  @Override
  public String getChannelTarget() {
    return "dns:///benchmark";
  }

  @Override
  public ManagedChannel createOobChannel(EquivalentAddressGroup addresses, String authority) {
    throw new UnsupportedOperationException();
  }

  private final class ReadySubchannel extends Subchannel {
    private final List<EquivalentAddressGroup> addresses;
    private SubchannelStateListener listener;

    ReadySubchannel(List<EquivalentAddressGroup> addresses) {
      this.addresses = addresses;
    }

    @Override
    public void start(SubchannelStateListener listener) {
      this.listener = listener;
    }

    @Override
    public void requestConnection() {
      report(ConnectivityState.CONNECTING);
      report(ConnectivityState.READY);
    }

    private void report(ConnectivityState state) {
      context.execute(() -> listener.onSubchannelState(ConnectivityStateInfo.forNonError(state)));
    }

    @Override
    public List<EquivalentAddressGroup> getAllAddresses() {
      return addresses;
    }

    @Override
    public Attributes getAttributes() {
      return Attributes.EMPTY;
    }

    @Override
    public ChannelLogger getChannelLogger() {
      return new NoLog();
    }

    @Override
    public void updateAddresses(List<EquivalentAddressGroup> addresses) {}

    @Override
    public void shutdown() {}
  }

  private static final class NoLog extends ChannelLogger {

    @Override
    public void log(ChannelLogLevel level, String message) {}

    @Override
    public void log(ChannelLogLevel level, String template, Object... arguments) {}
  }
}
