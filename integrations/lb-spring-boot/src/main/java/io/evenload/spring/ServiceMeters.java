package io.evenload.spring;

import io.evenload.LoadBalancer;
import io.evenload.micrometer.CallMetrics;
import io.evenload.micrometer.LoadBalancerMetrics;
import io.evenload.okhttp.CallListener;
import io.evenload.okhttp.LoadBalancingInterceptor;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The meters of all balancers and calls, in every registry that it is bound to. Registries come
 * late, since some of them send what they have by HTTP: until then calls are not counted.
 */
public final class ServiceMeters implements MeterBinder, CallListener, AutoCloseable {

  private final Supplier<List<LoadBalancer>> balancers;
  private final List<CallMetrics> calls = new CopyOnWriteArrayList<>();
  private final List<LoadBalancerMetrics> monitors = new CopyOnWriteArrayList<>();
  private volatile @Nullable LoadBalancingInterceptor interceptor;

  /** Creates meters of balancers, which are asked for when a registry is there. */
  public ServiceMeters(Supplier<List<LoadBalancer>> balancers) {
    this.balancers = balancers;
  }

  @Override
  public synchronized void bindTo(MeterRegistry registry) {
    for (LoadBalancer balancer : balancers.get()) {
      monitors.add(LoadBalancerMetrics.monitor(registry, balancer));
    }
    CallMetrics metrics = CallMetrics.of(registry);
    if (interceptor != null) {
      metrics.addedTo(interceptor);
    }
    calls.add(metrics);
  }

  /** Takes the meters of balancers out of their registries. */
  @Override
  public synchronized void close() {
    monitors.forEach(LoadBalancerMetrics::close);
    monitors.clear();
  }

  private void tell(Consumer<CallListener> event) {
    for (CallMetrics each : calls) {
      event.accept(each);
    }
  }

  @Override
  public synchronized void addedTo(LoadBalancingInterceptor added) {
    interceptor = added;
    tell(each -> each.addedTo(added));
  }

  @Override
  public void ended(CallEnded event) {
    tell(each -> each.ended(event));
  }

  @Override
  public void retried(Retried event) {
    tell(each -> each.retried(event));
  }

  @Override
  public void notRetried(NotRetried event) {
    tell(each -> each.notRetried(event));
  }

  @Override
  public void hedged(Hedged event) {
    tell(each -> each.hedged(event));
  }

  @Override
  public void notHedged(NotHedged event) {
    tell(each -> each.notHedged(event));
  }

  @Override
  public void misrouted(Misrouted event) {
    tell(each -> each.misrouted(event));
  }
}
