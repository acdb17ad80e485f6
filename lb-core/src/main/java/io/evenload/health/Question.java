package io.evenload.health;

import io.evenload.HealthReport;
import java.util.function.Function;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;

/**
 * What a probe sends over its connection, and how it reads the answer.
 *
 * @param request the bytes to send, which nobody may change
 * @param tls the context of a TLS connection; null for plain text
 * @param tlsName whom the server's certificate must name
 * @param judge what an answer means
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Question(
    byte[] request,
    @Nullable SSLContext tls,
    String tlsName,
    Function<HttpAnswer, HealthReport> judge) {}
