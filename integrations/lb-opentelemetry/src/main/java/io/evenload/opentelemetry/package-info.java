/** Traces for OpenTelemetry. Start with {@link io.evenload.opentelemetry.AttemptTracing}. */
@NullMarked
package io.evenload.opentelemetry;

import org.jspecify.annotations.NullMarked;
