package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.security.cert.CertificateException;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLPeerUnverifiedException;
import okhttp3.Call;
import okhttp3.ConnectionSpec;
import okhttp3.Interceptor;
import okhttp3.OkHttpClient;

/**
 * Whether a TLS handshake that failed may succeed with another of the client's connection specs.
 */
final class OtherSpecs {

  /*
   * After a failed handshake OkHttp tries the next of the client's connectionSpecs at the same address, but only with
   * retryOnConnectionFailure, by which it also sends requests again, a POST too. Which specs an attempt has cannot be set on
   * a chain. So an attempt goes without it first; if a handshake failed, and nothing was sent, it proceeds once more with it
   * (AttemptTrace.proceed). What is sent from then on must not be sent again by OkHttp, so NetworkHalf hides each
   * failure from it behind one that it does not recover from, and shows a 408 to it as one that asks to wait. If it
   * decides to repeat the request all the same, that is stopped before it is sent. A server that needs another spec than the first costs
   * a handshake more for each connection, not for each request.
   */

  private OtherSpecs() {}

  /** Whether OkHttp would try another spec after a connection failed so. */
  static boolean mayHelp(IOException failure) {
    return failure instanceof SSLException
        && !(failure instanceof SSLPeerUnverifiedException)
        && !(failure instanceof SSLHandshakeException
            && failure.getCause() instanceof CertificateException);
  }

  /** Whether there is another one, and OkHttp was not told to try none. */
  static boolean exist(Interceptor.Chain chain) {
    return chain.getRetryOnConnectionFailure() && exist(chain.call());
  }

  private static boolean exist(Call call) {
    OkHttpClient client = ClientView.find(call);
    return client == null // not told, so that it has to be tried
        || client.connectionSpecs().stream().filter(ConnectionSpec::isTls).count() > 1;
  }
}
