/** Server lists from DNS. Start with {@link io.evenload.dns.DnsLookup}. */
@NullMarked
package io.evenload.dns;

import org.jspecify.annotations.NullMarked;
