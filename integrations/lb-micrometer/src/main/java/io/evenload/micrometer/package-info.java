/** Metrics for Micrometer. Start with {@link io.evenload.micrometer.LoadBalancerMetrics}. */
@NullMarked
package io.evenload.micrometer;

import org.jspecify.annotations.NullMarked;
