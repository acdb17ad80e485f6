package io.evenload.okhttp;

import io.evenload.Server;
import java.util.function.BiConsumer;
import okhttp3.Response;
import org.jspecify.annotations.Nullable;

/**
 * What a service does with its calls, which may become something else while it runs. A call keeps
 * what it began with. Immutable, but for what its parts count.
 *
 * @param first how a call gets its first attempt
 * @param retries whether it gets more
 * @param throttle decides what is not sent at all; null if everything is
 * @param hints takes note of what servers say of themselves
 * @param timeoutHeader null if servers are not told how much time is left
 * @param connections how long connections and streams live
 */
record ServiceParts(
    FirstAttempt first,
    Retries retries,
    @Nullable Throttle throttle,
    Sessions sessions,
    Judge judge,
    BiConsumer<Server, Response> hints,
    @Nullable String timeoutHeader,
    ConnectionPolicy connections) {}
