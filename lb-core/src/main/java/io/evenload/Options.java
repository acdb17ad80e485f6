package io.evenload;

import io.evenload.discovery.Networks;
import io.evenload.health.HealthCheck;
import io.evenload.health.OutlierDetection;
import io.evenload.health.SlowStart;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How one balancer is to work, as its builder was told; immutable. For the meaning and the defaults
 * see {@link LoadBalancer.Builder}.
 *
 * @param gates those of the builder; others may be added and removed beside them
 * @param healthCheck null if there is none
 * @param outlierDetection null if there is none
 * @param locality null if zones are not looked at
 * @param subset null if all servers are used
 * @param slowStart null if there is none
 * @param slowStartOfAll whether it is for all endpoints that are new or come back, rather than for
 *     those alone that come back from an ejection
 * @param networks null if none were said
 */
record Options(
    Chooser chooser,
    double panicThreshold,
    Duration emptyListGrace,
    int leakSampling,
    List<Gate.Factory> gates,
    @Nullable HealthCheck healthCheck,
    @Nullable OutlierDetection outlierDetection,
    @Nullable Locality locality,
    @Nullable Subset subset,
    @Nullable SlowStart slowStart,
    boolean slowStartOfAll,
    @Nullable Networks networks) {}
