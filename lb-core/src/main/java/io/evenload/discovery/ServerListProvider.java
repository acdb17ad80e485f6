package io.evenload.discovery;

import io.evenload.ServerList;
import java.util.ServiceLoader;

/**
 * Makes server lists of texts such as {@code srv:_orders._tcp.prod.internal}, for programs whose
 * sources of servers are configured.
 *
 * <p>{@code lb-config} finds the providers by {@link ServiceLoader}, so that a module which knows a
 * source of servers depends on neither it nor on anything else but {@code lb-core}: it names its
 * provider in {@code META-INF/services} and, if it is a Java module, by {@code provides}. A
 * provider has a public constructor without parameters, and is thread-safe.
 */
public interface ServerListProvider {

  /** The word before the first colon, which names the kind of source; of {@code a-z 0-9 -}. */
  String scheme();

  /**
   * How such a text is written, for the messages of configuration errors: {@code srv:<name>, such
   * as srv:_orders._tcp.prod.internal}.
   */
  String form();

  /**
   * Returns the list that a text names. It asks nobody yet and starts no thread, since a
   * configuration may be read and never used: that is up to {@link ServerList#subscribe}.
   *
   * @param location what follows the scheme and its colon
   * @throws IllegalArgumentException if the text is not of the form
   */
  ServerList list(String location);
}
