package io.evenload.okhttp;

import java.util.List;
import okhttp3.OkHttpClient;
import okhttp3.Protocol;
import okhttp3.tls.HandshakeCertificates;
import okhttp3.tls.HeldCertificate;

/** How clients and servers of a test talk. */
enum Wire {
  /** HTTP/1.1 without TLS. */
  HTTP_1("http", Protocol.HTTP_1_1),
  /** HTTP/2 over TLS, agreed on by ALPN. */
  HTTP_2("https", Protocol.HTTP_2, Protocol.HTTP_1_1),
  /** HTTP/2 without TLS, by prior knowledge. */
  HTTP_2_CLEARTEXT("http", Protocol.H2_PRIOR_KNOWLEDGE);

  /** Signs every certificate that the clients trust. */
  static final HeldCertificate AUTHORITY =
      new HeldCertificate.Builder().certificateAuthority(0).commonName("test authority").build();

  /** The certificate that servers have unless a test says otherwise: for the logical name only. */
  static final HeldCertificate LOGICAL = certificate(BalancedClient.HOST);

  final String scheme;

  @SuppressWarnings("ImmutableEnumChecker") // List.of is
  final List<Protocol> protocols;

  Wire(String scheme, Protocol... protocols) {
    this.scheme = scheme;
    this.protocols = List.of(protocols);
  }

  boolean tls() {
    return scheme.equals("https");
  }

  void configure(OkHttpClient.Builder client) {
    client.protocols(protocols);
    if (tls()) {
      HandshakeCertificates trust =
          new HandshakeCertificates.Builder()
              .addTrustedCertificate(AUTHORITY.certificate())
              .build();
      client.sslSocketFactory(trust.sslSocketFactory(), trust.trustManager());
    }
  }

  /** A certificate for this name, signed by {@link #AUTHORITY}. */
  static HeldCertificate certificate(String name) {
    return new HeldCertificate.Builder()
        .signedBy(AUTHORITY)
        .commonName(name)
        .addSubjectAlternativeName(name)
        .build();
  }

  static HandshakeCertificates held(HeldCertificate certificate) {
    return new HandshakeCertificates.Builder()
        .heldCertificate(certificate)
        .addTrustedCertificate(AUTHORITY.certificate())
        .build();
  }
}
