package io.evenload.okhttp.internal.route;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import okhttp3.Dns;
import org.jspecify.annotations.Nullable;

/** A {@link ServerDns} for OkHttp 5.5 and newer, which may resolve without a thread that waits. */
final class CallingServerDns extends ServerDns {

  /*
   * By default such a call only runs lookup, which OkHttp knows and spares itself the call. So one is made only where the
   * client's Dns makes calls of another kind. What it says of a server's host besides addresses (HTTPS records) is
   * left out, since it holds for a connection to that name, and ours goes to the logical one.
   */

  CallingServerDns(
      String logicalHost,
      String serverHost,
      int port,
      Dns delegate,
      Connections connections,
      boolean exclusive) {
    super(logicalHost, serverHost, port, delegate, connections, exclusive);
  }

  @Override
  public Dns.Call newCall(Dns.Request request) {
    Dns.Call lookup = super.newCall(request);
    boolean own = leadsFrom(request.hostname());
    if (own ? isAddress(serverHost()) || looksUpByAnother() : answersFor(request.hostname())) {
      return lookup; // nothing to ask anyone for
    }
    Dns.Request asked = own ? serverRequest() : request;
    if (asked == null) {
      return lookup; // which says what is wrong with the name
    }
    Dns.Call call = delegate().newCall(asked);
    if (call.getClass() == lookup.getClass()) {
      return lookup;
    }
    return own ? new NamingCall(request, call) : call;
  }

  private Dns.@Nullable Request serverRequest() {
    try {
      return new Dns.Request(nameToLookUp(), port());
    } catch (UnknownHostException e) {
      return null;
    }
  }

  private List<Dns.Record> named(List<? extends Dns.Record> records) throws UnknownHostException {
    List<Dns.Record.IpAddress> named = new ArrayList<>();
    for (Dns.Record each : records) {
      if (each instanceof Dns.Record.IpAddress address && permits(address.address())) {
        named.add(new Dns.Record.IpAddress(address.hostname(), named(address.address())));
      }
    }
    return List.copyOf(broken().last(this, named, Dns.Record.IpAddress::address));
  }

  /** Asks for the server's host where the logical one is asked for. */
  private final class NamingCall implements Dns.Call {

    private final Dns.Request request;
    private final Dns.Call call;
    private boolean found; // some that may be called; the callbacks come one after another
    private @Nullable InetAddress refused; // one that may not

    NamingCall(Dns.Request request, Dns.Call call) {
      this.request = request;
      this.call = call;
    }

    @Override
    public Dns.Request getRequest() {
      return request;
    }

    @Override
    public void enqueue(Dns.Callback callback) {
      call.enqueue(
          new Dns.Callback() {
            @Override
            public void onRecords(Dns.Call of, boolean last, List<? extends Dns.Record> records) {
              List<Dns.Record> named;
              try {
                named = named(records);
              } catch (UnknownHostException e) {
                throw new IllegalStateException(e); // they are addresses
              }
              note(records, named);
              InetAddress other = refused;
              if (last && !found && other != null) {
                callback.onFailure(NamingCall.this, CallingServerDns.this.refused(other));
              } else {
                callback.onRecords(NamingCall.this, last, named);
              }
            }

            @Override
            public void onFailure(Dns.Call of, IOException failure) {
              callback.onFailure(NamingCall.this, failure);
            }
          });
    }

    private void note(List<? extends Dns.Record> records, List<Dns.Record> permitted) {
      found |= !permitted.isEmpty();
      for (Dns.Record each : records) {
        if (each instanceof Dns.Record.IpAddress address && !permits(address.address())) {
          refused = address.address();
        }
      }
    }

    @Override
    public void cancel() {
      call.cancel();
    }

    @Override
    public boolean isCanceled() {
      return call.isCanceled();
    }
  }
}
