package io.evenload.config;

import io.evenload.LoadBalancer;
import io.evenload.okhttp.ServiceOptions;

/** What is configured for one service, or for all. */
record Section(Options<LoadBalancer.Builder> balancer, Options<ServiceOptions<?>> interceptor) {}
