package io.evenload.okhttp;

import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.Socket;
import java.util.List;
import javax.net.SocketFactory;
import okhttp3.Address;
import okhttp3.Authenticator;
import okhttp3.Connection;
import okhttp3.ConnectionSpec;
import okhttp3.Dns;
import okhttp3.Handshake;
import okhttp3.HttpUrl;
import okhttp3.Protocol;
import okhttp3.Route;
import org.jspecify.annotations.Nullable;

/** A connection that is nothing but its route. */
public record FakeConnection(Route route) implements Connection {

  /** Leads from the URL by this Dns. */
  public FakeConnection(String url, Dns dns) {
    this(route(HttpUrl.get(url), dns));
  }

  private static Route route(HttpUrl url, Dns dns) {
    Address address =
        new Address(
            url.host(),
            url.port(),
            dns,
            SocketFactory.getDefault(),
            null,
            null,
            null,
            Authenticator.NONE,
            Proxy.NO_PROXY,
            List.of(Protocol.HTTP_1_1),
            List.of(ConnectionSpec.CLEARTEXT),
            ProxySelector.getDefault());
    String name = url.host(); // as a Dns of ours names what it finds
    return new Route(address, Proxy.NO_PROXY, InetSocketAddress.createUnresolved(name, url.port()));
  }

  @Override
  public Socket socket() {
    throw new UnsupportedOperationException();
  }

  @Override
  public @Nullable Handshake handshake() {
    return null;
  }

  @Override
  public Protocol protocol() {
    return Protocol.HTTP_1_1;
  }
}
