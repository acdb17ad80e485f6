import org.jspecify.annotations.NullMarked;

/**
 * Server lists from DNS: A, AAAA and SRV records, asked again when their TTL is over.
 *
 * <p>Start with {@link io.evenload.dns.DnsLookup}.
 */
@NullMarked
module io.evenload.dns {
  requires transitive io.evenload.core;
  requires transitive org.dnsjava;
  requires static com.google.errorprone.annotations;
  requires static org.jspecify;
  requires org.slf4j;

  exports io.evenload.dns;

  provides io.evenload.discovery.ServerListProvider with
      io.evenload.dns.AddressProvider,
      io.evenload.dns.SrvProvider;
}
